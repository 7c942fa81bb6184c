"""outbox.db: what people are to be told, until they are. Implements `narrows.ports.outbox.Outbox`.

It says nothing that the tickets and decisions don't say; it is what has been told of them, and what not yet. A power
cut may undo its last commits, all of each: then messages are made again, with the same ids.

told    which events of a ticket have been put, and `closed`, when nothing more is expected of it.
letter  a message to a channel, in the order of `seq`; its body is dropped once it is taken. `state` is 0 while it
        waits, 1 when it was taken, 2 when it was given up.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from narrows.ports.outbox import Dead, Letter, OutboxUnavailable, Post
from narrows.stores.sqlite.directory import ensure_private
from narrows.stores.sqlite.ledgerfile import connect

FILE_NAME: Final = "outbox.db"
VERSION: Final = 1
MOST: Final = 10_000
"""Messages that wait for one channel; beyond them nothing is put, and what is not put is found again."""

WAITS: Final = 0
SENT: Final = 1
DEAD: Final = 2

CLOSED: Final = "closed"

_TABLES: Final = """
CREATE TABLE told (ticket TEXT NOT NULL, event TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (ticket, event))
                  STRICT, WITHOUT ROWID;
CREATE TABLE letter (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL,
                     ticket TEXT NOT NULL, event TEXT NOT NULL, body BLOB, made INTEGER NOT NULL, due INTEGER NOT NULL,
                     tries INTEGER NOT NULL, state INTEGER NOT NULL, ended INTEGER, fault TEXT, reference TEXT) STRICT;
CREATE INDEX letter_waiting ON letter (channel, seq) WHERE state = 0;
CREATE INDEX letter_of ON letter (ticket, channel);
CREATE INDEX letter_ended ON letter (ended) WHERE ended IS NOT NULL;
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
"""
_LETTER: Final = "id, channel, ticket, event, body, made, due, tries"


class OutboxView:
    """The reading side, beside the process that sends. A file that does not exist yet holds nothing. Raises
    OutboxUnavailable."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        with self._explained():
            if self.path.exists():
                self._connection = connect(self.path, readonly=True)
            else:
                self._connection = sqlite3.connect(":memory:")
                self._connection.executescript(_TABLES)

    def standing(self) -> Mapping[str, Post]:
        """How every channel stands."""
        counts = self._rows(
            "SELECT channel, sum(state = 0), sum(state = 2), min(CASE WHEN state = 0 THEN made END) "
            "FROM letter GROUP BY channel ORDER BY channel"
        )
        found = {}
        for channel, waiting, dead, oldest in counts:
            first = self._rows(
                "SELECT tries, fault FROM letter WHERE channel = ? AND state = 0 ORDER BY seq LIMIT 1", channel
            )
            found[channel] = Post(channel, waiting, dead, oldest, *(first[0] if first else (0, None)))
        return found

    def graves(self) -> Sequence[Dead]:
        """What was given up."""
        rows = self._rows(
            "SELECT id, channel, ticket, event, made, ended, tries, fault FROM letter WHERE state = 2 ORDER BY seq"
        )
        return [Dead(*row) for row in rows]

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise OutboxUnavailable(f"{self.path}: {error}") from error


