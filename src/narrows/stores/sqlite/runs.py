"""Runs of the log: what its rows are found by. Owns the tables run and reference; knows places, times and names only.

An index is a page more that every commit writes. The log has none: of `RUN` rows at a time, when the last of them is
written, it is kept when its calls began and which call each row tells of, in one row. Newer rows, fewer than `RUN`,
are looked at themselves. Rows follow each other nearly, not quite, in the order of time: a call may have waited, and a
clock may step back; so a run has its earliest and latest moment, and runs may overlap.
"""

import heapq
import sqlite3
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Final
from zlib import crc32

from narrows.evidence.sealing import TAG_BYTES
from narrows.stores.sqlite.rows import ADD_REFERENCE

RUN: Final = 2048
"""`seq // RUN` is the number of a row's run."""

END: Final = 2**62
"""Beyond every place and time."""

_WORD: Final = 4
_word: Final = Struct("<I").pack

_Moment = tuple[int, int]
"""When a call began and the place of its intent."""

Find = Callable[[str], list[int]]
"""Places of one run whose rows may tell of a call: all that do, and hardly another."""


def store(connection: sqlite3.Connection, last: int) -> None:
    """Keeps the runs before the one of the log's last place; in the transaction that writes the first row beyond."""
    (following,) = connection.execute(
        "SELECT coalesce((SELECT max(number) + 1 FROM run), (SELECT min(seq) / ? FROM log))", (RUN,)
    ).fetchone()
    for number in range(following, last // RUN):
        rows = connection.execute(
            "SELECT seq, at, call, kind, names FROM log WHERE seq >= ? AND seq < ?", _places(number)
        ).fetchall()
        calls = bytearray(RUN * _WORD)
        for seq, _, call, _, _ in rows:
            if call is not None:
                place = seq % RUN * _WORD
                calls[place : place + _WORD] = _named(call)
        moments = [at for _, at, _, kind, _ in rows if kind == 1]
        connection.execute(
            "INSERT INTO run VALUES (?, ?, ?, ?)",
            (number, min(moments, default=None), max(moments, default=None), calls),
        )
        names = {names[start : start + TAG_BYTES] for *_, names in rows for start in range(0, len(names), TAG_BYTES)}
        ADD_REFERENCE.run(connection, [(number, name) for name in sorted(names)])


def received(connection: sqlite3.Connection, name: bytes) -> bool:
    """Whether an ending in this file named this reference. One probe a run: they are walked by the index, from each
    to the next; then the rows that are in no run."""
    row = connection.execute(
        "WITH RECURSIVE runs (run) AS (SELECT max(run) FROM reference UNION ALL "
        "SELECT (SELECT max(run) FROM reference WHERE run < runs.run) FROM runs WHERE run IS NOT NULL) "
        "SELECT 1 FROM runs JOIN reference ON reference.run = runs.run AND reference.tag = ? LIMIT 1",
        (name,),
    ).fetchone()
    if row is not None:
        return True
    rows = connection.execute(
        "SELECT names FROM log WHERE seq >= (SELECT coalesce(max(number) + 1, 0) * ? FROM run) AND names != x''", (RUN,)
    )
    return any(
        name == names[start : start + TAG_BYTES] for (names,) in rows for start in range(0, len(names), TAG_BYTES)
    )


class Runs:
    """The runs of one file, for a reader of it; short transactions only. What is newer than the last run is read once
    and then only what came since."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
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

    def finds(self, first: int, last: int, *, newest_first: bool = False) -> Iterator[Find]:
        """One look-up a run, for the runs with a place from `first` to `last`."""
        new = self._read_new()
        order = "DESC" if newest_first else "ASC"
        if newest_first and last >= new:
            yield self._find_new
        numbers = self._connection.execute(
            f"SELECT number FROM run WHERE number >= ? AND number <= ? ORDER BY number {order}",  # noqa: S608 - above
            (first // RUN, min(last, new - 1) // RUN),
        ).fetchall()
        for (number,) in numbers:
            row = self._connection.execute("SELECT calls FROM run WHERE number = ?", (number,)).fetchone()
            yield _finder(number * RUN, row[0])
        if not newest_first and last >= new:
            yield self._find_new

    def _spans(self, since: int, until: int, sign: int) -> list[tuple[int, int, int]]:
        """The earliest moment a run may give, as it is sorted, and its places; the first to be read comes last."""
        new = self._start()
        spans = [
            (sign * (low if sign > 0 else high), *_places(number))
            for number, low, high in self._connection.execute(
                "SELECT number, low, high FROM run WHERE number < ? AND high >= ? AND low < ?",
                (new // RUN, since, until),
            )
        ]
        (last,) = self._connection.execute("SELECT max(seq) FROM log").fetchone()
        if last is not None and last >= new:
            spans.append((-END, new, last + 1))
        spans.sort(reverse=True)
        return spans

    def _moments(self, first: int, end: int, since: int, until: int) -> list[_Moment]:
        return self._connection.execute(
            "SELECT at, seq FROM log WHERE seq >= ? AND seq < ? AND kind = 1 AND at >= ? AND at < ?",
            (first, end, since, until),
        ).fetchall()

    def _start(self) -> int:
        """The first place that is in no run."""
        (number,) = self._connection.execute("SELECT max(number) FROM run").fetchone()
        return 0 if number is None else int(number + 1) * RUN

    def _read_new(self) -> int:
        """Reads what is in no run, and gives where that begins."""
        if self._first_new is None:
            self._first_new = self._start()
            self._seen = self._first_new - 1
        for seq, call in self._connection.execute(
            "SELECT seq, call FROM log WHERE seq > ? ORDER BY seq", (self._seen,)
        ):
            self._new.setdefault(call, []).append(seq)
            self._seen = seq
        return self._first_new

    def _find_new(self, call: str) -> list[int]:
        return self._new.get(call, [])


def _places(number: int) -> tuple[int, int]:
    """Where a run begins and ends."""
    return number * RUN, (number + 1) * RUN


def _named(call: str) -> bytes:
    """A word for a call's name. Another's may be the same: whoever finds a row by it looks at the row."""
    return _word(crc32(call.encode()))


def _finder(first: int, calls: bytes) -> Find:
    def find(call: str) -> list[int]:
        places: list[int] = []
        word = _named(call)
        at = calls.find(word)
        while at >= 0:
            if at % _WORD == 0:
                places.append(first + at // _WORD)
            at = calls.find(word, at + 1)
        return places

    return find
