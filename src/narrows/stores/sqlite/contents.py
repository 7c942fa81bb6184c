"""Contents of one journal file: each stored once a (principal, connection), sealed. Owns the tables content and keys.

Used inside the writer's transactions: `keep` stages, `flush` inserts, `forget` drops what a rollback undid.
"""

import os
import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.evidence.canonical import references
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

Owner = tuple[str, str]
"""Principal key and connection."""

Owned = tuple[Owner | None, tuple[Content, ...]]
"""The contents of one entry, and whose they are; nobody's are not kept."""

Refers = tuple[bytes, msgspec.Raw]
"""What a log row keeps of its contents: their packed ids, and what its entry says of them."""

NOTHING: Final[Refers] = (b"", NO_CONTENTS)

_Name = tuple[int, bytes]
"""A content by the key of its owner and its digest; only in memory, never stored."""

_Unknown = tuple[int, Owner, tuple[Content, ...], list[_Name]]


class Contents:
    """The contents of the file behind `connection`."""

    _staged: list[tuple[int, bytes, int, int, bytes, bytes, bytes]]
    _known: Recent[_Name, Kept]
    _whole: Recent[tuple[Owner, tuple[Content, ...]], Refers]
    _keys: Recent[Owner, tuple[int, DataKey]]

    def __init__(self, connection: sqlite3.Connection, master: MasterKey, compressor: Compressor) -> None:
        self._connection = connection
        self._master = master
        self._compressor = compressor
        self._tags = Tags(connection)
        self._begin()

    def keep(self, batch: Sequence[Owned]) -> list[Refers]:
        """Where these contents are, in order; what isn't stored yet is by the next `flush`."""
        out: list[Refers] = []
        unknown: list[_Unknown] = []
        here: dict[_Name, Kept | None] = {}
        for owner, contents in batch:
            if owner is None or not contents:
                out.append(NOTHING)
                continue
            refers = self._whole.get((owner, contents)) if _small(contents) else None
            if refers is None:
                key_id, _ = self._key(owner)
                names = [(key_id, digest(content.data)) for content in contents]
                for name in names:
                    if name not in here:
                        here[name] = self._known.get(name)
                unknown.append((len(out), owner, contents, names))
                refers = NOTHING
            out.append(refers)
        if unknown:
            self._complete(unknown, here, out)
        return out

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
        self._keys = Recent(_KEYS)

    def _complete(self, unknown: list[_Unknown], here: dict[_Name, Kept | None], out: list[Refers]) -> None:
        """Finds or stages what wasn't remembered, and puts what refers to it in its places."""
        keys = dict(self._key(owner) for _, owner, _, _ in unknown)
        for place, owner, contents, names in unknown:
            ids: list[int] = []
            labelled: list[tuple[str, bytes]] = []
            for content, name in zip(contents, names, strict=True):
                kept = here[name]
                if kept is None:
                    key = keys[name[0]]
                    tag = key.tag(name[1])
                    kept = here[name] = self._tags.find(tag) or self._stage(key, name, tag, content.data)
                self._known.put(name, kept)
                ids.append(kept[0])
                labelled.append((content.label, kept[1]))
            refers = out[place] = (pack(ids), references(labelled))
            if _small(contents):
                self._whole.put((owner, contents), refers)

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
