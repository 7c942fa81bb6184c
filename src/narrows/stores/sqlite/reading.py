"""One journal file, read: bounded transactions only, so that a slow reader never holds the writer's log back."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from narrows.evidence.canonical import labels, references
from narrows.evidence.commitments import commit, leaf_hash
from narrows.evidence.entries import ClosedEntry, ContextEntry, Kind, OpenedEntry, PrincipalEntry, SegmentEntry
from narrows.evidence.sealing import MasterKey
from narrows.policy.recent import Recent
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.logtable import Log, LogEntry
from narrows.stores.sqlite.packs import Found, Packs
from narrows.stores.sqlite.runs import END, Runs
from narrows.stores.sqlite.views import Intent, Piece

PAGE: Final = 500
"""Rows a transaction reads."""

_opened = msgspec.json.Decoder(OpenedEntry).decode
_closed = msgspec.json.Decoder(ClosedEntry).decode
_segment = msgspec.json.Decoder(SegmentEntry).decode
_context = msgspec.json.Decoder(ContextEntry).decode

_CONTEXTS: Final = 4096
_LOST: Final = ContextEntry(
    address="",
    agent="",
    connection="",
    credential="",
    dialect="",
    method="",
    operation="",
    path="",
    principal=PrincipalEntry(issuer="", kind="", subject=""),
    revision="",
    stream=False,
    v=0,
)
"""Stands for a context that is not in the file any more."""


class Row(msgspec.Struct, frozen=True):
    """A log row that tells of a call; `sound` when its leaf is the hash of its entry, and its context is the one that
    its entry commits to."""

    entry: Intent | ClosedEntry | SegmentEntry
    refs: bytes
    sound: bool


class FileReader:
    """Reads one file over a connection of its own; made by `Readers`."""

    def __init__(self, connection: sqlite3.Connection, master: MasterKey) -> None:
        self._connection = connection
        self._log = Log(connection)
        self._runs = Runs(connection)
        self._packs = Packs(connection, master)
        self._contexts: Recent[bytes, tuple[ContextEntry, bool]] = Recent(_CONTEXTS)

    def opened(self, since: int, until: int, *, newest_first: bool) -> Iterator[list[Intent]]:
        """The intents of a time, page by page."""
        places = self._runs.opened(since, until, newest_first=newest_first)
        while page := list(islice(places, PAGE)):
            entries = {entry.seq: entry.entry for entry in self._log.at(page)}
            yield [self._intent(entries[seq])[0] for seq in page]

    def closed(self, calls: Sequence[str], after: int) -> dict[str, ClosedEntry]:
        """The endings of these calls that are in this file; all are after this place."""
        missing = set(calls)
        found: dict[str, ClosedEntry] = {}
        for find in self._runs.finds(after, END):
            places = [place for call in missing for place in find(call)]
            for entry in self._log.at(places):
                if entry.kind == Kind.CLOSED and entry.call in missing:
                    found[entry.call] = _closed(entry.entry)
            missing.difference_update(found)
            if not missing:
                break
        return found

    def rows(self, call: str, first: int = 0, last: int = END) -> list[Row]:
        """Everything of one call that is in this file from one place to another, in the log's order."""
        rows: list[LogEntry] = []
        for find in self._runs.finds(first, last, newest_first=True):
            places = [place for place in find(call) if first <= place <= last]
            here = [entry for entry in self._log.at(places) if entry.call == call]
            rows[:0] = here
            if any(entry.kind == Kind.OPENED for entry in here):
                break
        return [self._row(entry) for entry in rows]

    def changed(self, after: int) -> tuple[dict[str, int], int]:
        """Calls that the next rows after this place tell of, with the place of the first, and the last place read."""
        calls: dict[str, int] = {}
        for entry in islice(self._log.after(after), PAGE):
            if entry.call is not None and entry.kind in {Kind.OPENED, Kind.CLOSED}:
                calls.setdefault(entry.call, entry.seq)
            after = entry.seq
        return calls, after

    def span(self, since: int, until: int) -> tuple[int, int] | None:
        """Where the intents of a time begin and by where they have ended; None: this file has none of them."""
        return self._runs.span(since, until)

    def lines(self, first: int) -> Iterator[tuple[int, bytes]]:
        """The entries from this place on as they were written (see `Log.lines`)."""
        return self._log.lines(first)

    def context(self, commitment: bytes) -> ContextEntry:
        """What intents that name this context have in common; an empty one if it is not in the file any more."""
        return self._known(commitment)[0]

    def ran(self) -> tuple[int, set[str]]:
        """The calls that ran when this was noted last, and the place in the log at which it was."""
        return schema.saved_running(self._connection)

    def first(self) -> int:
        """The place at which this file begins."""
        return schema.first_seq(self._connection)

    def last(self) -> int:
        """The last place in the log."""
        return self._log.last()

    def pieces(self, row: Row) -> tuple[tuple[Piece, ...], bool]:
        """The row's contents, and whether they are what its entry commits to."""
        entry = row.entry.opened if isinstance(row.entry, Intent) else row.entry
        names = labels(entry.contents)
        ids = schema.unpack(row.refs)
        found = self._packs.get(ids)
        pieces = [_piece(name, found.get(number)) for name, number in zip(names, ids, strict=False)]
        held = references([(piece.label, piece.commitment) for piece in pieces])
        whole = len(names) == len(ids) and held == entry.contents
        return tuple(pieces), whole and row.sound and all(piece.text is not None for piece in pieces)

    def _row(self, row: LogEntry) -> Row:
        sound = leaf_hash(row.entry) == row.leaf
        if row.kind == Kind.OPENED:
            intent, whole = self._intent(row.entry)
            return Row(intent, row.refs, sound and whole)
        return Row(_closed(row.entry) if row.kind == Kind.CLOSED else _segment(row.entry), row.refs, sound)

    def _intent(self, data: bytes) -> tuple[Intent, bool]:
        """The intent with its context, and whether that is the one it commits to."""
        opened = _opened(data)
        context, whole = self._known(opened.context)
        return Intent(opened, context), whole

    def _known(self, commitment: bytes) -> tuple[ContextEntry, bool]:
        known = self._contexts.get(commitment)
        if known is None:
            row = self._connection.execute(
                "SELECT salt, entry FROM context WHERE commitment = ?", (commitment,)
            ).fetchone()
            known = (_LOST, False) if row is None else (_context(row[1]), commit(*row) == commitment)
            self._contexts.put(commitment, known)
        return known


