"""Contents of one journal file: each stored once a (principal, connection), sealed. Owns the tables content and keys.

Used inside the writer's transactions: `keep` stages, `flush` inserts, `forget` drops what a rollback undid.
"""

import os
import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.evidence.canonical import joined, reference
from narrows.evidence.commitments import SALT_BYTES, commit_digest, digest
from narrows.evidence.entries import NO_CONTENTS
from narrows.evidence.sealing import Compressor, DataKey, MasterKey
from narrows.model.record import Content
from narrows.policy.recent import Recent
from narrows.stores.sqlite.rows import ADD_CONTENT
from narrows.stores.sqlite.schema import pack
from narrows.stores.sqlite.tags import Kept, Tags

_CONTENTS: Final = 8192
_KEYS: Final = 4096

_WHOLE: Final = 1024
_WHOLE_COUNT: Final = 4
_WHOLE_BYTES: Final = 4096
"""Small requests and replies that come again and again are recognised as a whole, before any of their parts is
hashed; so many of them, of so many contents and bytes."""

_LABELINGS: Final = 256
_LABELS: Final = 64
"""So many lists of so many labels are remembered as they are serialised."""

Owner = tuple[str, str]
"""Principal key and connection."""

Owned = tuple[Owner | None, tuple[Content, ...]]
"""The contents of one entry, and whose they are; nobody's are not kept."""

Refers = tuple[bytes, msgspec.Raw]
"""What a log row keeps of its contents: their packed ids, and what its entry says of them."""

NOTHING: Final[Refers] = (b"", NO_CONTENTS)

_Name = tuple[int, bytes]
"""A content by the key of its owner and its digest; only in memory, never stored."""


class Contents:
    """The contents of the file behind `connection`."""

    _staged: list[tuple[int, bytes, int, int, bytes, bytes, bytes]]
    _known: Recent[_Name, Kept]
    _whole: Recent[tuple[Owner, tuple[Content, ...]], Refers]
    _labels: Recent[tuple[str, ...], bytes]
    _keys: Recent[Owner, tuple[int, DataKey]]

    def __init__(self, connection: sqlite3.Connection, master: MasterKey, compressor: Compressor) -> None:
        self._connection = connection
        self._master = master
        self._compressor = compressor
        self._tags = Tags(connection)
        self._begin()

    def keep(self, batch: Sequence[Owned]) -> list[Refers]:
        """Where these contents are, in order; what isn't stored yet is by the next `flush`."""
        return [
            self._refers(owner, contents) if owner is not None and contents else NOTHING for owner, contents in batch
        ]

    def flush(self) -> None:
        """Inserts what was staged."""
        if self._staged:
            ADD_CONTENT.run(self._connection, self._staged)
            self._staged = []
            self._tags.flush()

    def forget(self) -> None:
        """After a rollback: nothing remembered may name a row that no longer is."""
        self._tags.forget()
        self._begin()

    def _begin(self) -> None:
        self._staged = []
        self._known = Recent(_CONTENTS)
        self._whole = Recent(_WHOLE)
        self._labels = Recent(_LABELINGS)
        self._keys = Recent(_KEYS)

    def _refers(self, owner: Owner, contents: tuple[Content, ...]) -> Refers:
        """Recognises one entry's contents, or stages those that are new."""
        small = _small(contents)
        if small:
            refers = self._whole.get((owner, contents))
            if refers is not None:
                return refers
        number, key = self._key(owner)
        ids: list[int] = []
        commitments: list[bytes] = []
        for content in contents:
            name = (number, digest(content.data))
            kept = self._known.get(name)
            if kept is None:
                tag = key.tag(name[1])
                kept = self._tags.find(tag) or self._stage(key, name, tag, content.data)
                self._known.put(name, kept)
            ids.append(kept[0])
            commitments.append(kept[1])
        refers = (pack(ids), reference(commitments, self._joined(contents)))
        if small:
            self._whole.put((owner, contents), refers)
        return refers

    def _joined(self, contents: tuple[Content, ...]) -> bytes:
        """Their labels, serialised: few of all there are come often."""
        names = tuple([content.label for content in contents])
        if len(names) > _LABELS:
            return joined(names)
        found = self._labels.get(names)
        if found is None:
            found = joined(names)
            self._labels.put(names, found)
        return found

    def _key(self, owner: Owner) -> tuple[int, DataKey]:
        held = self._keys.get(owner)
        if held is None:
            held = self._load(owner) or self._make(owner)
            self._keys.put(owner, held)
        return held

    def _stage(self, key: DataKey, name: _Name, tag: bytes, data: bytes) -> Kept:
        salt = os.urandom(SALT_BYTES)
        commitment = commit_digest(salt, name[1])
        sealed = key.seal(data, commitment, self._compressor)
        kept = self._tags.add(tag, commitment)
        self._staged.append((kept[0], tag, name[0], len(data), salt, commitment, sealed))
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
