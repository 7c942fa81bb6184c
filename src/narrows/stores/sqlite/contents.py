"""Contents of one journal file: each stored once a (principal, connection), sealed. Owns the tables content and keys.

Used inside the writer's transactions: `keep` stages, `flush` inserts, `forget` drops what a rollback undid.
"""

import os
import sqlite3
from typing import Final

from narrows.evidence.commitments import SALT_BYTES, commit
from narrows.evidence.sealing import Compressor, DataKey, MasterKey
from narrows.stores.sqlite.recent import Recent
from narrows.stores.sqlite.rows import ADD_CONTENT

_CONTENTS: Final = 8192
_KEYS: Final = 4096

Owner = tuple[str, str]
"""Principal key and connection."""

Kept = tuple[int, bytes]
"""A content's id in its file, and its commitment."""


class Contents:
    """The contents of the file behind `connection`."""

    def __init__(self, connection: sqlite3.Connection, master: MasterKey, compressor: Compressor) -> None:
        self._connection = connection
        self._master = master
        self._compressor = compressor
        self._known: Recent[bytes, Kept] = Recent(_CONTENTS)
        self._keys: Recent[Owner, tuple[int, DataKey]] = Recent(_KEYS)
        self._staged: list[tuple[int, bytes, int, int, bytes, bytes, bytes]] = []
        self._next = self._following()

    def keep(self, owner: Owner, data: bytes) -> Kept:
        """Where this content is; it is stored by the next `flush` unless it already was."""
        held = self._keys.get(owner)
        if held is None:
            held = self._load(owner) or self._make(owner)
            self._keys.put(owner, held)
        key_id, key = held
        tag = key.tag(data)
        kept = self._known.get(tag)
        if kept is None:
            kept = self._find(tag) or self._stage(key_id, key, tag, data)
            self._known.put(tag, kept)
        return kept

    def flush(self) -> None:
        """Inserts what was staged."""
        if self._staged:
            ADD_CONTENT.run(self._connection, self._staged)
            self._staged = []

    def forget(self) -> None:
        """After a rollback: nothing remembered may name a row that no longer is."""
        self._staged = []
        self._known.clear()
        self._keys.clear()
        self._next = self._following()

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
