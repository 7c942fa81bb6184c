"""Contents of one journal file: each stored once a (principal, connection), sealed. Owns the tables content and keys.

Used inside the writer's transactions: `keep` stages, `flush` inserts, `forget` drops what a rollback undid.
"""

import os
import sqlite3
from typing import Final

from narrows.evidence.canonical import Reference, references
from narrows.evidence.commitments import SALT_BYTES, commit
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

Kept = tuple[int, bytes]
"""A content's id in its file, and its commitment."""

Refers = tuple[bytes | None, tuple[Reference, ...] | None]
"""What a log row keeps of its contents: their packed ids, and what its entry says of them."""


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

    def keep(self, owner: Owner, contents: tuple[Content, ...]) -> Refers:
        """Where these contents are; what isn't stored yet is by the next `flush`."""
        if len(contents) > _WHOLE_COUNT or sum(len(content.data) for content in contents) > _WHOLE_BYTES:
            return self._refer(owner, contents)
        refers = self._whole.get((owner, contents))
        if refers is None:
            refers = self._refer(owner, contents)
            self._whole.put((owner, contents), refers)
        return refers

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

    def _refer(self, owner: Owner, contents: tuple[Content, ...]) -> Refers:
        held = self._keys.get(owner)
        if held is None:
            held = self._load(owner) or self._make(owner)
            self._keys.put(owner, held)
        key_id, key = held
        ids: list[int] = []
        labelled: list[tuple[str, bytes]] = []
        for content in contents:
            tag = key.tag(content.data)
            kept = self._known.get(tag)
            if kept is None:
                kept = self._find(tag) or self._stage(key_id, key, tag, content.data)
                self._known.put(tag, kept)
            ids.append(kept[0])
            labelled.append((content.label, kept[1]))
        return pack(ids), references(labelled)

    def _following(self) -> int:
        row = self._connection.execute("SELECT max(id) FROM content").fetchone()
        return (row[0] or 0) + 1

    def _find(self, tag: bytes) -> Kept | None:
        row: Kept | None = self._connection.execute(
            "SELECT id, commitment FROM content WHERE tag = ?", (tag,)
        ).fetchone()
        return row

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
