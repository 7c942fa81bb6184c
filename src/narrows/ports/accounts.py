"""Service accounts as they are kept: made, listed and revoked on one side, watched by the gate on the other.

The two sides are two protocols because the gate never writes them.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class ServiceAccount(msgspec.Struct, frozen=True):
    """One key of a service account. Times are Unix microseconds; `digest` is the SHA-256 of the whole key.

    Keys of one account share its `name`, which is what policies match and records show; `id` names the key.
    """

    id: str
    name: str
    owner: str
    created: int
    expires: int
    digest: bytes
    purpose: str | None = None
    revoked: int | None = None


class AccountsUnavailable(Exception):
    """The accounts can't be read or written; the message says why and what to do."""


class AccountRefused(Exception):
    """An account can't be made or revoked as asked; the message says why."""


class ServiceAccounts(Protocol):
    """The writing side, for the command line and the console. Every method raises AccountsUnavailable."""

    def create(self, account: ServiceAccount) -> None:
        """Keeps a new key. Raises AccountRefused when another owner already holds the name."""

    def rotate(self, account: ServiceAccount, until: int) -> Sequence[ServiceAccount]:
        """Keeps a new key, and has the account's others that are in force end at `until` at the latest, both or
        nothing; gives those others as they are now. Raises AccountRefused when none is in force, or another owner holds
        the name."""

    def list(self) -> Sequence[ServiceAccount]:
        """Every key, revoked and expired ones too, oldest first."""

    def revoke(self, reference: str) -> Sequence[ServiceAccount]:
        """Ends the key of that id, or every key of that name; gives, as revoked, those that were in force until now.

        Raises AccountRefused when no key has that id or name.
        """


class AccountWatch(Protocol):
    """The gate's side: read-only. Every method raises AccountsUnavailable."""

    def changed(self) -> bool:
        """Whether anything was written since the last snapshot; cheap enough to ask several times a second."""

    def snapshot(self) -> Mapping[str, ServiceAccount]:
        """Every key by its id."""
