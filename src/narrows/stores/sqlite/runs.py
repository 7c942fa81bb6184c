"""Runs of the log: what its rows are found by. Owns the tables run and reference; knows places, times and names only.

An index is a page more that every commit writes. The log has none: of `RUN` rows at a time, when the last of them is
written, it is kept when its calls began and which call each row tells of, in one row. Newer rows, fewer than `RUN`,
are looked at themselves. Rows follow each other nearly, not quite, in the order of time: a call may have waited, and a
clock may step back; so a run has its earliest and latest moment, and runs may overlap.
"""

import heapq
import sqlite3
from collections.abc import Callable, Iterator
from itertools import chain
from struct import Struct, pack_into
from typing import Final
from zlib import crc32

from narrows.evidence.entries import Kind
from narrows.evidence.sealing import TAG_BYTES
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.logtable import Log

RUN: Final = 1024
"""`seq // RUN` is the number of a row's run."""

END: Final = 2**62
"""Beyond every place and time."""

_WORD: Final = 4
_SEARCHED: Final = 64
"""Runs of which a transaction reads the names."""

_word: Final = Struct("<I").pack

_OLDEST: Final = "SELECT number, calls FROM run WHERE number >= ? AND number <= ? ORDER BY number LIMIT 1"
_NEWEST: Final = "SELECT number, calls FROM run WHERE number >= ? AND number <= ? ORDER BY number DESC LIMIT 1"

_Moment = tuple[int, int]
"""When a call began and the place of its intent."""

Find = Callable[[str], list[int]]
"""Places of one run whose rows may tell of a call: all that do, and hardly another."""


class Filling:
    """The run that is not full yet, remembered by the writer; used inside its transactions, as contents are. What a
    run keeps is worked out when it is full, for all its entries at once."""

    _number: int
    _first: int
    _calls: list[list[str | None]]
    _moments: list[list[int]]
    _names: list[list[bytes]]

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.forget()

    def ends(self, last: int) -> bool:
        """Whether a row of a run is written when the log goes on to this place."""
        return self._number >= 0 and last // RUN != self._number

    def add(self, first: int, calls: list[str | None], moments: list[int], names: list[bytes]) -> None:
        """Entries that this transaction writes from the place `first` on: the call of each, when it began if it is an
        intent, else a negative number, and the names that it tells of. Whatever run they go beyond is kept. The lists
        are the run's from now on."""
        start, count = 0, len(calls)
        if count and first // RUN == (first + count - 1) // RUN == self._number:
            self._calls.append(calls)
            self._moments.append(moments)
            self._names.append(names)
            return
        while start < count:
            number = (first + start) // RUN
            if number != self._number:
                self._keep()
                self._begin(first + start)
            end = min((number + 1) * RUN - first, count)
            self._calls.append(calls[start:end])
            self._moments.append(moments[start:end])
            self._names.append(names[start:end])
            start = end

    def forget(self) -> None:
        """After a rollback: what is remembered is what the file has."""
        entries = list(Log(self._connection).after(_start(self._connection) - 1))
        self._begin(entries[0].seq if entries else -1)
        for entry in entries:
            self.add(entry.seq, [entry.call], [entry.at if entry.kind == Kind.OPENED else -1], [entry.names])

    def _begin(self, first: int) -> None:
        self._number = first // RUN
        self._first = first % RUN
        self._calls, self._moments, self._names = [], [], []

    def _keep(self) -> None:
        if self._number < 0:
            return
        words = [0 if call is None else crc32(call.encode()) for call in chain.from_iterable(self._calls)]
        calls = bytearray(RUN * _WORD)
        pack_into(f"<{len(words)}I", calls, self._first * _WORD, *words)
        began = [at for at in chain.from_iterable(self._moments) if at >= 0]
        low, high = (min(began), max(began)) if began else (None, None)
        self._connection.execute("INSERT INTO run VALUES (?, ?, ?, ?)", (self._number, low, high, calls))
        names = bytearray()
        for name in split(b"".join(chain.from_iterable(self._names))):
            names += name[:_WORD]
        if names:
            self._connection.execute("INSERT INTO reference VALUES (?, ?)", (self._number, names))


def received(connection: sqlite3.Connection, name: bytes) -> bool:
    """Whether an ending in this file named this reference: in a run, of which only those are read that have a name that
    begins alike, or in the rows that are in no run."""
    if schema.version(connection) > schema.NAMED:
        if any(_tells(connection, *_places(run), name) for run in _likely(connection, name[:_WORD])):
            return True
    elif _indexed(connection, name):
        return True
    return _tells(connection, _start(connection), END, name)


def _tells(connection: sqlite3.Connection, first: int, end: int, name: bytes) -> bool:
    """Whether one of these entries tells of the name."""
    for entry in Log(connection).after(first - 1):
        if entry.seq >= end:
            break
        if entry.names and name in split(entry.names):
            return True
    return False


