"""Claims become an identity, or a refusal that names the claim. Pure: the time comes from the caller.

The same rules hold for the claims of a signed token and for an introspection response. A claim of the wrong type
refuses; it is never coerced into something a policy could match by accident.
"""

import math
from typing import Any, Final, Literal

import msgspec

from narrows.config.schema import Issuer
from narrows.identity.documents import Json
from narrows.identity.jws import invalid
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny

SECOND: Final = 1_000_000
MAX_TEXT: Final = 1024
"""Longest subject, group or attribute value, in characters."""

_LATEST: Final = 253_402_300_799
"""The last second of the year 9999; later dates can't be written as dates."""


class Validity(msgspec.Struct, frozen=True):
    """How long a token holds: `expires` in Unix seconds, `until` the microsecond (leeway included) it is refused."""

    expires: float
    until: int


class ClaimInvalid(Exception):
    """A claim has a type or a value that can't be used; the message names the claim."""


def check_issuer(claims: Json, issuer: Issuer) -> Deny | None:
    """`iss` must be exactly the configured issuer."""
    if claims.get("iss") != issuer.issuer:
        return invalid("the token's issuer is not the configured one")
    return None


def check_audience(claims: Json, issuer: Issuer) -> Deny | None:
    """`aud` must be, or hold, exactly the configured audience."""
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        return invalid("the token's `aud` is missing, or is neither a string nor a list of strings")
    if issuer.audience not in named:
        return invalid(f"the token's audience is not {issuer.audience!r}")
    return None


def check_bearer(claims: Json) -> Deny | None:
    """A token bound to a key (RFC 7800) needs a proof of possession, which is not supported. One that tells of events
    (RFC 8417, a logout token among them) is no access token, even where its audience is the same."""
    if "events" in claims:
        return invalid("the token tells of an event (`events`), and is no access token")
    if claims.get("cnf") is not None:
        return invalid("the token is bound to a key (`cnf`); only bearer tokens are accepted")
    return None


def check_times(claims: Json, issuer: Issuer, now: int) -> Validity | Deny:
    """`exp`, `nbf`, `iat` and `max_token_age` against `now` (microseconds), with the issuer's leeway."""
    try:
        expires, starts, issued = (_date(claims, name) for name in ("exp", "nbf", "iat"))
    except ClaimInvalid as error:
        return invalid(str(error))
    leeway = round(issuer.leeway * SECOND)
    if expires is None:
        return invalid("the token has no `exp`")
    if now >= expires + leeway:
        return Deny(Code.CREDENTIAL_EXPIRED, "the token has expired (`exp`)")
    if starts is not None and now < starts - leeway:
        return invalid("the token is not valid yet (`nbf`)")
    if issued is not None and now < issued - leeway:
        return invalid("the token was issued in the future (`iat`)")
    if issuer.max_token_age is None:
        return Validity(expires / SECOND, expires + leeway)
    if issued is None:
        return invalid("the token has no `iat`, and its issuer has a `max_token_age`")
    oldest = issued + round(issuer.max_token_age * SECOND)
    if now >= oldest + leeway:
        return Deny(Code.CREDENTIAL_EXPIRED, "the token is older than its issuer's `max_token_age`")
    end = min(expires, oldest)
    return Validity(end / SECOND, end + leeway)


def principal(claims: Json, issuer: Issuer) -> Principal | Deny:
    """The identity that the claims describe."""
    try:
        return Principal(
            issuer=issuer.name,
            subject=_subject(claims, issuer.subject_claim),
            groups=_groups(claims, issuer.groups_claim),
            attributes=_attributes(claims, issuer.attributes),
        )
    except ClaimInvalid as error:
        return invalid(str(error))


def elsewhere(claims: Json, issuer: Issuer) -> frozenset[str] | Deny:
    """The configured claims that a token only refers to (OpenID Connect Core 1.0, section 5.6.2), as Entra's do to the
    groups of whoever is in more than 200. They are not absent: nobody may be taken for somebody without groups."""
    names = claims.get("_claim_names")
    if names is not None and not isinstance(names, dict):
        return invalid("the token's `_claim_names` is not an object")
    paths = (issuer.groups_claim, issuer.subject_claim, *issuer.attributes)
    found = {path for path in paths if names and (path in names or path.partition(".")[0] in names)}
    # What Entra says in a token that came through a browser's address.
    if claims.get("hasgroups") not in (None, False, "false") and issuer.groups_claim == "groups":
        found.add(issuer.groups_claim)
    return frozenset(found)


