"""The table log: how entries lie in its rows, and reading them back, also from files of the format before.

A row is a block: the entries that one commit wrote, a line each (canonical JSON has no line break in it), compressed,
under the place of the first; beside them what the store keeps of each entry. One row costs what it costs however many
entries it holds, and most of what an entry cost was its row. What a reader wants to know of an entry, its own bytes
say.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import zstandard

from narrows.evidence.canonical import head
from narrows.evidence.commitments import LEAF_BYTES
from narrows.evidence.entries import KINDS, Kind
from narrows.stores.sqlite import schema

BLOCK: Final = 64
"""Entries of a row at most: one that is wanted is read with its whole block."""

_PAGE: Final = 64
"""Rows a transaction reads."""

_BREAK: Final = b"\n"

_LEVEL: Final = -3
"""With the words at hand, half of a block is left, at a tenth of what writing that half would cost."""

_WORDS: Final = (
    b'"masked":[{"count":1,"detector":"","entity":"EMAIL_ADDRESS","path":"$.messages[0].content"}],"notes":[{"code":"",'
    b'"policy":"","rule":""}],"param":"","policy":"","reason":"","refusal":"","request_id":"req_","rule":"",'
    b'"justification":"","outcome":"client_gone","labels":["stream"],"kind":"segment","index":0,\n'
    b'{"at":1700000000000000,"call":"call_","contents":{"commitment":"=","labels":["$",["$.messages",3],["$.tools",2]]},'
    b'"context":"=","kind":"opened","output_cap":1024,"prompt_tokens":1,"seq":1,"session":"sess_","v":1}\n'
    b'{"at":1700000000000000,"call":"call_","contents":{"commitment":"=","labels":["reply"]},"duration":1,'
    b'"finish":"stop","first_byte":1,"kind":"closed","model":"","outcome":"done","response_ids":["chatcmpl-"],'
    b'"sent_bytes":1,"seq":1,"status":200,"upstream_status":200,"usage":{"completion":1,"prompt":1},"v":1}\n'
)
"""What entries are made of, for Zstandard to refer to. It is a part of the format: without it no block can be read."""

Row = tuple[int, bytes, bytes, bytes, bytes]
"""The columns of the table: the place of the first entry, the entries, and of each its contents' packed ids, the keyed
names that it tells of, its leaf."""

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(list[bytes]).decode


class LogEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry, and what the store keeps with it."""

    seq: int
    at: int
    call: str | None
    kind: Kind
    refs: bytes
    names: bytes
    entry: bytes
    leaf: bytes


class Blocks:
    """Makes rows. Not for two threads at once."""

    def __init__(self) -> None:
        words = _dictionary()
        words.precompute_compress(level=_LEVEL)
        self._compressor = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=words, write_checksum=False, write_dict_id=False
        )

    def rows(
        self, first: int, entries: list[bytes], refs: list[bytes], names: list[bytes], leaves: list[bytes]
    ) -> Sequence[Row]:
        """The rows of entries that follow each other from the place `first` on."""
        count = len(entries)
        if count <= BLOCK:
            return (self._row(first, entries, refs, names, leaves),)
        rows: list[Row] = []
        for start in range(0, count, BLOCK):
            end = start + BLOCK
            rows.append(
                self._row(first + start, entries[start:end], refs[start:end], names[start:end], leaves[start:end])
            )
        return rows

    def _row(self, first: int, entries: list[bytes], refs: list[bytes], names: list[bytes], leaves: list[bytes]) -> Row:
        packed = self._compressor.compress(_BREAK.join(entries))
        return (first, packed, _pack(refs), _pack(names), b"".join(leaves))


