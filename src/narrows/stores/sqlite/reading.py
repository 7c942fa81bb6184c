"""One journal file, read: bounded transactions only, so that a slow reader never holds the writer's log back."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from narrows.evidence.canonical import labels, references
from narrows.evidence.commitments import commit, leaf_hash
from narrows.evidence.entries import ClosedEntry, ContextEntry, Kind, OpenedEntry, PrincipalEntry, SegmentEntry
from narrows.evidence.sealing import Compressor, DataKey, MasterKey, Unsealable
from narrows.policy.recent import Recent
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
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
        self._connection, self._master = connection, master
        self._runs = Runs(connection)
        self._compressor = Compressor()
        self._keys: dict[int, DataKey] = {}
        self._contexts: Recent[bytes, tuple[ContextEntry, bool]] = Recent(_CONTEXTS)

    def opened(self, since: int, until: int, *, newest_first: bool) -> Iterator[list[Intent]]:
        """The intents of a time, page by page."""
        places = self._runs.opened(since, until, newest_first=newest_first)
        while page := list(islice(places, PAGE)):
            entries = dict(self._at("seq, entry", page))
            yield [self._intent(entries[seq])[0] for seq in page]

    def closed(self, calls: Sequence[str], after: int) -> dict[str, ClosedEntry]:
        """The endings of these calls that are in this file; all are after this place."""
        missing = set(calls)
        found: dict[str, ClosedEntry] = {}
        for find in self._runs.finds(after, END):
            places = [place for call in missing for place in find(call)]
            for call, kind, entry in self._at("call, kind, entry", places):
                if kind == Kind.CLOSED and call in missing:
                    found[call] = _closed(entry)
            missing.difference_update(found)
            if not missing:
                break
        return found

    def rows(self, call: str, first: int = 0, last: int = END) -> list[Row]:
        """Everything of one call that is in this file from one place to another, in the log's order."""
        rows: list[tuple[Any, ...]] = []
        for find in self._runs.finds(first, last, newest_first=True):
            places = [place for place in find(call) if first <= place <= last]
            here = [row for row in self._at("call, kind, refs, entry, leaf", places) if row[0] == call]
            rows[:0] = here
            if any(row[1] == Kind.OPENED for row in here):
                break
        return [self._row(*row[1:]) for row in rows]

    def changed(self, after: int) -> tuple[dict[str, int], int]:
        """Calls that the next rows after this place tell of, with the place of the first, and the last place read."""
        rows = self._connection.execute(
            "SELECT seq, call, kind FROM log WHERE seq > ? ORDER BY seq LIMIT ?", (after, PAGE)
        ).fetchall()
        calls: dict[str, int] = {}
        for seq, call, kind in rows:
            if kind in {Kind.OPENED, Kind.CLOSED}:
                calls.setdefault(call, seq)
        return calls, rows[-1][0] if rows else after

    def first(self) -> int:
        """The place at which this file begins."""
        return schema.first_seq(self._connection)

    def last(self) -> int:
        """The last place in the log."""
        return schema.last_seq(self._connection)

    def pieces(self, row: Row) -> tuple[tuple[Piece, ...], bool]:
        """The row's contents, and whether they are what its entry commits to."""
        entry = row.entry.opened if isinstance(row.entry, Intent) else row.entry
        names = labels(entry.contents)
        ids = schema.unpack(row.refs)
        found = self._contents(ids)
        pieces = [self._piece(name, found.get(number)) for name, number in zip(names, ids, strict=False)]
        held = references([(piece.label, piece.commitment) for piece in pieces])
        whole = len(names) == len(ids) and held == entry.contents
        return tuple(pieces), whole and row.sound and all(piece.text is not None for piece in pieces)

    def _at(self, columns: str, places: Sequence[int]) -> list[tuple[Any, ...]]:
        """Columns of the rows at these places, in the log's order."""
        out: list[tuple[Any, ...]] = []
        ordered = sorted(places)
        for start in range(0, len(ordered), PAGE):
            part = ordered[start : start + PAGE]
            marks = ", ".join("?" * len(part))
            out += self._connection.execute(
                f"SELECT {columns} FROM log WHERE seq IN ({marks}) ORDER BY seq",  # noqa: S608 - names and marks
                part,
            ).fetchall()
        return out

    def _row(self, kind: int, refs: bytes, data: bytes, leaf: bytes) -> Row:
        sound = leaf_hash(data) == leaf
        if kind == Kind.OPENED:
            intent, whole = self._intent(data)
            return Row(intent, refs, sound and whole)
        return Row(_closed(data) if kind == Kind.CLOSED else _segment(data), refs, sound)

    def _intent(self, data: bytes) -> tuple[Intent, bool]:
        """The intent with its context, and whether that is the one it commits to."""
        opened = _opened(data)
        known = self._contexts.get(opened.context)
        if known is None:
            row = self._connection.execute(
                "SELECT salt, entry FROM context WHERE commitment = ?", (opened.context,)
            ).fetchone()
            known = (_LOST, False) if row is None else (_context(row[1]), commit(*row) == opened.context)
            self._contexts.put(opened.context, known)
        return Intent(opened, known[0]), known[1]

    def _contents(self, ids: list[int]) -> dict[int, tuple[int, int, bytes, bytes]]:
        out = {}
        for start in range(0, len(ids), PAGE):
            part = ids[start : start + PAGE]
            marks = ", ".join("?" * len(part))
            rows = self._connection.execute(
                f"SELECT id, key, size, commitment, sealed FROM content WHERE id IN ({marks})",  # noqa: S608 - marks
                part,
            ).fetchall()
            out.update({number: (key, size, commitment, sealed) for number, key, size, commitment, sealed in rows})
        return out

    def _piece(self, label: str, found: tuple[int, int, bytes, bytes] | None) -> Piece:
        if found is None:
            return Piece(label, None, 0, b"")
        key, size, commitment, sealed = found
        try:
            data = self._key(key).unseal(sealed, commitment, self._compressor)
        except Unsealable:
            return Piece(label, None, size, commitment)
        return Piece(label, data.decode("utf-8", "replace"), size, commitment)

    def _key(self, number: int) -> DataKey:
        key = self._keys.get(number)
        if key is None:
            row = self._connection.execute(
                "SELECT name, wrapped, principal, connection FROM keys WHERE id = ?", (number,)
            ).fetchone()
            if row is None:
                raise Unsealable("the data key is gone")
            key = self._keys[number] = self._master.unwrap(*row)
        return key


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
