"""What a gate says of itself to its clients: where people sign in (`/.well-known/narrows`)."""

from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from narrows.client.failure import SignInFailed
from narrows.client.web import Web, checked
from narrows.engine.discovery import WELL_KNOWN

_REDIRECT: Final = "http://127.0.0.1/callback"


class Issuer(msgspec.Struct, frozen=True):
    """One issuer at which people sign in, with what the client needs there; see `wiring.discovery`."""

    name: str
    issuer: str
    client_id: str
    audience: str
    scopes: tuple[str, ...]
    tokens: Literal["access", "id"] = "access"
    opaque: bool = False
    resource: str | None = None
    parameters: dict[str, str] = msgspec.field(default_factory=dict)
    client_secret: str | None = None
    redirect_uri: str = _REDIRECT


class GateDocument(msgspec.Struct, frozen=True):
    """The whole document."""

    issuers: tuple[Issuer, ...] = ()
    console: str | None = None


def gate_url(given: str) -> str:
    """The gate's address as it is kept: scheme and host in lower case, no slash at its end. Raises SignInFailed."""
    parts = urlsplit(checked(given.strip()))
    if parts.query or parts.fragment:
        raise SignInFailed(f"{given!r} is no address of a gate: it has a query or a fragment")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def read_gate(web: Web, url: str) -> GateDocument:
    """What the gate at `url` says. Raises SignInFailed."""
    found = web.get(url + WELL_KNOWN)
    try:
        return msgspec.convert(found, GateDocument)
    except msgspec.ValidationError as error:
        raise SignInFailed(f"{url} does not say where to sign in as Narrows does: {error}") from None


def choose_issuer(document: GateDocument, url: str, name: str | None) -> Issuer:
    """The issuer of that name, or the only one. Raises SignInFailed."""
    names = ", ".join(issuer.name for issuer in document.issuers)
    if not document.issuers:
        raise SignInFailed(f"the gate at {url} names no issuer to sign in at (`login` under `identity.issuers`)")
    if name is None and len(document.issuers) > 1:
        raise SignInFailed(f"the gate at {url} has several issuers; choose one with --issuer: {names}")
    for issuer in document.issuers:
        if name in (None, issuer.name):
            return issuer
    raise SignInFailed(f"the gate at {url} has no issuer {name!r}; it has: {names}")
