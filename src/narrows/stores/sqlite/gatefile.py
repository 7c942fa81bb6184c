"""gate.db: what a gate has seen. The gate alone writes it, in a thread; a power cut may undo its last commits.

stopped  what was done about a revocation, as JSON; a row for each gate.
used     when a credential was used last, by whom and from where.
network  from which network a token was used first.
revision what policies said, by the SHA-256 of it: a text that is there is never written again, and never changed.
in_force which revision came into force when.
meta     the format's version.
"""

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, assert_never

import msgspec

from narrows.model.revision import InForce
from narrows.model.revocation import Stopped
from narrows.ports.sightings import SightingsUnavailable, Use
from narrows.stores.sqlite.directory import ensure_private
from narrows.stores.sqlite.ledgerfile import connect

FILE_NAME: Final = "gate.db"
VERSION: Final = 2

_TABLES: Final = """
CREATE TABLE stopped (revocation TEXT NOT NULL, gate TEXT NOT NULL, at INTEGER NOT NULL, said TEXT NOT NULL,
                      PRIMARY KEY (revocation, gate)) STRICT, WITHOUT ROWID;
CREATE TABLE used (credential TEXT PRIMARY KEY, principal TEXT NOT NULL, at INTEGER NOT NULL, address TEXT NOT NULL)
                   STRICT, WITHOUT ROWID;
CREATE TABLE network (token TEXT PRIMARY KEY, network TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
"""
_REVISIONS: Final = """
CREATE TABLE revision (digest TEXT PRIMARY KEY, document BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE in_force (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, revision TEXT NOT NULL,
                       digest TEXT NOT NULL REFERENCES revision (digest)) STRICT;
CREATE TRIGGER revision_keeps BEFORE UPDATE ON revision BEGIN SELECT RAISE(ABORT, 'the past is not changed'); END;
CREATE TRIGGER revision_stays BEFORE DELETE ON revision BEGIN SELECT RAISE(ABORT, 'the past is not removed'); END;
CREATE TRIGGER in_force_keeps BEFORE UPDATE ON in_force BEGIN SELECT RAISE(ABORT, 'the past is not changed'); END;
CREATE TRIGGER in_force_stays BEFORE DELETE ON in_force BEGIN SELECT RAISE(ABORT, 'the past is not removed'); END
"""
"""What came with the second version."""

_SOME: Final = 500
"""Names in one question."""

_encode: Final = msgspec.json.Encoder().encode
_stopped: Final = msgspec.json.Decoder(Stopped).decode


class Bound(msgspec.Struct, frozen=True):
    """A token's first network."""

    token: str
    network: str
    at: int


Seen = Stopped | Use | Bound | InForce


class GateFile:
    """The writing side. Raises sqlite3.Error."""

    def __init__(self, directory: Path) -> None:
        """Makes the file where there is none. Raises SightingsUnavailable."""
        self.path = directory / FILE_NAME
        try:
            ensure_private(self.path)
            self.path.chmod(0o600)
            self._connection = connect(self.path)
        except (OSError, sqlite3.Error) as error:
            raise SightingsUnavailable(f"{self.path}: {error}") from None
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise SightingsUnavailable(f"{self.path}: {error}") from None
        except BaseException:
            self._connection.close()
            raise

    def write(self, seen: Sequence[Seen]) -> None:
        """Keeps all of it in one transaction, or none."""
        run = self._connection
        run.execute("BEGIN IMMEDIATE")
        try:
            for each in seen:
                _keep(run, each)
            run.execute("COMMIT")
        except BaseException:
            if run.in_transaction:
                run.execute("ROLLBACK")
            raise

    def networks(self) -> Mapping[str, str]:
        """The first network of each token."""
        return dict(self._connection.execute("SELECT token, network FROM network").fetchall())

    def forget(self, before: int) -> None:
        """Drops what was seen before then, of credentials that can't be in force any more."""
        for table in ("used", "network"):
            self._connection.execute(f"DELETE FROM {table} WHERE at < ?", (before,))  # noqa: S608 - constants

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _prepare(self) -> None:
        run = self._connection
        run.execute("PRAGMA journal_mode = WAL")
        run.execute("PRAGMA synchronous = NORMAL")
        run.execute("BEGIN IMMEDIATE")
        try:
            if run.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None:
                for statement in _TABLES.split(";")[:-1]:
                    run.execute(statement)
                run.execute("INSERT INTO meta VALUES ('version', 1)")
            if _check_version(run, self.path) < VERSION:
                _add_revisions(run)
            run.execute("COMMIT")
        except BaseException:
            if run.in_transaction:
                run.execute("ROLLBACK")
            raise