class SqliteOutbox(OutboxView):
    """The file in a data directory, made where there is none. Used by one thread at a time, whichever."""

    def __init__(self, directory: Path, *, most: int = MOST) -> None:
        self.path = directory / FILE_NAME
        self._most = most
        with self._explained():
            ensure_private(self.path)
            self._connection = connect(self.path)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def told(self, ticket: str) -> frozenset[str]:
        """The events of a ticket that were put."""
        return frozenset(event for (event,) in self._rows("SELECT event FROM told WHERE ticket = ?", ticket))

    def open(self) -> Sequence[str]:
        """The tickets that are not closed."""
        rows = self._rows(
            "SELECT DISTINCT ticket FROM told AS one WHERE NOT EXISTS "
            "(SELECT 1 FROM told WHERE ticket = one.ticket AND event = ?)",
            CLOSED,
        )
        return [ticket for (ticket,) in rows]

    def channels(self, ticket: str) -> frozenset[str]:
        """To which channels something of a ticket was put."""
        return frozenset(name for (name,) in self._rows("SELECT DISTINCT channel FROM letter WHERE ticket = ?", ticket))

    def put(self, ticket: str, event: str, at: int, letters: Sequence[Letter]) -> None:
        """Puts the messages of one event."""
        rows = [(each.id, each.channel, ticket, each.event, each.body, each.made, each.due) for each in letters]
        with self._transaction() as run:
            if run.execute("INSERT OR IGNORE INTO told VALUES (?, ?, ?)", (ticket, event, at)).rowcount:
                run.executemany(
                    "INSERT INTO letter (id, channel, ticket, event, body, made, due, tries, state) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT (id) DO NOTHING",
                    rows,
                )

    def close_ticket(self, ticket: str, at: int) -> None:
        """Nothing more is expected of a ticket."""
        self._write("INSERT OR IGNORE INTO told VALUES (?, ?, ?)", ticket, CLOSED, at)

    def next(self, channel: str) -> Letter | None:
        """The oldest message that waits for a channel."""
        rows = self._rows(f"SELECT {_LETTER} FROM letter WHERE channel = ? AND state = 0 ORDER BY seq LIMIT 1", channel)  # noqa: S608 - a constant
        return Letter(*rows[0]) if rows else None

    def sent(self, letter: str, at: int, reference: str | None) -> None:
        """It was taken."""
        self._write(
            "UPDATE letter SET state = 1, ended = ?, reference = ?, body = NULL, fault = NULL, tries = tries + 1 "
            "WHERE id = ?",
            at,
            reference,
            letter,
        )

    def later(self, letter: str, due: int, fault: str) -> None:
        """It was tried, and will be again."""
        self._write("UPDATE letter SET due = ?, fault = ?, tries = tries + 1 WHERE id = ?", due, fault, letter)

    def dead(self, letter: str, at: int, fault: str) -> None:
        """It is given up."""
        self._write(
            "UPDATE letter SET state = 2, ended = ?, fault = ?, body = NULL, tries = tries + 1 WHERE id = ?",
            at,
            fault,
            letter,
        )

    def reference(self, ticket: str, channel: str) -> str | None:
        """By which name a channel knows the first message about a ticket."""
        rows = self._rows(
            "SELECT reference FROM letter WHERE ticket = ? AND channel = ? AND reference IS NOT NULL "
            "ORDER BY seq LIMIT 1",
            ticket,
            channel,
        )
        return rows[0][0] if rows else None

    def room(self, channel: str) -> bool:
        """Whether more may be put for a channel."""
        # Counts no further than it must.
        rows = self._rows(
            "SELECT count(*) FROM (SELECT 1 FROM letter WHERE channel = ? AND state = 0 LIMIT ?)", channel, self._most
        )
        return bool(rows[0][0] < self._most)

    def abandon(self, channels: Collection[str], before: int, at: int) -> int:
        """Gives up what was made before then for channels that are none of these."""
        with self._transaction() as run:
            return run.execute(
                "UPDATE letter SET state = 2, ended = ?, body = NULL, fault = 'there is no such channel any more' "
                "WHERE state = 0 AND made < ? AND channel NOT IN (SELECT value FROM json_each(?))",
                (at, before, json.dumps(list(channels))),
            ).rowcount

    def forget(self, before: int) -> int:
        """Drops what has ended before then, and what was told of tickets of which nothing waits any more."""
        with self._transaction() as run:
            dropped = run.execute("DELETE FROM letter WHERE ended < ?", (before,)).rowcount
            dropped += run.execute(
                "DELETE FROM told WHERE ticket IN (SELECT ticket FROM told WHERE event = ? AND at < ?) "
                "AND ticket NOT IN (SELECT ticket FROM letter)",
                (CLOSED, before),
            ).rowcount
        return dropped

    def _write(self, statement: str, *values: object) -> None:
        with self._explained():
            self._connection.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._explained():
            run = self._connection
            run.execute("BEGIN IMMEDIATE")
            try:
                yield run
                run.execute("COMMIT")
            except BaseException:
                if run.in_transaction:
                    run.execute("ROLLBACK")
                raise

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        with self._transaction() as run:
            if run.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None:
                for statement in _TABLES.split(";")[:-1]:
                    run.execute(statement)
                run.execute("INSERT INTO meta VALUES ('version', ?)", (VERSION,))
            found = run.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
            if found is None or found[0] != VERSION:
                raise OutboxUnavailable(f"{self.path} was written by another Narrows; use that, or move the file away")
