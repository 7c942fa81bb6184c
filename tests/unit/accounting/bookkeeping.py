"""Counters of each kind, moments, reservations, and a store such as a ledger has, for the book's tests."""

from collections.abc import Mapping
from typing import Any

from narrows.accounting.book import Book
from narrows.accounting.counters import name
from narrows.accounting.sums import CalendarSums, RollingSums, Sums
from narrows.accounting.tally import Kept
from narrows.accounting.windows import DAY, HOUR, MINUTE
from narrows.model.limits import AgentCap, Budget, Concurrency, Per, Rate, Scope, Unit, Window
from narrows.model.reservation import Counter, Refused, Wanted

NOON = 20_000 * DAY + 12 * HOUR
"""On some day in 2024, in UTC."""

MIDNIGHT = 20_001 * DAY
CALENDAR_DAY = Window(Per.DAY)
ROLLING_DAY = Window(Per.DAY, rolling=True)


def budget(limit: int, window: Window = CALENDAR_DAY, subject: str = "corp:alice", **more: Any) -> Counter:
    of = Budget("p", Unit.TOKENS, window, Scope.USER, limit, **more)
    return Counter(name("p", Unit.TOKENS, window, Scope.USER, subject), of, subject)


def rate(limit: int, period: int = MINUTE, **more: Any) -> Counter:
    return Counter(f"p|tokens|rate {period}|user|alice", Rate("p", Unit.TOKENS, limit, period, **more), "alice")


def running(limit: int, **more: Any) -> Counter:
    return Counter("p|at once||user|alice", Concurrency("p", limit, **more), "alice")


def agents(limit: int | None, **more: Any) -> Counter:
    return Counter("p|agents|5|user|alice", AgentCap("p", limit, 5 * MINUTE, **more), "alice")


def want(id_: str, at: int, *of: tuple[Counter, int], agent: str = "") -> Wanted:
    return Wanted(id_, at, tuple(counter for counter, _ in of), tuple(amount for _, amount in of), agent)


def sums(book: Book, counter: Counter, at: int) -> tuple[int, int]:
    (standing,) = book.standing([counter], at)
    return standing.used, standing.held


def refused(answer: object) -> Refused:
    assert isinstance(answer, Refused)
    return answer


class Store:
    """What a ledger keeps: the sums that changes told, and how often each was asked for."""

    def __init__(self) -> None:
        self.sums: dict[str, dict[int, int]] = {}
        self.asked: list[str] = []

    def load(self, counter: str) -> Mapping[int, int]:
        self.asked.append(counter)
        return self.sums.get(counter, {})

    def take(self, book: Book) -> None:
        for counter, bucket, used in changes(book):
            self.sums.setdefault(counter, {})[bucket] = used


def changes(book: Book) -> list[tuple[str, int, int]]:
    """Name, start of the bucket and what has settled there, of what has since the last time."""
    found = [
        (tally.name, *change)
        for tally in book._tallies.values()
        if isinstance(tally, Sums) and tally.durable
        for change in changed(book._kept, tally)
    ]
    book.turn()
    return found


def changed(kept: Kept, sums: Sums) -> list[tuple[int, int]]:
    """Start and what has settled, of the buckets that have changed in this round."""
    if isinstance(sums, CalendarSums):
        buckets = [sums.bucket, *(sums._others or {}).values()]
    else:
        assert isinstance(sums, RollingSums)
        buckets = list(sums._buckets.values())
    return [(bucket.start, bucket.used) for bucket in buckets if bucket.changed == kept.round]
