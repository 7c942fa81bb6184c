"""Which contents a journal file holds already, by their tags. Owns the tables tags and filter.

A unique index on tags would dirty a page at random for each new content, and read one to see that it is new. Here a
new content costs neither: its tag goes into its row and into memory, and whenever another `RUN` ids are used up, what
their tags begin with is stored in one piece. Which runs may hold a tag is asked of a Bloom filter: for each of 2¹⁶
positions it has the set of the runs, of a group of 64, with a tag at that position, so that four look-ups rule out
64 runs at once. Bits of contents that a rollback undid stay set; like any false hit they cost a look at a run.

Bounded: the tags of one run, a few runs that were read last, and 512 KiB for each of the newest `_GROUPS` groups. What
is older is not found again: only of more than two million contents in one file would one be stored a second time.
"""

import sqlite3
from array import array
from struct import Struct
from typing import Final

from narrows.policy.recent import Recent
from narrows.stores.sqlite import packs, schema

RUN: Final = 2048
"""So many ids make a run: `id // RUN` is its number."""

GROUP: Final = 64
"""So many runs share a filter, a bit each."""

_GROUPS: Final = 16
_RUNS_READ: Final = 32

_PREFIX: Final = 8
"""Bytes of a tag that its run keeps. Tags that begin alike are told apart by their rows."""

_POSITIONS: Final = 1 << 16
_positions: Final = Struct("<4H")

Kept = tuple[int, bytes]
"""A content's id in its file, and its commitment."""


class Tags:
    """The tags of the file behind `connection`; used inside the writer's transactions, as contents are."""

    last: int
    """The last id used."""

    _recent: dict[bytes, Kept]
    _run: int
    _read: Recent[int, bytes]

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        (run,) = connection.execute("SELECT max(run) FROM tags").fetchone()
        newest = 0 if run is None else run // GROUP
        self._filters = {group: self._load(group) for group in range(max(newest - _GROUPS + 1, 0), newest + 1)}
        self.forget()

    def find(self, tag: bytes) -> Kept | None:
        """The content with this tag, if the file has one."""
        kept = self._recent.get(tag)
        if kept is not None:
            return kept
        first, second, third, fourth = _positions.unpack_from(tag)
        for group in reversed(self._filters):
            bits = self._filters[group]
            runs = bits[first] & bits[second] & bits[third] & bits[fourth]
            while runs:
                newest = runs.bit_length() - 1
                runs ^= 1 << newest
                kept = self._look(group * GROUP + newest, tag)
                if kept is not None:
                    return kept
        return None

    def add(self, tag: bytes, commitment: bytes) -> Kept:
        """A new content, which the caller inserts in this transaction."""
        self.last += 1
        kept = (self.last, commitment)
        self._recent[tag] = kept
        return kept

    def flush(self) -> None:
        """Stores the runs whose ids are used up."""
        while self.last // RUN > self._run:
            self._store()
            self._run += 1

    def forget(self) -> None:
        """After a rollback: nothing remembered may name a row that no longer is."""
        self._read = Recent(_RUNS_READ)
        (run,) = self._connection.execute("SELECT max(run) FROM tags").fetchone()
        self._run = 0 if run is None else run + 1
        self._recent = {}
        self.last = max(self._run * RUN - 1, 0)
        for item in packs.items(self._connection, self._run * RUN):
            self._recent[item.tag] = (item.id, item.commitment)
            self.last = item.id

    def _store(self) -> None:
        """The run that is used up: what its tags begin with, in the order of their ids, and the filter's bits of it.
        Until now its tags were found by themselves, so neither was needed."""
        first, following = self._run * RUN, (self._run + 1) * RUN
        group, run = divmod(self._run, GROUP)
        bits = self._filters.get(group)
        if bits is None:
            bits = self._filters[group] = self._load(group)
            self._filters.pop(group - _GROUPS, None)
        data = bytearray(RUN * _PREFIX)
        bit = 1 << run
        later: dict[bytes, Kept] = {}
        for tag, kept in self._recent.items():
            if kept[0] >= following:
                later[tag] = kept
                continue
            place = (kept[0] - first) * _PREFIX
            data[place : place + _PREFIX] = tag[:_PREFIX]
            for position in _positions.unpack_from(tag):
                bits[position] |= bit
        self._recent = later
        self._connection.execute("INSERT INTO tags VALUES (?, ?)", (self._run, data))
        if run == GROUP - 1:
            self._connection.execute("INSERT INTO filter VALUES (?, ?)", (group, bytearray(bits.tobytes())))

    def _look(self, run: int, tag: bytes) -> Kept | None:
        """Whether the tag is in this run indeed."""
        data = self._read.get(run)
        if data is None:
            row = self._connection.execute("SELECT tags FROM tags WHERE run = ?", (run,)).fetchone()
            if row is None:
                return None
            data = bytes(row[0])
            self._read.put(run, data)
        prefix = tag[:_PREFIX]
        at = data.find(prefix)
        while at >= 0:
            place, inside = divmod(at, _PREFIX)
            if not inside:
                item = packs.item(self._connection, run * RUN + place)
                if item is not None and item.tag == tag:
                    return (item.id, item.commitment)
            at = data.find(prefix, at + 1)
        return None

    def _load(self, group: int) -> "array[int]":
        """A group's filter as it was stored, or made anew of the runs there are."""
        bits = _empty()
        row = self._connection.execute("SELECT bits FROM filter WHERE number = ?", (group,)).fetchone()
        if row is not None:
            if len(row[0]) != len(bits) * bits.itemsize:
                raise schema.SchemaUnknown("a filter of contents is damaged")
            return array("Q", row[0])
        for run, tags in self._connection.execute(
            "SELECT run, tags FROM tags WHERE run >= ? AND run < ?", (group * GROUP, (group + 1) * GROUP)
        ):
            bit = 1 << run % GROUP
            for first, second, third, fourth in _positions.iter_unpack(tags):
                bits[first] |= bit
                bits[second] |= bit
                bits[third] |= bit
                bits[fourth] |= bit
        return bits


def _empty() -> "array[int]":
    return array("Q", bytes(8 * _POSITIONS))
