"""Contents of one journal file: each stored once a (principal, connection), sealed. Owns the tables content and keys.

Used inside the writer's transactions: `keep` stages, `flush` inserts, `forget` drops what a rollback undid.
"""

import os
import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.evidence.canonical import references
from narrows.evidence.commitments import SALT_BYTES, commit
from narrows.evidence.entries import NO_CONTENTS
from narrows.evidence.sealing import Compressor, DataKey, MasterKey
from narrows.model.record import Content
from narrows.policy.recent import Recent
from narrows.stores.sqlite.rows import ADD_CONTENT
from narrows.stores.sqlite.schema import pack

_CONTENTS: Final = 8192
_KEYS: Final = 4096

_WHOLE: Final = 1024
_WHOLE_COUNT: Final = 4
_WHOLE_BYTES: Final = 4096
"""Small requests and replies that come again and again are recognised as a whole, before any of their parts is
hashed; so many of them, of so many contents and bytes."""

Owner = tuple[str, str]
"""Principal key and connection."""

Owned = tuple[Owner | None, tuple[Content, ...]]
"""The contents of one entry, and whose they are; nobody's are not kept."""

Kept = tuple[int, bytes]
"""A content's id in its file, and its commitment."""

Refers = tuple[bytes, msgspec.Raw]
"""What a log row keeps of its contents: their packed ids, and what its entry says of them."""

NOTHING: Final[Refers] = (b"", NO_CONTENTS)

_FIND_ROWS: Final = 32
_FIND: Final = f"SELECT tag, id, commitment FROM content WHERE tag IN ({', '.join('?' * _FIND_ROWS)})"  # noqa: S608

_Unknown = tuple[int, Owner, tuple[Content, ...], int, DataKey, list[bytes]]


class Contents:
    """The contents of the file behind `connection`."""

    _staged: list[tuple[int, bytes, int, int, bytes, bytes, bytes]]
    _known: Recent[bytes, Kept]
    _whole: Recent[tuple[Owner, tuple[Content, ...]], Refers]
    _keys: Recent[Owner, tuple[int, DataKey]]
    _next: int

    def __init__(self, connection: sqlite3.Connection, master: MasterKey, compressor: Compressor) -> None:
        self._connection = connection
        self._master = master
        self._compressor = compressor
        self.forget()

    def keep(self, batch: Sequence[Owned]) -> list[Refers]:
        """Where these contents are, in order; what isn't stored yet is by the next `flush`."""
        out: list[Refers] = []
        unknown: list[_Unknown] = []
        here: dict[bytes, Kept | None] = {}
        for owner, contents in batch:
            if owner is None or not contents:
                out.append(NOTHING)
                continue
            refers = self._whole.get((owner, contents)) if _small(contents) else None
            if refers is None:
                key_id, key = self._key(owner)
                tags = [key.tag(content.data) for content in contents]
                for tag in tags:
                    if tag not in here:
                        here[tag] = self._known.get(tag)
                unknown.append((len(out), owner, contents, key_id, key, tags))
                refers = NOTHING
            out.append(refers)
        if unknown:
            self._find(here)
            for place, owner, contents, key_id, key, tags in unknown:
                refers = out[place] = self._refer(contents, key_id, key, tags, here)
                if _small(contents):
                    self._whole.put((owner, contents), refers)
        return out

    def flush(self) -> None:
        """Inserts what was staged."""
        if self._staged:
            ADD_CONTENT.run(self._connection, self._staged)
            self._staged = []

    def forget(self) -> None:
        """After a rollback: nothing remembered may name a row that no longer is."""
        self._staged = []
        self._known = Recent(_CONTENTS)
        self._whole = Recent(_WHOLE)
        self._keys = Recent(_KEYS)
        self._next = self._following()

    def _refer(
        self,
        contents: tuple[Content, ...],
        key_id: int,
        key: DataKey,
        tags: list[bytes],
        here: dict[bytes, Kept | None],
    ) -> Refers:
        ids: list[int] = []
        labelled: list[tuple[str, bytes]] = []
        for content, tag in zip(contents, tags, strict=True):
            kept = here[tag]
            if kept is None:
                kept = here[tag] = self._stage(key_id, key, tag, content.data)
            self._known.put(tag, kept)
            ids.append(kept[0])
            labelled.append((content.label, kept[1]))
        return pack(ids), references(labelled)

    def _find(self, here: dict[bytes, Kept | None]) -> None:
        """Looks up in the file, many at once, what isn't remembered."""
        missing = [tag for tag, kept in here.items() if kept is None]
        for start in range(0, len(missing), _FIND_ROWS):
            part = missing[start : start + _FIND_ROWS]
            part += [b""] * (_FIND_ROWS - len(part))
            for tag, number, commitment in self._connection.execute(_FIND, part).fetchall():
                here[tag] = (number, commitment)

    def _key(self, owner: Owner) -> tuple[int, DataKey]:
        held = self._keys.get(owner)
        if held is None:
            held = self._load(owner) or self._make(owner)
            self._keys.put(owner, held)
        return held

    def _following(self) -> int:
        row = self._connection.execute("SELECT max(id) FROM content").fetchone()
        return (row[0] or 0) + 1

    def _stage(self, key_id: int, key: DataKey, tag: bytes, data: bytes) -> Kept:
        salt = os.urandom(SALT_BYTES)
        commitment = commit(salt, data)
        sealed = key.seal(data, commitment, self._compressor)
        kept = (self._next, commitment)
        self._staged.append((self._next, tag, key_id, len(data), salt, commitment, sealed))
        self._next += 1
        return kept

    def _load(self, owner: Owner) -> tuple[int, DataKey] | None:
        row = self._connection.execute(
            "SELECT id, name, wrapped FROM keys WHERE principal = ? AND connection = ?", owner
        ).fetchone()
        return None if row is None else (row[0], self._master.unwrap(row[1], row[2], *owner))

    def _make(self, owner: Owner) -> tuple[int, DataKey]:
        key, wrapped = self._master.new_key(*owner)
        cursor = self._connection.execute(
            "INSERT INTO keys (name, principal, connection, wrapped) VALUES (?, ?, ?, ?)", (key.name, *owner, wrapped)
        )
        return int(cursor.lastrowid or 0), key


def _small(contents: tuple[Content, ...]) -> bool:
    if len(contents) > _WHOLE_COUNT:
        return False
    size = 0
    for content in contents:
        size += len(content.data)
    return size <= _WHOLE_BYTES