def _likely(connection: sqlite3.Connection, word: bytes) -> Iterator[int]:
    """The runs in which a name begins with this word, the newest first; some of them in a transaction."""
    before = END
    while rows := connection.execute(
        "SELECT run, names FROM reference WHERE run < ? ORDER BY run DESC LIMIT ?", (before, _SEARCHED)
    ).fetchall():
        for run, names in rows:
            at = names.find(word)
            while at >= 0 and at % _WORD:
                at = names.find(word, at + 1)
            if at >= 0:
                yield run
        before = rows[-1][0]


def _indexed(connection: sqlite3.Connection, name: bytes) -> bool:
    """The same in a file of a format before: one probe a run, walked by the index, from each to the next."""
    row = connection.execute(
        "WITH RECURSIVE runs (run) AS (SELECT max(run) FROM reference UNION ALL "
        "SELECT (SELECT max(run) FROM reference WHERE run < runs.run) FROM runs WHERE run IS NOT NULL) "
        "SELECT 1 FROM runs JOIN reference ON reference.run = runs.run AND reference.tag = ? LIMIT 1",
        (name,),
    ).fetchone()
    return row is not None


def split(names: bytes) -> list[bytes]:
    """The names that a row of the log holds."""
    return [names[start : start + TAG_BYTES] for start in range(0, len(names), TAG_BYTES)]


class Runs:
    """The runs of one file, for a reader of it; short transactions only. What is newer than the last run is read once
    and then only what came since."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._log = Log(connection)
        self._first_new: int | None = None
        self._seen = 0
        self._new: dict[str, list[int]] = {}

    def opened(self, since: int, until: int, *, newest_first: bool) -> Iterator[int]:
        """The places of the intents of a time, in the order of their moments and places. Those that are written after
        the first was asked for may be left out."""
        sign = -1 if newest_first else 1
        spans = self._spans(since, until, sign)
        ready: list[_Moment] = []
        while spans or ready:
            # A run is read before anything that might come after one of its rows is given.
            while spans and (not ready or spans[-1][0] <= ready[0][0]):
                _, first, end = spans.pop()
                for at, seq in self._moments(first, end, since, until):
                    heapq.heappush(ready, (sign * at, sign * seq))
            if ready:
                yield sign * heapq.heappop(ready)[1]

    def span(self, since: int, until: int) -> tuple[int, int] | None:
        """Where the intents of a time begin and by where they have ended, with others between them; None: there are
        none of that time."""
        spans = [
            (first, end)
            for moment, first, end in self._spans(since, until, 1)
            if moment != -END or self._moments(first, end, since, until)
        ]
        return (min(first for first, _ in spans), max(end for _, end in spans)) if spans else None

    def finds(self, first: int, last: int, *, newest_first: bool = False) -> Iterator[Find]:
        """One look-up a run, for the runs with a place from `first` to `last`."""
        new = self._read_new()
        if newest_first and last >= new:
            yield self._find_new
        low, high = first // RUN, min(last, new - 1) // RUN
        statement = _NEWEST if newest_first else _OLDEST
        while (row := self._connection.execute(statement, (low, high)).fetchone()) is not None:
            number, calls = row
            yield _finder(number * RUN, calls)
            low, high = (low, number - 1) if newest_first else (number + 1, high)
        if not newest_first and last >= new:
            yield self._find_new

    def _spans(self, since: int, until: int, sign: int) -> list[tuple[int, int, int]]:
        """The earliest moment a run may give, as it is sorted, and its places; the first to be read comes last."""
        new = _start(self._connection)
        spans = [
            (sign * (low if sign > 0 else high), *_places(number))
            for number, low, high in self._connection.execute(
                "SELECT number, low, high FROM run WHERE number < ? AND high >= ? AND low < ?",
                (new // RUN, since, until),
            )
        ]
        last = self._log.last()
        if last >= new:
            spans.append((-END, new, last + 1))
        spans.sort(reverse=True)
        return spans

    def _moments(self, first: int, end: int, since: int, until: int) -> list[_Moment]:
        moments: list[_Moment] = []
        for entry in self._log.after(first - 1):
            if entry.seq >= end:
                break
            if entry.kind == Kind.OPENED and since <= entry.at < until:
                moments.append((entry.at, entry.seq))
        return moments

    def _read_new(self) -> int:
        """Reads what is in no run, and gives where that begins."""
        if self._first_new is None:
            self._first_new = _start(self._connection)
            self._seen = self._first_new - 1
        for entry in self._log.after(self._seen):
            if entry.call is not None:
                self._new.setdefault(entry.call, []).append(entry.seq)
            self._seen = entry.seq
        return self._first_new

    def _find_new(self, call: str) -> list[int]:
        return self._new.get(call, [])


def _start(connection: sqlite3.Connection) -> int:
    """The first place that is in no run."""
    (number,) = connection.execute("SELECT max(number) FROM run").fetchone()
    return 0 if number is None else int(number + 1) * RUN


def _places(number: int) -> tuple[int, int]:
    """Where a run begins and ends."""
    return number * RUN, (number + 1) * RUN


def _finder(first: int, calls: bytes) -> Find:
    def find(call: str) -> list[int]:
        places: list[int] = []
        word = _word(crc32(call.encode()))
        at = calls.find(word)
        while at >= 0:
            if at % _WORD == 0:
                places.append(first + at // _WORD)
            at = calls.find(word, at + 1)
        return places

    return find