class Readers:
    """The journal files of a directory, oldest first, each opened when it is first read and closed at the exit.

    Raises DataDirectoryError when a file can't be read.
    """

    def __init__(self, directory: DataDirectory, master: MasterKey | None) -> None:
        self._paths = [path for _, path in directory.journals()]
        if len(self._paths) > 1 and _is_being_made(self._paths[-1]):
            self._paths.pop()
        self._master = master
        self._stack = ExitStack()
        self._open: dict[int, FileReader] = {}

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._stack.close()
        if isinstance(error, (sqlite3.Error, schema.SchemaUnknown, msgspec.DecodeError)):
            raise DataDirectoryError(f"{self._paths[-1].parent}: the record can't be read: {error}") from None

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> FileReader:
        reader = self._open.get(index)
        if reader is None:
            if self._master is None:
                raise DataDirectoryError("journals came while the record was being opened; try again")
            connection = schema.connect(self._paths[index], readonly=True)
            self._stack.callback(connection.close)
            schema.first_seq(connection)
            reader = self._open[index] = FileReader(connection, self._master)
        return reader


def _is_being_made(path: Path) -> bool:
    """Whether the gate is beginning this file at this moment; nothing is in it yet."""
    try:
        return not schema.is_complete(path)
    except sqlite3.Error:
        return False  # whoever reads it is told why it can't be


def _piece(label: str, found: Found | None) -> Piece:
    if found is None:
        return Piece(label, None, 0, b"")
    text = None if found.data is None else found.data.decode("utf-8", "replace")
    return Piece(label, text, found.size, found.commitment)
