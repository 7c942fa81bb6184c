"""approvals.db: tickets, what has become of them, and which calls used them. The gate alone writes it, in a thread.

ticket  a row a question; `asked` is the ticket, as JSON. `ended` is what has become of it for good, once it has.
shown   the body that people are shown, sealed under a key of its own that the master key wraps. It goes with the key
        when the question is at its end, even if one is given back then: the journal has it.
used    which calls took one of those that were approved.
meta    the format's version.

What people say of tickets is not here but in control.db, which others write.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final, assert_never

import msgspec

from narrows.evidence.sealing import Compressor, MasterKey
from narrows.model.approval import Ticket, TicketState
from narrows.stores.sqlite.directory import DataDirectoryError, ensure_private
from narrows.stores.sqlite.ledgerfile import connect

FILE_NAME: Final = "approvals.db"
VERSION: Final = 1

_TABLES: Final = """
CREATE TABLE ticket (id TEXT PRIMARY KEY, digest TEXT NOT NULL, requester TEXT NOT NULL, at INTEGER NOT NULL,
                     asked TEXT NOT NULL, ended TEXT, ended_at INTEGER, reason TEXT) STRICT;
CREATE INDEX ticket_asked ON ticket (digest, requester, at);
CREATE INDEX ticket_at ON ticket (at);
CREATE INDEX ticket_open ON ticket (at) WHERE ended IS NULL;
CREATE TABLE shown (ticket TEXT PRIMARY KEY, name BLOB NOT NULL, wrapped BLOB NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE TABLE used (ticket TEXT NOT NULL, call TEXT NOT NULL, PRIMARY KEY (ticket, call)) STRICT, WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
"""

_SELECT: Final = (
    "SELECT asked, ended, ended_at, reason, (SELECT count(*) FROM used WHERE used.ticket = ticket.id) FROM ticket "
)
_ticket: Final = msgspec.json.Decoder(Ticket).decode
_encode: Final = msgspec.json.Encoder().encode


class Kept(msgspec.Struct, frozen=True):
    """A ticket as the file has it. `ended`: what has become of it for good, when, and if it is void, why; None while
    it stands."""

    ticket: Ticket
    ended: TicketState | None
    ended_at: int | None
    reason: str | None
    used: int


class Add(msgspec.Struct, frozen=True):
    """A new question, and the body that people are shown."""

    ticket: Ticket
    body: bytes


class Use(msgspec.Struct, frozen=True):
    """A call goes on by this ticket."""

    ticket: str
    call: str


class GiveBack(msgspec.Struct, frozen=True):
    """It has not gone on."""

    ticket: str
    call: str


class End(msgspec.Struct, frozen=True):
    """What has become of a ticket for good. One that has ended already is left as it is."""

    ticket: str
    state: TicketState
    at: int
    reason: str | None = None


class Reopen(msgspec.Struct, frozen=True):
    """Not all of it is consumed after all."""

    ticket: str


class Drop(msgspec.Struct, frozen=True):
    """Nobody needs these any more. One that has not ended is kept."""

    tickets: tuple[str, ...]


Change = Add | Use | GiveBack | End | Reopen | Drop


class TicketFile:
    """The writing side. Raises sqlite3.Error."""

    def __init__(self, directory: Path, master: MasterKey) -> None:
        """Makes the file where there is none. Raises DataDirectoryError."""
        self.path = directory / FILE_NAME
        self._master = master
        self._compressor = Compressor()
        try:
            ensure_private(self.path)
            self.path.chmod(0o600)
            self._connection = connect(self.path)
        except (OSError, sqlite3.Error) as error:
            raise DataDirectoryError(f"{self.path}: the tickets of approvals can't be kept: {error}") from None
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise DataDirectoryError(f"{self.path}: the tickets of approvals can't be read: {error}") from None
        except BaseException:
            self._connection.close()
            raise

    def write(self, changes: Iterable[Change]) -> None:
        """Makes all of them durable in one transaction, or none."""
        run = self._connection
        run.execute("BEGIN IMMEDIATE")
        try:
            for change in changes:
                self._apply(run, change)
            run.execute("COMMIT")
        except BaseException:
            if run.in_transaction:
                run.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _apply(self, run: sqlite3.Connection, change: Change) -> None:
        match change:
            case Add(ticket, body):
                row = (ticket.id, ticket.digest, ticket.requester, ticket.at, _encode(ticket).decode())
                run.execute("INSERT INTO ticket (id, digest, requester, at, asked) VALUES (?, ?, ?, ?, ?)", row)
                key, wrapped = self._master.new_key(ticket.requester, ticket.connection)
                sealed = key.seal(body, ticket.id.encode(), self._compressor)
                run.execute("INSERT INTO shown VALUES (?, ?, ?, ?)", (ticket.id, key.name, wrapped, sealed))
            case Use(ticket_id, call):
                run.execute("INSERT INTO used VALUES (?, ?)", (ticket_id, call))
            case GiveBack(ticket_id, call):
                run.execute("DELETE FROM used WHERE ticket = ? AND call = ?", (ticket_id, call))
            case End(ticket_id, state, at, reason):
                run.execute(
                    "UPDATE ticket SET ended = ?, ended_at = ?, reason = ? WHERE id = ? AND ended IS NULL",
                    (state.value, at, reason, ticket_id),
                )
                run.execute("DELETE FROM shown WHERE ticket = ?", (ticket_id,))
            case Reopen(ticket_id):
                run.execute(
                    "UPDATE ticket SET ended = NULL, ended_at = NULL WHERE id = ? AND ended = ?",
                    (ticket_id, TicketState.CONSUMED.value),
                )
            case Drop(tickets):
                for ticket_id in tickets:
                    if run.execute("DELETE FROM ticket WHERE id = ? AND ended IS NOT NULL", (ticket_id,)).rowcount:
                        run.execute("DELETE FROM used WHERE ticket = ?", (ticket_id,))
            case _:
                assert_never(change)

    def _prepare(self) -> None:
        run = self._connection
        run.execute("PRAGMA journal_mode = WAL")
        run.execute("PRAGMA synchronous = FULL")
        # What is dropped was sealed, and its key goes with it; without this the key could be read from free pages.
        run.execute("PRAGMA secure_delete = ON")
        run.execute("BEGIN IMMEDIATE")
        try:
            if run.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None:
                for statement in _TABLES.split(";")[:-1]:
                    run.execute(statement)
                run.execute("INSERT INTO meta VALUES ('version', ?)", (VERSION,))
            check_version(run, self.path)
            run.execute("COMMIT")
        except BaseException:
            if run.in_transaction:
                run.execute("ROLLBACK")
            raise


class Tickets:
    """The reading side. Raises sqlite3.Error; DataDirectoryError when it is opened and the file can't be read."""

    def __init__(self, directory: Path, *, wait: float = 1.0) -> None:
        path = directory / FILE_NAME
        try:
            self._connection = connect(path, readonly=True, wait=wait)
        except sqlite3.Error as error:
            raise DataDirectoryError(f"{path}: the tickets of approvals can't be read: {error}") from None
        try:
            check_version(self._connection, path)
        except sqlite3.Error as error:
            self._connection.close()
            raise DataDirectoryError(f"{path}: the tickets of approvals can't be read: {error}") from None
        except BaseException:
            self._connection.close()
            raise

    def get(self, ticket_id: str) -> Kept | None:
        """The ticket of this id."""
        return self._one("WHERE id = ?", (ticket_id,))

    def latest(self, digest: str, requester: str) -> Kept | None:
        """The newest ticket of this digest and requester."""
        return self._one("WHERE digest = ? AND requester = ? ORDER BY at DESC, id DESC LIMIT 1", (digest, requester))

    def open(self) -> Sequence[Kept]:
        """Those that have not ended, oldest first."""
        return [_kept(row) for row in self._connection.execute(_SELECT + "WHERE ended IS NULL ORDER BY at, id")]

    def batch(
        self, states: Collection[TicketState], after: str | None, most: int, *, newest: bool = False
    ) -> Sequence[Kept]:
        """So many by their ids behind this one, or with `newest` before it: those that have not ended, and those that
        have ended in one of these states."""
        beyond, order = ("<", "DESC") if newest else (">", "ASC")
        rows = self._connection.execute(
            f"{_SELECT} WHERE (?1 IS NULL OR id {beyond} ?1) "  # noqa: S608 - constants
            f"AND (ended IS NULL OR ended IN (SELECT value FROM json_each(?2))) ORDER BY id {order} LIMIT ?3",
            (after, _encode([state.value for state in states]).decode(), most),
        )
        return [_kept(row) for row in rows]

    def ended(self, before: int, after: tuple[int, str], most: int) -> Sequence[Kept]:
        """So many that have ended before then, in the order in which they were asked, behind this time and id."""
        where = "WHERE (at, id) > (?, ?) AND at < ? AND ended_at < ? ORDER BY at, id LIMIT ?"
        return [_kept(row) for row in self._connection.execute(_SELECT + where, (*after, before, before, most))]

    def sent(self, since: int, most: int) -> Sequence[Ticket]:
        """Tickets asked since then and used: the newest, and so many at most."""
        rows = self._connection.execute(
            "SELECT asked FROM ticket WHERE at >= ? AND id IN (SELECT ticket FROM used) ORDER BY at DESC LIMIT ?",
            (since, most),
        )
        return [_ticket(asked) for (asked,) in rows]

    def ids(self, most: int = -1) -> Sequence[str]:
        """The ids of the newest tickets, so many at most, oldest first; without a number, of all."""
        rows = self._connection.execute("SELECT id FROM ticket ORDER BY at DESC, id DESC LIMIT ?", (most,))
        return [row[0] for row in rows][::-1]

    def of_call(self, call: str, asked: str) -> Sequence[Kept]:
        """The tickets that a call has used, and those that it asked, whose ids begin with `asked`; oldest first."""
        where = (
            "WHERE id IN (SELECT ticket FROM used WHERE call = ?1) OR id = ?2 OR (id > ?2 || '_' AND id < ?2 || '`') "
            "ORDER BY at, id"
        )
        return [_kept(row) for row in self._connection.execute(_SELECT + where, (call, asked))]

    def took(self, ticket_id: str, call_id: str) -> bool:
        """Whether the call has gone on by this ticket."""
        row = self._connection.execute("SELECT 1 FROM used WHERE ticket = ? AND call = ?", (ticket_id, call_id))
        return row.fetchone() is not None

    def uses(self, since: int) -> Sequence[tuple[str, str]]:
        """Ticket and call of every use of a ticket that was asked since then."""
        return self._connection.execute(
            "SELECT ticket, call FROM ticket JOIN used ON used.ticket = ticket.id WHERE at >= ? ORDER BY call", (since,)
        ).fetchall()

    def body(self, ticket: Ticket, master: MasterKey) -> bytes | None:
        """What people are shown; None once it is dropped. Raises Unsealable."""
        row = self._connection.execute("SELECT name, wrapped, sealed FROM shown WHERE ticket = ?", (ticket.id,))
        found = row.fetchone()
        if found is None:
            return None
        name, wrapped, sealed = map(bytes, found)
        key = master.unwrap(name, wrapped, ticket.requester, ticket.connection)
        return key.unseal(sealed, ticket.id.encode(), Compressor())

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _one(self, where: str, values: Sequence[str]) -> Kept | None:
        row = self._connection.execute(_SELECT + where, values).fetchone()
        return None if row is None else _kept(row)


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raises DataDirectoryError where the file is another version's."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    if row is None or row[0] != VERSION:
        found = "none" if row is None else row[0]
        raise DataDirectoryError(
            f"{path} has format {found}, and this Narrows knows format {VERSION}: "
            "it was written by another Narrows; use that one, or move the file away to begin anew"
        )


def _kept(row: tuple[str, str | None, int | None, str | None, int]) -> Kept:
    asked, ended, ended_at, reason, used = row
    return Kept(_ticket(asked), None if ended is None else TicketState(ended), ended_at, reason, used)
