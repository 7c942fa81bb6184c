"""The table content: how contents lie in its rows, and reading them back, also from files of the format before.

A row is a pack: the new contents of one owner that came together, compressed and sealed as one, under the id of the
first; their ids follow each other. Beside them stands what is known of each without its key. A short text alone hardly
compresses, and each seal and row costs as much for one text as for ten.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Final

import msgspec

from narrows.evidence.commitments import SALT_BYTES
from narrows.evidence.sealing import TAG_BYTES, Compressor, DataKey, MasterKey, Unsealable
from narrows.stores.sqlite import schema

MOST: Final = 64
MOST_BYTES: Final = 64 * 1024
"""So many contents and bytes are one pack, since whoever reads one of them reads all. A larger content is a pack by
itself."""

ITEM: Final = Struct(f"<{TAG_BYTES}s{SALT_BYTES}s32sI")
"""What stands of each content in `items`: its tag, its salt, its commitment, its size in bytes."""

Row = tuple[int, int, bytes, bytes]
"""The columns of the table: the first id, the key, the items, the sealed texts."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """A content as the file has it; without data if it can't be read: changed, or its key gone."""

    size: int
    commitment: bytes
    data: bytes | None


class Item(msgspec.Struct, frozen=True, gc=False):
    """A content without its text."""

    id: int
    tag: bytes
    commitment: bytes


def items(connection: sqlite3.Connection, first: int) -> Iterator[Item]:
    """The contents from the id `first` on, in the order of their ids."""
    start = "SELECT coalesce(max(id), 0) FROM content WHERE id <= ?"
    rows = connection.execute(f"SELECT id, items FROM content WHERE id >= ({start}) ORDER BY id", (first,))  # noqa: S608
    for begin, packed in rows.fetchall():
        for number, (tag, _, commitment, _) in enumerate(ITEM.iter_unpack(packed), begin):
            if number >= first:
                yield Item(number, tag, commitment)


def item(connection: sqlite3.Connection, number: int) -> Item | None:
    """The content with this id, if there is one."""
    row = connection.execute(
        "SELECT id, items FROM content WHERE id <= ? ORDER BY id DESC LIMIT 1", (number,)
    ).fetchone()
    if row is None or (number - row[0]) * ITEM.size >= len(row[1]):
        return None
    tag, _, commitment, _ = ITEM.unpack_from(row[1], (number - row[0]) * ITEM.size)
    return Item(number, tag, commitment)


class Packs:
    """The contents of one file, opened; for a reader of it."""

    def __init__(self, connection: sqlite3.Connection, master: MasterKey) -> None:
        self._connection, self._master = connection, master
        self._single = schema.version(connection) == schema.SINGLE
        self._compressor = Compressor()
        self._keys: dict[int, DataKey] = {}

    def get(self, ids: Sequence[int]) -> dict[int, Found]:
        """Those of these contents that are in the file."""
        out: dict[int, Found] = {}
        for number in sorted(set(ids)):
            if number not in out:
                found = self._row(number) if self._single else self._pack(number, out)
                if found is not None:
                    out[number] = found
        return out

    def _pack(self, number: int, out: dict[int, Found]) -> Found | None:
        """Takes the pack that this content is in apart."""
        row = self._connection.execute(
            "SELECT id, key, items, sealed FROM content WHERE id <= ? ORDER BY id DESC LIMIT 1", (number,)
        ).fetchone()
        if row is None or (number - row[0]) * ITEM.size >= len(row[2]):
            return None
        first, key, packed, sealed = row
        texts = self._opened(key, sealed, packed)
        start = 0
        for place, (_, _, commitment, size) in enumerate(ITEM.iter_unpack(packed), first):
            out[place] = Found(size, commitment, None if texts is None else texts[start : start + size])
            start += size
        return out[number]

    def _row(self, number: int) -> Found | None:
        """A row of the format before: one content."""
        row = self._connection.execute(
            "SELECT key, size, commitment, sealed FROM content WHERE id = ?", (number,)
        ).fetchone()
        if row is None:
            return None
        key, size, commitment, sealed = row
        return Found(size, commitment, self._opened(key, sealed, commitment))

    def _opened(self, key: int, sealed: bytes, bound: bytes) -> bytes | None:
        try:
            return self._key(key).unseal(sealed, bound, self._compressor)
        except Unsealable:
            return None

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
