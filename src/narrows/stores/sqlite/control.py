"""Service accounts, kept in control.db: made, listed and revoked by commands and the console, watched by the gate."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.ports.accounts import AccountRefused, AccountsUnavailable, ServiceAccount
from narrows.ports.clock import Clock
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile, ControlReader, Place

_COLUMNS: Final = "id, name, owner, created, expires, digest, purpose, revoked"
_SINCE: Final = 1
"""The version of the file that brought them."""


class ControlDb:
    """The writing side. Implements `narrows.ports.accounts.ServiceAccounts`."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._clock = clock
        self._file = ControlFile(directory, clock, AccountsUnavailable, busy=busy)

    def create(self, account: ServiceAccount) -> None:
        """Keeps a new key."""
        with self._file.transaction() as run:
            _keep(run, account, self._clock.now())

    def rotate(self, account: ServiceAccount, until: int) -> Sequence[ServiceAccount]:
        """Keeps a new key, and has the account's others end."""
        now = self._clock.now()
        with self._file.transaction() as run:
            others = [one for one in _accounts(run) if one.name == account.name and _in_force(one, now)]
            if not others:
                raise AccountRefused(f"no key of {account.name!r} is in force, so there is none to take the place of")
            _keep(run, account, now)
            ended = [msgspec.structs.replace(one, expires=min(one.expires, until)) for one in others]
            run.executemany(
                "UPDATE service_account SET expires = ? WHERE id = ?", [(one.expires, one.id) for one in ended]
            )
        return ended

    def list(self) -> Sequence[ServiceAccount]:
        """Every key, oldest first."""
        with self._file.reading() as connection:
            return _accounts(connection)

    def revoke(self, reference: str) -> Sequence[ServiceAccount]:
        """Ends a key by its id, or all keys of an account by its name."""
        now = self._clock.now()
        with self._file.transaction() as run:
            known = _accounts(run)
            # An id is looked for first, so that a name which happens to look like one ends nobody else's key.
            named = [account for account in known if account.id == reference] or [
                account for account in known if account.name == reference
            ]
            if not named:
                raise AccountRefused(f"no service account has the id or name {reference!r}")
            live = [account for account in named if account.revoked is None]
            run.executemany(
                "UPDATE service_account SET revoked = ? WHERE id = ?", [(now, account.id) for account in live]
            )
        return [msgspec.structs.replace(account, revoked=now) for account in live if account.expires > now]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class ControlWatch:
    """The gate's side, read-only. Implements `narrows.ports.accounts.AccountWatch`."""

    def __init__(self, directory: Path, *, busy: float = BUSY_SECONDS) -> None:
        self._file = ControlReader(directory, AccountsUnavailable, busy=busy)
        self._seen: Place | None = None

    def changed(self) -> bool:
        """Whether another process has written since the last snapshot."""
        return self._file.place() != self._seen

    def snapshot(self) -> Mapping[str, ServiceAccount]:
        """Every key by its id."""
        # Noted before reading: what is written in between shows as a change again.
        place = self._file.place()
        with self._file.reading(_SINCE) as connection:
            found = {} if connection is None else {account.id: account for account in _accounts(connection)}
        self._seen = place
        return found

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _keep(run: sqlite3.Connection, account: ServiceAccount, now: int) -> None:
    others = run.execute(
        "SELECT owner FROM service_account WHERE name = ? AND owner != ? AND revoked IS NULL AND expires > ?",
        (account.name, account.owner, now),
    ).fetchone()
    if others is not None:
        raise AccountRefused(f"the service account {account.name!r} belongs to {others[0]!r}")
    values = tuple(getattr(account, column) for column in _COLUMNS.split(", "))
    run.execute(f"INSERT INTO service_account ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608 - a constant


def _in_force(account: ServiceAccount, now: int) -> bool:
    return account.revoked is None and account.expires > now


def _accounts(connection: sqlite3.Connection) -> Sequence[ServiceAccount]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM service_account ORDER BY created, id").fetchall()  # noqa: S608 - a constant
    return [ServiceAccount(*row) for row in rows]
