"""One journal file, read: bounded transactions only, so that a slow reader never holds the writer's log back."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from narrows.evidence.canonical import labels, references
from narrows.evidence.commitments import commit, leaf_hash
from narrows.evidence.entries import ClosedEntry, ContextEntry, Kind, OpenedEntry, PrincipalEntry, SegmentEntry
from narrows.evidence.sealing import Compressor, DataKey, MasterKey, Unsealable
from narrows.policy.recent import Recent
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.views import Intent, Piece

PAGE: Final = 500
"""Rows a transaction reads."""

_END: Final = 2**62

_NEWEST: Final = """SELECT at, seq, entry FROM log
WHERE kind = 1 AND at >= :since AND at <= :at AND (at < :at OR seq < :seq) ORDER BY at DESC, seq DESC LIMIT :page"""
_OLDEST: Final = """SELECT at, seq, entry FROM log
WHERE kind = 1 AND at < :until AND at >= :at AND (at > :at OR seq > :seq) ORDER BY at, seq LIMIT :page"""

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
        self._compressor = Compressor()
        self._keys: dict[int, DataKey] = {}
        self._contexts: Recent[bytes, tuple[ContextEntry, bool]] = Recent(_CONTEXTS)

    def opened(self, since: int, until: int, *, newest_first: bool) -> Iterator[list[Intent]]:
        """The intents of a time, page by page."""
        statement = _NEWEST if newest_first else _OLDEST
        at, seq = (until - 1, _END) if newest_first else (since, 0)
        while True:
            mark = {"since": since, "until": until, "at": at, "seq": seq, "page": PAGE}
            rows = self._connection.execute(statement, mark).fetchall()
            if not rows:
                return
            yield [self._intent(entry)[0] for _, _, entry in rows]
            at, seq, _ = rows[-1]

    def closed(self, calls: Sequence[str]) -> dict[str, ClosedEntry]:
        """The endings of these calls that are in this file."""
        marks = ", ".join("?" * len(calls))
        rows = self._connection.execute(
            f"SELECT call, entry FROM log WHERE call IN ({marks}) AND kind = 3",  # noqa: S608 - marks only
            tuple(calls),
        ).fetchall()
        return {call: _closed(entry) for call, entry in rows}

    def rows(self, call: str) -> list[Row]:
        """Everything of one call that is in this file, in the log's order."""
        rows = self._connection.execute(
            "SELECT kind, refs, entry, leaf FROM log WHERE call = ? ORDER BY seq", (call,)
        ).fetchall()
        return [self._row(*row) for row in rows]

    def changed(self, after: int) -> tuple[list[str], int]:
        """Calls that the next rows after this place tell of, and the last place read."""
        rows = self._connection.execute(
            "SELECT seq, call, kind FROM log WHERE seq > ? ORDER BY seq LIMIT ?", (after, PAGE)
        ).fetchall()
        calls = dict.fromkeys(call for _, call, kind in rows if kind in {Kind.OPENED, Kind.CLOSED})
        return list(calls), rows[-1][0] if rows else after

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
