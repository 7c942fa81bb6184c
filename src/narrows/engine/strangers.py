"""Counts refusals of unauthenticated requests per minute, source and reason: strangers get no record each."""

from collections import Counter
from typing import Final

from narrows.model.record import Strangers
from narrows.model.refusal import Code
from narrows.ports.journal import Journal

_MINUTE: Final = 60_000_000
_SOURCES: Final = 10_000
"""Distinct (address, reason) pairs kept for one minute; the rest is counted as `other`."""


class StrangerCounts:
    """The counts of the running minute; flushed to the journal when it is over and on shutdown."""

    __slots__ = ("_counts", "_journal", "_minute")

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._minute = 0
        self._counts: Counter[tuple[str, Code]] = Counter()

    def add(self, now: int, address: str, code: Code) -> None:
        """Counts one refusal; `now` in Unix microseconds."""
        self.tick(now)
        key = (address, code)
        if key not in self._counts and len(self._counts) >= _SOURCES:
            key = ("other", code)
        self._counts[key] += 1

    def tick(self, now: int) -> None:
        """Flushes if the minute is over."""
        minute = now // _MINUTE
        if minute != self._minute:
            self.flush()
            self._minute = minute

    def flush(self) -> None:
        """Writes what was counted."""
        if self._counts:
            rows = [Strangers(self._minute, address, code, n) for (address, code), n in self._counts.items()]
            self._counts.clear()
            self._journal.strangers(rows)
