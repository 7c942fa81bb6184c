"""control.db as a file: how it is opened, its schema, and how a gate follows what others write to it. What its tables
mean is said where they are read and written: control.py (service accounts), decisions.py (answers to approvals),
audit.py (who did what).

The command line and the console write; the gate opens the file read-only and polls `PRAGMA data_version`, which
changes exactly when another connection has committed. Writes are single short transactions, so a reader never waits.
The schema has a version and only ever moves forward; a file from a newer Narrows is refused.

Whoever uses it says as which exception its failures are raised: each port has its own.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from narrows.ports.clock import Clock
from narrows.stores.sqlite.directory import ensure_private

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
    (
        # Numbers are never used twice, so whoever has seen one has seen all below it.
        """CREATE TABLE decision (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            ticket TEXT NOT NULL,
            said TEXT NOT NULL CHECK (json_valid(said))
        ) STRICT""",
        "CREATE INDEX decision_ticket ON decision (ticket)",
        """CREATE TRIGGER decision_keeps BEFORE UPDATE ON decision
            BEGIN SELECT RAISE(ABORT, 'decisions are not changed'); END""",
        """CREATE TRIGGER decision_stays BEFORE DELETE ON decision
            BEGIN SELECT RAISE(ABORT, 'decisions are not removed'); END""",
        # Replacing a row removes the old one without asking the trigger above.
        """CREATE TRIGGER decision_grows BEFORE INSERT ON decision
            WHEN EXISTS (SELECT 1 FROM decision WHERE seq = NEW.seq)
            BEGIN SELECT RAISE(ABORT, 'decisions are not changed'); END""",
    ),
    (
        """CREATE TABLE audit (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            who TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            outcome TEXT NOT NULL,
            act TEXT NOT NULL CHECK (json_valid(act))
        ) STRICT""",
        "CREATE INDEX audit_who ON audit (who, seq)",
        "CREATE INDEX audit_target ON audit (target, seq)",
        """CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the trail is not changed'); END""",
        """CREATE TRIGGER audit_stays BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, 'nothing is removed from the trail'); END""",
        # Replacing a row removes the old one without asking the trigger above.
        """CREATE TRIGGER audit_grows BEFORE INSERT ON audit
            WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
            BEGIN SELECT RAISE(ABORT, 'the trail is not changed'); END""",
    ),
    (
        # Revocations and what lifts them, in the order in which they were made; see revocations.py.
        """CREATE TABLE revocation (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            said TEXT NOT NULL CHECK (json_valid(said))
        ) STRICT""",
        "CREATE INDEX revocation_id ON revocation (id)",
        "CREATE INDEX revocation_subject ON revocation (kind, subject)",
        """CREATE TRIGGER revocation_keeps BEFORE UPDATE ON revocation
            BEGIN SELECT RAISE(ABORT, 'revocations are not changed'); END""",
        """CREATE TRIGGER revocation_stays BEFORE DELETE ON revocation
            BEGIN SELECT RAISE(ABORT, 'revocations are not removed'); END""",
        """CREATE TRIGGER revocation_grows BEFORE INSERT ON revocation
            WHEN EXISTS (SELECT 1 FROM revocation WHERE seq = NEW.seq)
            BEGIN SELECT RAISE(ABORT, 'revocations are not changed'); END""",
    ),
    (
        # Requests for access and what was said of them (see grants.py), and the tokens that were issued (tokens.py).
        """CREATE TABLE access (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL,
            requester TEXT NOT NULL,
            kind TEXT NOT NULL,
            said TEXT NOT NULL CHECK (json_valid(said))
        ) STRICT""",
        "CREATE INDEX access_id ON access (id)",
        "CREATE INDEX access_requester ON access (requester, seq)",
        """CREATE TRIGGER access_keeps BEFORE UPDATE ON access
            BEGIN SELECT RAISE(ABORT, 'what was said of access is not changed'); END""",
        """CREATE TRIGGER access_stays BEFORE DELETE ON access
            BEGIN SELECT RAISE(ABORT, 'what was said of access is not removed'); END""",
        """CREATE TRIGGER access_grows BEFORE INSERT ON access
            WHEN EXISTS (SELECT 1 FROM access WHERE seq = NEW.seq)
            BEGIN SELECT RAISE(ABORT, 'what was said of access is not changed'); END""",
        """CREATE TABLE token (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            principal TEXT NOT NULL,
            source TEXT NOT NULL,
            expires INTEGER NOT NULL,
            said TEXT NOT NULL CHECK (json_valid(said))
        ) STRICT""",
        "CREATE INDEX token_principal ON token (principal)",
        "CREATE INDEX token_source ON token (source)",
        "CREATE INDEX token_expires ON token (expires)",
    ),
    (
        # People and groups as providers sent them (SCIM), and messages of providers that were heard; see people.py.
        """CREATE TABLE person (
            id TEXT PRIMARY KEY,
            issuer TEXT NOT NULL,
            subject TEXT NOT NULL,
            user_name TEXT NOT NULL,
            active INTEGER NOT NULL CHECK (active IN (0, 1)),
            changed INTEGER NOT NULL,
            said TEXT NOT NULL CHECK (json_valid(said)),
            UNIQUE (issuer, subject),
            UNIQUE (issuer, user_name)
        ) STRICT""",
        """CREATE TABLE team (
            id TEXT PRIMARY KEY,
            issuer TEXT NOT NULL,
            name TEXT NOT NULL,
            changed INTEGER NOT NULL,
            said TEXT NOT NULL CHECK (json_valid(said)),
            UNIQUE (issuer, name)
        ) STRICT""",
        """CREATE TABLE member (
            team TEXT NOT NULL REFERENCES team (id),
            person TEXT NOT NULL REFERENCES person (id),
            PRIMARY KEY (team, person)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX member_person ON member (person)",
        """CREATE TABLE heard (
            issuer TEXT NOT NULL,
            message TEXT NOT NULL,
            until INTEGER NOT NULL,
            PRIMARY KEY (issuer, message)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # Of whom the directory says something else than before; no subject: which groups an issuer has. Written by
        # triggers, so that no writer can forget it; a gate reads what it has not seen. See people.py.
        """CREATE TABLE directory_change (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            issuer TEXT NOT NULL,
            subject TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX person_external ON person (issuer, json_extract(said, '$.resource.externalId'))",
        """CREATE TRIGGER person_comes AFTER INSERT ON person
            BEGIN INSERT INTO directory_change (issuer, subject) VALUES (NEW.issuer, NEW.subject); END""",
        """CREATE TRIGGER person_changes AFTER UPDATE ON person BEGIN
            INSERT INTO directory_change (issuer, subject) VALUES (OLD.issuer, OLD.subject);
            INSERT INTO directory_change (issuer, subject)
                SELECT NEW.issuer, NEW.subject WHERE NEW.subject != OLD.subject;
            END""",
        """CREATE TRIGGER person_goes AFTER DELETE ON person
            BEGIN INSERT INTO directory_change (issuer, subject) VALUES (OLD.issuer, OLD.subject); END""",
        """CREATE TRIGGER member_comes AFTER INSERT ON member BEGIN INSERT INTO directory_change (issuer, subject)
            SELECT issuer, subject FROM person WHERE id = NEW.person; END""",
        """CREATE TRIGGER member_goes AFTER DELETE ON member BEGIN INSERT INTO directory_change (issuer, subject)
            SELECT issuer, subject FROM person WHERE id = OLD.person; END""",
        """CREATE TRIGGER team_comes AFTER INSERT ON team
            BEGIN INSERT INTO directory_change (issuer, subject) VALUES (NEW.issuer, ''); END""",
        """CREATE TRIGGER team_changes AFTER UPDATE OF name ON team BEGIN
            INSERT INTO directory_change (issuer, subject) VALUES (NEW.issuer, '');
            INSERT INTO directory_change (issuer, subject)
                SELECT issuer, subject FROM member JOIN person ON person.id = member.person WHERE team = NEW.id;
            END""",
        """CREATE TRIGGER team_goes AFTER DELETE ON team
            BEGIN INSERT INTO directory_change (issuer, subject) VALUES (OLD.issuer, ''); END""",
    ),
    (
        # Changes of what teams manage and what was said of them, in the order in which they were made; see changes.py.
        """CREATE TABLE change (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL,
            scope TEXT NOT NULL,
            target TEXT NOT NULL,
            step TEXT NOT NULL,
            said TEXT NOT NULL CHECK (json_valid(said))
        ) STRICT""",
        "CREATE INDEX change_id ON change (id)",
        """CREATE TRIGGER change_keeps BEFORE UPDATE ON change
            BEGIN SELECT RAISE(ABORT, 'changes are not changed'); END""",
        """CREATE TRIGGER change_stays BEFORE DELETE ON change
            BEGIN SELECT RAISE(ABORT, 'changes are not removed'); END""",
        """CREATE TRIGGER change_grows BEFORE INSERT ON change
            WHEN EXISTS (SELECT 1 FROM change WHERE seq = NEW.seq)
            BEGIN SELECT RAISE(ABORT, 'changes are not changed'); END""",
    ),
)
"""Statements that lead from each version to the next; version n is reached when the first n have run."""

Place = tuple[tuple[int, int] | None, int]
"""The file's device and inode, and SQLite's count of what others have written to it."""


class ControlFile:
    """The writing side; made and migrated when opened."""

    def __init__(self, directory: Path, clock: Clock, error: type[Exception], *, busy: float = BUSY_SECONDS) -> None:
        self.path = directory / FILE_NAME
        self._clock = clock
        self._error = error
        with explained(self.path, error):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            ensure_private(self.path)
            self.path.chmod(0o600)
            self.connection = sqlite3.connect(self.path, timeout=busy, isolation_level=None)
        try:
            with explained(self.path, error):
                self._prepare(busy)
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For statements that only read."""
        with explained(self.path, self._error):
            yield self.connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Holds the file against other writers; all is written at its end, or nothing."""
        with explained(self.path, self._error):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes the file."""
        self.connection.close()

    def _prepare(self, busy: float) -> None:
        _enter_wal(self.connection, busy)
        self.connection.execute("PRAGMA synchronous = FULL")
        with self.transaction() as run:
            run.execute(
                "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL)"
            )
            version = _check_version(run, self.path, self._error)
            for number, statements in enumerate(MIGRATIONS[version:], version + 1):
                for statement in statements:
                    run.execute(statement)
                run.execute("INSERT INTO schema_version VALUES (?, ?)", (number, self._clock.now()))


class ControlReader:
    """The gate's side, read-only. A file that does not exist yet holds nothing; one that is replaced (a restored
    backup) is opened again. Closed while it knows of no file."""

    def __init__(self, directory: Path, error: type[Exception], *, busy: float = BUSY_SECONDS) -> None:
        self.path = directory / FILE_NAME
        self.connection: sqlite3.Connection | None = None
        self._error = error
        self._busy = busy
        self._file: tuple[int, int] | None = None

    def place(self) -> Place:
        """Changes exactly when another process has written, or put another file in its place."""
        with explained(self.path, self._error):
            try:
                found = self.path.stat()
            except FileNotFoundError:
                self.close()
                return None, 0
            file = (found.st_dev, found.st_ino)
            if self.connection is None or file != self._file:
                self.close()
                address = f"{self.path.absolute().as_uri()}?mode=ro"
                self.connection = sqlite3.connect(
                    address, uri=True, timeout=self._busy, isolation_level=None, check_same_thread=False
                )
                self._file = file
            return file, int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def reading(self, version: int) -> Iterator[sqlite3.Connection | None]:
        """The connection, for statements that only read; None where the file has not come to this version yet, and so
        holds nothing of what came with it."""
        with explained(self.path, self._error):
            connection = self.connection
            known = 0 if connection is None else _check_version(connection, self.path, self._error)
            yield connection if known >= version else None

    def close(self) -> None:
        """Closes the file."""
        if self.connection is not None:
            self.connection.close()
        self.connection = self._file = None


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


def _version(connection: sqlite3.Connection) -> int:
    """The schema's version; 0 where the file holds no schema yet."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchone()
    return int(connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0) if known else 0


def _check_version(connection: sqlite3.Connection, path: Path, error: type[Exception]) -> int:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise error(
            f"{path} has schema version {version}, and this Narrows knows versions up to {len(MIGRATIONS)}: "
            "it was written by a newer Narrows; upgrade this one"
        )
    return version


@contextmanager
def explained(path: Path, kind: type[Exception]) -> Iterator[None]:
    """Turns what the file system and SQLite raise into one error that says which file and why."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise kind(f"{path}: {error}") from error
