"""Revocations as they are kept: made and lifted on one side, followed by the gate on the other.

The two sides are two protocols because the gate never writes them.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from narrows.model.principal import Credential, Principal
from narrows.model.revocation import Lifted, Revocation


class RevocationsUnavailable(Exception):
    """Revocations can't be read or written; the message says why. Whoever can't read them lets nobody in."""


class RevocationRefused(Exception):
    """It can't be revoked or lifted as asked; the message says why."""


class Kept(msgspec.Struct, frozen=True):
    """A revocation, and what lifted it. `seq` is its place in the order in which all of them were made."""

    seq: int
    revocation: Revocation
    lifted: Lifted | None = None


class Revocations(Protocol):
    """The writing side, for the command line and the console. Every method raises RevocationsUnavailable."""

    def add(self, revocations: Sequence[Revocation]) -> None:
        """Keeps them, all or none; when it returns they are durable. Raises RevocationRefused where an id is known."""

    def lift(self, reference: str, by: str, reason: str) -> Sequence[Revocation]:
        """Lifts the revocation of that id, or all of that containment; gives those that stood until now. Raises
        RevocationRefused where nothing has that id."""

    def standing(self) -> Sequence[Revocation]:
        """Those that no one has lifted, oldest first."""

    def all(self) -> Sequence[Kept]:
        """Every one that was ever made, oldest first."""


class RevocationWatch(Protocol):
    """The gate's side: read-only. Every method raises RevocationsUnavailable, also where one of them can't be read: it
    may be the one that matters."""

    def news(self) -> Sequence[Revocation | Lifted] | None:
        """What was made and lifted since it was asked last, in that order; None: all is to be read anew, with
        `standing`. Cheap enough to ask several times a second."""

    def standing(self) -> Sequence[Revocation]:
        """Those that no one has lifted, oldest first. May hold what `news` will tell again."""


class Standing(Protocol):
    """Those that stand, in memory, as calls are judged by them."""

    @property
    def sessions(self) -> Mapping[str, Revocation]:
        """Revoked sessions, by their ids."""

    def found(self, principal: Principal, credential: Credential, session: str | None = None) -> Revocation | None:
        """The revocation that ends this credential, or this session."""
