"""ledger.db: the sums of budgets as they are at one place in the log, and what calls hold there. Owned by one thread.

It says nothing that the journals do not say: it is what a start need not read again. Each change moves sums, holds and
place in one transaction, so they are true together whenever the process dies.

sums  what has settled in a bucket of a counter; nobody asks for it after `until`.
held  what a call holds, `unknown` as in replay.Held; `vector` is names and amounts, in MessagePack.
meta  `place`: in the log; `leaf`: the hash of the entry there, by which another log is told from this one.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from narrows.stores.sqlite.directory import ensure_private
from narrows.stores.sqlite.replay import Held
from narrows.stores.sqlite.rows import RowStatement

FILE_NAME: Final = "ledger.db"
VERSION: Final = 1

_TABLES: Final = """
CREATE TABLE sums (counter TEXT NOT NULL, bucket INTEGER NOT NULL, settled INTEGER NOT NULL, until INTEGER NOT NULL,
                   PRIMARY KEY (counter, bucket)) STRICT, WITHOUT ROWID;
CREATE TABLE held (call TEXT PRIMARY KEY, at INTEGER NOT NULL, unknown INTEGER, vector BLOB NOT NULL)
                   STRICT, WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
"""

_ADD: Final = RowStatement(
    "INSERT INTO sums VALUES", "(?, ?, ?, ?)",
    " ON CONFLICT (counter, bucket) DO UPDATE SET settled = min(settled + excluded.settled, 9223372036854775807)",
)  # fmt: skip
_HOLD: Final = RowStatement("INSERT OR REPLACE INTO held VALUES", "(?, ?, ?, ?)")
_ROWS: Final = 64
_MOST: Final = (1 << 63) - 1
"""What SQLite takes for an integer. Whoever has used so much has no room whatever the limit."""
_PART: Final = 2_000
"""Rows that a transaction removes."""

_vector: Final = msgspec.msgpack.Decoder(tuple[tuple[str, ...], tuple[int, ...]]).decode


class LedgerUnreadable(Exception):
    """The file is damaged or of another version: what it says must be read from the journals again."""


class LedgerFile:
    """The writing side. Raises sqlite3.Error."""

    def __init__(self, directory: Path) -> None:
        """Makes the file where there is none. Raises LedgerUnreadable."""
        self.path = directory / FILE_NAME
        ensure_private(self.path)
        self._connection = connect(self.path)
        try:
            self._prepare()
            self.place, self.leaf, self.held = state(self._connection)
        except (sqlite3.DatabaseError, LedgerUnreadable) as error:
            self._connection.close()
            raise LedgerUnreadable(f"{self.path}: {error}") from None
        self._stored = set(self.held)

    def write(
        self,
        place: int,
        leaf: bytes,
        sums: Mapping[tuple[str, int], int],
        ends: Mapping[tuple[str, int], int],
        touched: Iterable[str],
        held: Mapping[str, Held],
    ) -> None:
        """What was told since the last time, in one transaction: amounts by counter and bucket, when these end, and the
        calls of which something was told, with all that are held now."""
        holds, gone = [], []
        for call in touched:
            one = held.get(call)
            if one is not None:
                vector = msgspec.msgpack.encode((one.names, one.amounts))
                holds.append((call, one.at, one.unknown, vector))
            elif call in self._stored:
                gone.append((call,))
        run, settled = self._connection, iter(sums.items())
        run.execute("BEGIN IMMEDIATE")
        try:
            # Not all rows at once: between two statements the event loop can have the interpreter's lock.
            while rows := [(*key, min(amount, _MOST), ends[key]) for key, amount in islice(settled, _ROWS)]:
                _ADD.run(run, rows)
            for start in range(0, len(holds), _ROWS):
                _HOLD.run(run, holds[start : start + _ROWS])
            run.executemany("DELETE FROM held WHERE call = ?", gone)
            run.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [("place", place), ("leaf", leaf)])
            run.execute("COMMIT")
        except BaseException:
            if run.in_transaction:
                run.execute("ROLLBACK")
            raise
        self._stored.update(row[0] for row in holds)
        self._stored.difference_update(row[0] for row in gone)
        self.place, self.leaf = place, leaf

    def drop(self, before: int) -> int:
        """Removes sums that nobody asks for at this time any more; gives how many."""
        total = 0
        while True:
            done = self._connection.execute(
                "DELETE FROM sums WHERE (counter, bucket) IN "
                "(SELECT counter, bucket FROM sums WHERE until <= ? LIMIT ?)",
                (before, _PART),
            ).rowcount
            total += done
            if done < _PART:
                return total

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _prepare(self) -> None:
        run = self._connection
        run.execute("PRAGMA journal_mode = WAL")
        # A power cut may undo the last commits, all of each: then a start reads more of the journals.
        run.execute("PRAGMA synchronous = NORMAL")
        run.execute("BEGIN IMMEDIATE")
        try:
            if run.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None:
                for statement in _TABLES.split(";")[:-1]:
                    run.execute(statement)
                run.executemany("INSERT INTO meta VALUES (?, ?)", [("version", VERSION), ("place", 0), ("leaf", b"")])
            run.execute("COMMIT")
        except BaseException:
            if run.in_transaction:
                run.execute("ROLLBACK")
            raise


def put_aside(directory: Path) -> None:
    """Takes the file out of the way, under another name. Raises OSError."""
    for end in ("-wal", "-shm"):
        (directory / f"{FILE_NAME}{end}").unlink(missing_ok=True)
    (directory / FILE_NAME).replace(directory / f"{FILE_NAME}.aside")


class Sums:
    """The reading side: what has settled, counter by counter."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, readonly=True)

    def of(self, counter: str) -> dict[int, int]:
        """Settled by bucket. Raises sqlite3.Error."""
        return dict(
            self._connection.execute("SELECT bucket, settled FROM sums WHERE counter = ?", (counter,)).fetchall()
        )

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def connect(path: Path, *, readonly: bool = False, wait: float = 1.0) -> sqlite3.Connection:
    """A connection in autocommit mode that may change threads. `wait`: seconds for another's lock."""
    uri = f"file:{quote(str(path.absolute()))}?mode={'ro' if readonly else 'rw'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=wait)
    connection.execute("PRAGMA trusted_schema = OFF")
    if readonly:
        connection.execute("PRAGMA query_only = ON")
    return connection


def state(connection: sqlite3.Connection) -> tuple[int, bytes, dict[str, Held]]:
    """Place, leaf, and what is held there, of one moment. Raises LedgerUnreadable."""
    connection.execute("BEGIN")
    try:
        meta = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        if meta.get("version") != VERSION:
            raise LedgerUnreadable(f"format {meta.get('version')}, this is {VERSION}")
        held = {
            call: Held(at, *_vector(vector), unknown)
            for call, at, unknown, vector in connection.execute("SELECT * FROM held")
        }
        return int(meta["place"]), bytes(meta["leaf"]), held
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise LedgerUnreadable(str(error)) from None
    finally:
        connection.execute("COMMIT")