class Log:
    """The log of one file, read in short transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._single = schema.version(connection) == schema.SINGLE
        self._decompressor = zstandard.ZstdDecompressor(dict_data=_dictionary())

    def last(self) -> int:
        """The last sequence number used, also when the log is still empty."""
        return schema.last_seq(self._connection)

    def at(self, places: Sequence[int]) -> list[LogEntry]:
        """The entries at these places, in the log's order; places where none is are left out."""
        ordered = sorted(places)
        if self._single:
            return [
                entry for start in range(0, len(ordered), 500) for entry in self._rows(ordered[start : start + 500])
            ]
        out: list[LogEntry] = []
        block: _Block | None = None
        for place in ordered:
            if block is None or not block.first <= place < block.end:
                row = self._connection.execute(
                    "SELECT * FROM log WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (place,)
                ).fetchone()
                block = None if row is None else self._block(*row)
            if block is not None and place < block.end:
                out.append(block.entry(place))
        return out

    def after(self, place: int) -> Iterator[LogEntry]:
        """The entries after this place. A transaction reads some rows of them, and ends before they are given."""
        while True:
            count = 0
            for entry in self._single_after(place) if self._single else self._blocks_after(place):
                place = entry.seq
                count += 1
                yield entry
            if not count:
                return

    def lines(self, place: int) -> Iterator[tuple[int, bytes]]:
        """The entries from this place on as they were written, a line each, some at a time, with the place of the first
        of them; the first may begin a little before. For who reads many and takes them apart together. A transaction
        reads some rows, and ends before they are given."""
        while True:
            parts = self._single_lines(place) if self._single else self._block_lines(place)
            for first, data in parts:
                yield first, data
                place = first + data.count(_BREAK) + 1
            if not parts:
                return

    def _block_lines(self, place: int) -> list[tuple[int, bytes]]:
        rows = self._connection.execute(
            "SELECT seq, entries FROM log WHERE seq >= coalesce((SELECT max(seq) FROM log WHERE seq <= ?), 0) "
            "AND seq + length(leaves) / 32 > ? ORDER BY seq LIMIT ?",
            (place, place, _PAGE),
        ).fetchall()
        try:
            return [(first, self._decompressor.decompress(entries)) for first, entries in rows]
        except zstandard.ZstdError:
            raise schema.SchemaUnknown(f"the log is damaged after {place}") from None

    def _single_lines(self, place: int) -> list[tuple[int, bytes]]:
        rows = self._connection.execute(
            "SELECT seq, entry FROM log WHERE seq >= ? ORDER BY seq LIMIT ?", (place, _PAGE * 8)
        ).fetchall()
        return [(rows[0][0], _BREAK.join([entry for _, entry in rows]))] if rows else []

    def _blocks_after(self, place: int) -> list[LogEntry]:
        rows = self._connection.execute(
            "SELECT * FROM log WHERE seq >= coalesce((SELECT max(seq) FROM log WHERE seq <= ?), 0) "
            "ORDER BY seq LIMIT ?",
            (place + 1, _PAGE),
        ).fetchall()
        return [
            block.entry(seq) for block in (self._block(*row) for row in rows) for seq in range(block.first, block.end)
            if seq > place
        ]  # fmt: skip

    def _block(self, first: int, entries: bytes, refs: bytes, names: bytes, leaves: bytes) -> "_Block":
        try:
            lines = self._decompressor.decompress(entries).split(_BREAK)
            block = _Block(first, lines, _unpack(refs), _unpack(names), leaves)
        except (zstandard.ZstdError, msgspec.DecodeError):
            raise schema.SchemaUnknown(f"the log is damaged at {first}") from None
        if not len(lines) == len(block.refs) == len(block.names) == len(leaves) / LEAF_BYTES:
            raise schema.SchemaUnknown(f"the log is damaged at {first}")
        return block

    def _single_after(self, place: int) -> list[LogEntry]:
        rows = self._connection.execute(
            "SELECT * FROM log WHERE seq > ? ORDER BY seq LIMIT ?", (place, _PAGE * 8)
        ).fetchall()
        return [_single(*row) for row in rows]

    def _rows(self, places: Sequence[int]) -> list[LogEntry]:
        marks = ", ".join("?" * len(places))
        rows = self._connection.execute(
            f"SELECT * FROM log WHERE seq IN ({marks}) ORDER BY seq",  # noqa: S608 - marks
            places,
        ).fetchall()
        return [_single(*row) for row in rows]


class _Block:
    """A row, taken apart."""

    def __init__(self, first: int, entries: list[bytes], refs: list[bytes], names: list[bytes], leaves: bytes) -> None:
        self.first, self.end = first, first + len(entries)
        self.entries, self.refs, self.names, self.leaves = entries, refs, names, leaves

    def entry(self, place: int) -> LogEntry:
        index = place - self.first
        data = self.entries[index]
        says = head(data)
        leaf = self.leaves[index * LEAF_BYTES : (index + 1) * LEAF_BYTES]
        return LogEntry(place, says.at, says.call, KINDS[says.kind], self.refs[index], self.names[index], data, leaf)


def _single(seq: int, at: int, call: str | None, kind: int, *rest: Any) -> LogEntry:
    """A row of the format before: one entry."""
    return LogEntry(seq, at, call, Kind(kind), *rest)


def _dictionary() -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(_WORDS, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