def token_id(claims: Json, digest: bytes) -> str:
    """A name for the credential in records: its `jti`, else the head of its hash."""
    name = claims.get("jti")
    if isinstance(name, str):
        try:
            return _text(name, "jti")
        except ClaimInvalid:
            pass
    return f"sha256:{digest.hex()[:16]}"


def credential(kind: Literal["oidc", "opaque"], claims: Json, digest: bytes, expires: float) -> Credential:
    """What was presented: its name, when it was issued, and the sign-in that it belongs to (`sid`)."""
    return Credential(
        kind,
        token_id(claims, digest),
        expires,
        issued=_date(claims, "iat") or 0,
        login=_login(claims),
    )


def over(kind: Literal["oidc", "opaque"], deny: Deny, claims: Json, digest: bytes, issuer: Issuer) -> Deny:
    """The refusal of authentic claims, with whose they are where all that is wrong with them is their age."""
    who = principal(claims, issuer) if deny.code is Code.CREDENTIAL_EXPIRED else deny
    if isinstance(who, Deny):
        return deny
    return msgspec.structs.replace(deny, whose=Identity(who, credential(kind, claims, digest, 0.0)))


def reach(claims: Json, path: str) -> Any:
    """The claim of that very name, else the member that dots reach (`realm_access.roles`), else None. Names may have
    dots themselves (`kubernetes.io.namespace`): the longest that is there is taken, and no other tried."""
    if path in claims:
        return claims[path]
    names = path.split(".")
    for length in range(len(names) - 1, 0, -1):
        inner = claims.get(".".join(names[:length]))
        if inner is not None:
            return reach(inner, ".".join(names[length:])) if isinstance(inner, dict) else None
    return None


def texts(claims: Json, path: str) -> tuple[str, ...]:
    """What a claim says, each value as a text; what can't be one, and an empty text, is left out. For rules that a
    value must match."""
    value = reach(claims, path)
    found = []
    for item in value if isinstance(value, list) else [value]:
        try:
            found.append(_scalar(item, path))
        except ClaimInvalid:
            continue
    return tuple(text for text in found if text)


def _date(claims: Json, name: str) -> int | None:
    """A NumericDate (RFC 7519, section 2) in microseconds, or None when absent."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClaimInvalid(f"the token's `{name}` is not a number")
    if not 0 <= value <= _LATEST:
        raise ClaimInvalid(f"the token's `{name}` is out of range")
    return round(value * SECOND)


def _login(claims: Json) -> str | None:
    value = claims.get("sid")
    if not isinstance(value, str):
        return None
    try:
        return _text(value, "sid")
    except ClaimInvalid:
        return None


def _text(value: str, name: str) -> str:
    """A text that can be recorded and compared: not empty, no control characters, encodable."""
    if not value or len(value) > MAX_TEXT or not value.isprintable():
        raise ClaimInvalid(f"the token's `{name}` is empty, too long or holds unprintable characters")
    return value


def _subject(claims: Json, path: str) -> str:
    value = reach(claims, path)
    if not isinstance(value, str):
        raise ClaimInvalid(f"the token's `{path}` is missing or not a string")
    return _text(value, path)


def _groups(claims: Json, path: str) -> frozenset[str]:
    value = reach(claims, path)
    if value is None:
        return frozenset()
    if isinstance(value, str):
        if " " in value or "," in value:
            # A name, or several? A list says which.
            raise ClaimInvalid(f"the token's `{path}` is a string with spaces or commas; a list is needed")
        return frozenset((_text(value, path),))
    if not isinstance(value, list) or not all(isinstance(group, str) for group in value):
        raise ClaimInvalid(f"the token's `{path}` is not a list of strings")
    return frozenset(_text(group, path) for group in value)


def _attributes(claims: Json, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The attributes that are there; each value as a text, so that policies compare one type."""
    found = {name: value for name in names if (value := reach(claims, name)) is not None}
    return {
        name: tuple(_scalar(item, name) for item in (value if isinstance(value, list) else [value]))
        for name, value in found.items()
    }


def _scalar(value: Any, name: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value, name) if value else ""
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return str(value)
        case _:
            raise ClaimInvalid(f"the token's `{name}` is not a string, a number, a boolean or a list of these")
