"""control.db: what people decide and the gate only reads. So far: service accounts.

The command line and the console write; the gate opens the file read-only and polls `PRAGMA data_version`, which
changes exactly when another connection has committed. Writes are single short transactions, so a reader never waits.
The schema has a version and only ever moves forward; a file from a newer Narrows is refused.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from narrows.ports.accounts import AccountRefused, AccountsUnavailable, ServiceAccount
from narrows.ports.clock import Clock

FILE_NAME: Final = "control.db"
BUSY_SECONDS: Final = 5.0
_WAL_PAUSE: Final = 0.01

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE service_account (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            owner TEXT NOT NULL,
            purpose TEXT,
            created INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            revoked INTEGER,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32)
        ) STRICT""",
        "CREATE INDEX service_account_name ON service_account (name)",
    ),
)
"""Statements that lead from each version to the next; version n is reached when the first n have run."""

_COLUMNS: Final = "id, name, owner, created, expires, digest, purpose, revoked"


class ControlDb:
    """The writing side. Implements `narrows.ports.accounts.ServiceAccounts`; made and migrated when opened."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._path = directory / FILE_NAME
        self._clock = clock
        with _explained(self._path):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made here, not by SQLite, so that no moment exists in which others could open it; -wal and -shm follow.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._path.chmod(0o600)
            self._connection = sqlite3.connect(self._path, timeout=busy, isolation_level=None)
        try:
            with _explained(self._path):
                self._prepare(busy)
        except BaseException:
            self._connection.close()
            raise

    def create(self, account: ServiceAccount) -> None:
        """Keeps a new key."""
        with self._transaction() as run:
            others = run.execute(
                "SELECT owner FROM service_account WHERE name = ? AND owner != ? AND revoked IS NULL AND expires > ?",
                (account.name, account.owner, self._clock.now()),
            ).fetchone()
            if others is not None:
                raise AccountRefused(f"the service account {account.name!r} belongs to {others[0]!r}")
            values = tuple(getattr(account, column) for column in _COLUMNS.split(", "))
            run.execute(f"INSERT INTO service_account ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608 - a constant

    def list(self) -> Sequence[ServiceAccount]:
        """Every key, oldest first."""
        with _explained(self._path):
            return _accounts(self._connection)

    def revoke(self, reference: str) -> Sequence[ServiceAccount]:
        """Ends a key by its id, or all keys of an account by its name."""
        now = self._clock.now()
        with self._transaction() as run:
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
        self._connection.close()

    def _prepare(self, busy: float) -> None:
        _enter_wal(self._connection, busy)
        self._connection.execute("PRAGMA synchronous = FULL")
        with self._transaction() as run:
            run.execute(
                "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL)"
            )
            version = _check_version(run, self._path)
            for number, statements in enumerate(MIGRATIONS[version:], version + 1):
                for statement in statements:
                    run.execute(statement)
                run.execute("INSERT INTO schema_version VALUES (?, ?)", (number, self._clock.now()))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _explained(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


class ControlWatch:
    """The gate's side, read-only. Implements `narrows.ports.accounts.AccountWatch`.

    A file that does not exist yet has no accounts; one that is replaced (a restored backup) is opened again.
    """

    def __init__(self, directory: Path, *, busy: float = BUSY_SECONDS) -> None:
        self._path = directory / FILE_NAME
        self._busy = busy
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._seen: tuple[tuple[int, int] | None, int] | None = None

    def changed(self) -> bool:
        """Whether another process has written since the last snapshot."""
        with _explained(self._path):
            return self._state() != self._seen

    def snapshot(self) -> Mapping[str, ServiceAccount]:
        """Every key by its id."""
        with _explained(self._path):
            # Noted before reading: what is written in between shows as a change again.
            state = self._state()
            found = {account.id: account for account in self._read()}
            self._seen = state
            return found

    def close(self) -> None:
        """Closes the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._file = None

    def _read(self) -> Sequence[ServiceAccount]:
        if self._connection is None or _version(self._connection) == 0:
            return ()
        _check_version(self._connection, self._path)
        return _accounts(self._connection)

    def _state(self) -> tuple[tuple[int, int] | None, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self.close()
            return None, 0
        file = (found.st_dev, found.st_ino)
        if self._connection is None or file != self._file:
            self.close()
            address = f"{self._path.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(
                address, uri=True, timeout=self._busy, isolation_level=None, check_same_thread=False
            )
            self._file = file
        return file, int(self._connection.execute("PRAGMA data_version").fetchone()[0])


def _enter_wal(connection: sqlite3.Connection, busy: float) -> None:
    """Switches a new file to WAL. SQLite's own busy timeout does not cover this step, so it is tried again here."""
    for remaining in range(round(busy / _WAL_PAUSE), -1, -1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not remaining:
                raise
            time.sleep(_WAL_PAUSE)
        else:
            return


def _accounts(connection: sqlite3.Connection) -> Sequence[ServiceAccount]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM service_account ORDER BY created, id").fetchall()  # noqa: S608 - a constant
    return [ServiceAccount(*row) for row in rows]


def _version(connection: sqlite3.Connection) -> int:
    """The schema's version; 0 where the file holds no schema yet."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchone()
    return int(connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0) if known else 0


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise AccountsUnavailable(
            f"{path} has schema version {version}, and this Narrows knows versions up to {len(MIGRATIONS)}: "
            "it was written by a newer Narrows; upgrade this one"
        )
    return version


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns what the file system and SQLite raise into one error that says which file and why."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise AccountsUnavailable(f"{path}: {error}") from error