class GateView:
    """The reading side. Implements `narrows.ports.sightings.Sighted` and `narrows.ports.revisions.PastRevisions`.
    A file that does not exist yet holds nothing; it is opened for each question and left."""

    def __init__(self, directory: Path, *, wait: float = 1.0) -> None:
        self.path = directory / FILE_NAME
        self._wait = wait

    def stopped(self, revocations: Collection[str]) -> Sequence[Stopped]:
        """What gates have done about these revocations."""
        rows = self._of("SELECT said FROM stopped WHERE revocation IN ({}) ORDER BY at, gate", list(revocations))
        try:
            return [_stopped(said) for (said,) in rows]
        except msgspec.MsgspecError as error:
            raise SightingsUnavailable(f"{self.path}: {error}") from error

    def uses(self, credentials: Collection[str] | None = None) -> Mapping[str, Use]:
        """The last use of each credential."""
        select = "SELECT credential, principal, at, address FROM used"
        if credentials is None:
            rows = self._rows(select, [])
        else:
            rows = self._of(select + " WHERE credential IN ({})", list(credentials))
        return {row[0]: Use(*row) for row in rows}

    def in_force(self, at: int) -> InForce | None:
        """What was in force at that time."""
        rows = self._rows(
            """SELECT at, revision, in_force.digest, document FROM in_force JOIN revision USING (digest)
            WHERE at <= ? ORDER BY seq DESC LIMIT 1""",
            [at],
            since=2,
        )
        return InForce(*rows[0]) if rows else None

    def first_in_force(self) -> int | None:
        """From when on it is known what was in force."""
        (row,) = self._rows("SELECT min(at) FROM in_force", [], since=2) or [(None,)]
        return None if row[0] is None else int(row[0])

    def _of(self, select: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
        found = []
        for begin in range(0, len(names), _SOME):
            some = names[begin : begin + _SOME]
            found += self._rows(select.format(", ".join("?" * len(some))), some)
        return found

    def _rows(self, select: str, values: Sequence[str | int], *, since: int = 1) -> list[tuple[Any, ...]]:
        if not self.path.exists():
            return []
        try:
            connection = connect(self.path, readonly=True, wait=self._wait)
            try:
                if connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None:
                    return []  # a gate makes it just now
                if _check_version(connection, self.path) < since:
                    return []  # it holds nothing of what came with that version
                return connection.execute(select, values).fetchall()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise SightingsUnavailable(f"{self.path}: {error}") from error


def _keep(run: sqlite3.Connection, seen: Seen) -> None:
    match seen:
        case Stopped(revocation, gate, at):
            run.execute(
                "INSERT INTO stopped VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (revocation, gate, at, _encode(seen).decode()),
            )
        case Use(credential, principal, at, address):
            run.execute(
                "INSERT INTO used VALUES (?, ?, ?, ?) ON CONFLICT (credential) DO UPDATE SET "
                "principal = excluded.principal, at = excluded.at, address = excluded.address WHERE excluded.at > at",
                (credential, principal, at, address),
            )
        case Bound(token, network, at):
            run.execute("INSERT INTO network VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (token, network, at))
        case InForce(at, revision, digest, document):
            last = run.execute("SELECT digest FROM in_force ORDER BY seq DESC LIMIT 1").fetchone()
            if last is None or last[0] != digest:
                run.execute("INSERT INTO revision VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, document))
                run.execute("INSERT INTO in_force (at, revision, digest) VALUES (?, ?, ?)", (at, revision, digest))
        case _:
            assert_never(seen)


def _add_revisions(run: sqlite3.Connection) -> None:
    for statement in re.split(r";(?=\s*CREATE)", _REVISIONS):
        run.execute(statement)
    run.execute("UPDATE meta SET value = ? WHERE name = 'version'", (VERSION,))


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    row = connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    if row is None or row[0] not in range(1, VERSION + 1):
        found = "none" if row is None else row[0]
        raise SightingsUnavailable(
            f"{path} has format {found}, and this Narrows knows format {VERSION}: it was written by another Narrows; "
            "use that one, or move the file away to begin anew"
        )
    return int(row[0])
