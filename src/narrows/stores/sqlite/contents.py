"""Contents of one journal file: each stored once a (principal, connection), sealed. Owns the tables content and keys.

Used by the writer for each transaction: `keep` stages, `flush` inserts, `forget` drops what a rollback undid. Nothing
is written before `flush`, so that a batch without new contents needs no more than its own row.
"""

import os
import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.evidence.canonical import joined, reference
from narrows.evidence.commitments import SALT_BYTES, commit_digest, digest
from narrows.evidence.entries import NO_CONTENTS
from narrows.evidence.sealing import NONCE_BYTES, Compressor, DataKey, MasterKey
from narrows.model.record import Content
from narrows.policy.recent import Recent
from narrows.stores.sqlite import packs
from narrows.stores.sqlite.rows import ADD_CONTENT, ADD_KEY
from narrows.stores.sqlite.schema import pack
from narrows.stores.sqlite.tags import Kept, Tags

_CONTENTS: Final = 8192
_KEYS: Final = 4096

_WHOLE: Final = 1024
_WHOLE_COUNT: Final = 4
_WHOLE_BYTES: Final = 4096
"""Small requests and replies that come again and again are recognised as a whole, before any of their parts is
hashed; so many of them, of so many contents and bytes."""

_SHORT: Final = 512
"""Contents of so many bytes are recognised by themselves, which costs less than their digest."""

_RANDOM: Final = 4096
"""So many bytes for salts and nonces are asked of the kernel at once."""

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
"""A content by the key of its owner and its digest; a short one by the key's complement and its bytes, since a text
may be another's digest. Only in memory, never stored."""


class Contents:
    """The contents of the file behind `connection`."""

    _staged: list[packs.Row]
    _staged_keys: list[tuple[int, bytes, str, str, bytes]]
    _items: list[bytes]
    _texts: list[bytes]
    _known: Recent[_Name, Kept]
    _whole: Recent[Owned, Refers]
    _labels: Recent[tuple[str, ...], bytes]
    _keys: Recent[Owner, tuple[int, DataKey]]

    def __init__(self, connection: sqlite3.Connection, master: MasterKey, compressor: Compressor) -> None:
        self._connection = connection
        self._master = master
        self._compressor = compressor
        self._tags = Tags(connection)
        self._random, self._used = b"", 0
        self._begin()

    def keep(self, batch: Sequence[Owned]) -> list[Refers]:
        """Where these contents are, in order; what isn't stored yet is by the next `flush`."""
        out = [NOTHING] * len(batch)
        new: dict[Owner, list[int]] = {}
        for index, owned in enumerate(batch):
            owner, contents = owned
            if owner is None or not contents:
                continue
            known = self._whole.get(owned) if len(contents) <= _WHOLE_COUNT and _small(contents) else None
            if known is not None:
                out[index] = known
            elif owner in new:
                new[owner].append(index)
            else:
                new[owner] = [index]
        # An owner's new contents are one pack, so their ids must follow each other.
        for owner, indexes in new.items():
            number, key = self._key(owner)
            for index in indexes:
                out[index] = self._refers(owner, number, key, batch[index][1])
            if self._items:
                self._seal(number, key)
        return out

    @property
    def staged(self) -> bool:
        """Whether `flush` has something to insert."""
        return bool(self._staged or self._staged_keys)

    def flush(self) -> None:
        """Inserts what was staged."""
        if self._staged_keys:
            ADD_KEY.run(self._connection, self._staged_keys)
            self._staged_keys = []
        if self._staged:
            ADD_CONTENT.run(self._connection, self._staged)
            self._staged = []
            self._tags.flush()

    def forget(self) -> None:
        """After a rollback: nothing remembered may name a row that no longer is."""
        self._tags.forget()
        self._begin()

    def _begin(self) -> None:
        self._staged, self._staged_keys = [], []
        self._items, self._texts, self._size = [], [], 0
        self._known = Recent(_CONTENTS)
        self._whole = Recent(_WHOLE)
        self._labels = Recent(_LABELINGS)
        self._keys = Recent(_KEYS)
        (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM keys").fetchone()
        self._last_key = int(last)

    def _refers(self, owner: Owner, number: int, key: DataKey, contents: tuple[Content, ...]) -> Refers:
        """Recognises an entry's contents one by one, or stages those that are new."""
        known = self._known
        last = self._tags.last
        ids: list[int] = []
        commitments: list[bytes] = []
        for content in contents:
            data = content.data
            hashed = b"" if len(data) <= _SHORT else digest(data)
            name = (number, hashed) if hashed else (~number, data)
            kept = known.get(name)
            if kept is None:
                hashed = hashed or digest(data)
                tag = key.tag(hashed)
                kept = self._tags.find(tag) or self._stage(number, key, tag, hashed, data)
                known.put(name, kept)
            ids.append(kept[0])
            commitments.append(kept[1])
        refers = (pack(ids), reference(commitments, self._joined(contents)))
        # What has just come for the first time hardly comes again; what has come before may go on.
        if self._tags.last == last and len(contents) <= _WHOLE_COUNT and _small(contents):
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

    def _stage(self, number: int, key: DataKey, tag: bytes, hashed: bytes, data: bytes) -> Kept:
        """Adds a content to the pack that is being filled."""
        size = len(data)
        if self._items and (len(self._items) >= packs.MOST or self._size + size > packs.MOST_BYTES):
            self._seal(number, key)
        salt = self._new_random(SALT_BYTES)
        commitment = commit_digest(salt, hashed)
        self._items.append(packs.ITEM.pack(tag, salt, commitment, size))
        self._texts.append(data)
        self._size += size
        return self._tags.add(tag, commitment)

    def _seal(self, number: int, key: DataKey) -> None:
        """The pack is done: its contents are the newest ones."""
        items = b"".join(self._items)
        sealed = key.seal(b"".join(self._texts), items, self._compressor, self._new_random(NONCE_BYTES))
        self._staged.append((self._tags.last - len(self._items) + 1, number, items, sealed))
        self._items, self._texts, self._size = [], [], 0

    def _new_random(self, count: int) -> bytes:
        """Random bytes, each given once."""
        start = self._used
        end = start + count
        if end > len(self._random):
            self._random, start, end = os.urandom(_RANDOM), 0, count
        self._used = end
        return self._random[start:end]

    def _load(self, owner: Owner) -> tuple[int, DataKey] | None:
        row = self._connection.execute(
            "SELECT id, name, wrapped FROM keys WHERE principal = ? AND connection = ?", owner
        ).fetchone()
        return None if row is None else (row[0], self._master.unwrap(row[1], row[2], *owner))

    def _make(self, owner: Owner) -> tuple[int, DataKey]:
        key, wrapped = self._master.new_key(*owner)
        self._last_key += 1
        self._staged_keys.append((self._last_key, key.name, *owner, wrapped))
        return self._last_key, key


def _small(contents: tuple[Content, ...]) -> bool:
    """Of few contents: whether they have few bytes."""
    size = 0
    for content in contents:
        size += len(content.data)
    return size <= _WHOLE_BYTES
