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


class Credential(msgspec.Struct, frozen=True):
    """What was presented, without the secret. `id` names it in records; `expires` is in Unix seconds. `gate`: nothing
    was, the gate itself makes the call; `id` says which part of it."""

    kind: Literal["oidc", "opaque", "service_account", "gate"]
    id: str
    expires: float


class Identity(msgspec.Struct, frozen=True):
    """The outcome of authentication."""

    principal: Principal
    credential: Credential
