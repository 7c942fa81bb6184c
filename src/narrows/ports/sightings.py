"""What a gate has seen, and others want to know: what it did about revocations, when credentials were used last, and
from which network one was used first that is bound to it.

The two sides are two protocols because others never write it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from narrows.model.revocation import Stopped


class SightingsUnavailable(Exception):
    """What gates have seen can't be read or kept; the message says why."""


class Use(msgspec.Struct, frozen=True):
    """When a credential was used last, to the minute, by whom and from where. `at` is Unix time in microseconds."""

    credential: str
    principal: str
    at: int
    address: str


class Sightings(Protocol):
    """The gate's side. What is told here is written soon, not at once, and nothing of it raises."""

    def acknowledge(self, stopped: Sequence[Stopped]) -> None:
        """What was done about revocations."""

    def used(self, uses: Sequence[Use]) -> None:
        """Credentials were used."""

    def network(self, token: str) -> str | None:
        """The network that a token was used from first."""

    def bind(self, token: str, network: str) -> str:
        """It is used from this one; gives the first it was used from, which is the one that counts."""


class Sighted(Protocol):
    """The side of everybody else, read-only. Every method raises SightingsUnavailable."""

    def stopped(self, revocations: Collection[str]) -> Sequence[Stopped]:
        """What gates have done about these revocations."""

    def uses(self, credentials: Collection[str] | None = None) -> Mapping[str, Use]:
        """The last use of each credential, of these or of all; one that is not in it was not used."""
