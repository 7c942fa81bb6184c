"""Who asks, and what they presented."""

from collections.abc import Mapping
from functools import cached_property
from typing import Final, Literal

import msgspec

SERVICE_ACCOUNTS: Final = "narrows"
"""The issuer name of service accounts; a configured issuer can't take it."""


class Principal(msgspec.Struct, frozen=True, dict=True):
    """A verified identity. `issuer` is the configured issuer's name; groups and attributes are as it wrote them."""

    issuer: str
    subject: str
    kind: Literal["user", "service_account"] = "user"
    groups: frozenset[str] = frozenset()
    attributes: Mapping[str, tuple[str, ...]] = {}
    owner: str | None = None

    @cached_property
    def key(self) -> str:
        """`issuer:subject`: unique over every issuer, the name used in records."""
        return f"{self.issuer}:{self.subject}"


class Scope(msgspec.Struct, frozen=True):
    """What a credential is good for at most, as globs; policies must permit it, too. None of `models`: nothing that
    names a model."""

    connections: tuple[str, ...]
    models: tuple[str, ...]
    operations: tuple[str, ...]


class Credential(msgspec.Struct, frozen=True):
    """What was presented, without the secret. `id` names it in records; `expires` is in Unix seconds. `gate`: nothing
    was, the gate itself makes the call; `id` says which part of it. `grant`, `exchange` and `login` are tokens that
    Narrows issued.

    `issued` is in Unix microseconds; 0: it does not say. `login` is the sign-in that it belongs to, the `sid` of its
    issuer. `grant` is the grant it was issued for. `network`: it holds from the first network it is used from;
    `certificate`: it holds together with the client certificate that has this SHA-256, in hex.
    """

    kind: Literal["oidc", "opaque", "service_account", "grant", "exchange", "login", "gate"]
    id: str
    expires: float
    issued: int = 0
    login: str | None = None
    grant: str | None = None
    network: bool = False
    certificate: str | None = None


class Identity(msgspec.Struct, frozen=True):
    """The outcome of authentication. `scope` None: whatever policies permit."""

    principal: Principal
    credential: Credential
    scope: Scope | None = None
