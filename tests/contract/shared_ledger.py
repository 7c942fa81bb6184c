"""A Ledger that answers later: its sums are in a database that others might share, and its connection is often lost.

What one turn of the event loop asks goes to a thread, in one transaction. A transaction that fails may have been made
all the same, so all of it is asked again, by the same ids. It is what a ledger of several gates has to be, made as
plainly as possible: the tests of the port and of the controls run on it.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec

from narrows.accounting import windows
from narrows.model.limits import AgentCap, Budget, Concurrency, Rate
from narrows.model.reservation import Answer, Counter, Granted, Refused, Settled, Standing, Wanted
from narrows.ports.ledger import LedgerUnavailable

TRIES = 4
"""So often a transaction is tried."""

FINE, BEFORE, AFTER = "fine", "before", "after"
"""What becomes of a transaction: it is made, its connection is lost before anything is done, or after all of it is."""

USUAL = (FINE, AFTER, BEFORE, FINE, BEFORE, AFTER, AFTER)

TABLES = """
CREATE TABLE part (id TEXT, place INTEGER, counter TEXT, bucket INTEGER, held INTEGER, agent TEXT, kind TEXT,
                   PRIMARY KEY (id, place)) STRICT;
CREATE TABLE sums (counter TEXT, bucket INTEGER, used INTEGER, PRIMARY KEY (counter, bucket)) STRICT;
CREATE TABLE agent (counter TEXT, agent TEXT, last INTEGER, PRIMARY KEY (counter, agent)) STRICT;
CREATE TABLE granted (id TEXT PRIMARY KEY, answer TEXT) STRICT;
"""

Op = Callable[[sqlite3.Connection], Any]


class ConnectionLost(Exception):
    """Nobody knows what became of the transaction."""


class SharedLedger:
    """`fates`: what becomes of its transactions, one after the other."""

    def __init__(self, path: Path, fates: Sequence[str] = USUAL) -> None:
        self.path = path
        self.fates: Iterator[str] = cycle(fates)
        self.transactions = 0
        self._asked: list[tuple[Op, asyncio.Future[Any], bool]] = []
        self._sending: asyncio.Task[None] | None = None
        self._here: sqlite3.Connection | None = None

    async def start(self) -> None:
        self._thread = ThreadPoolExecutor(1, "shared-ledger")
        self._there = await asyncio.wrap_future(self._thread.submit(self._connect))
        self._here = sqlite3.connect(self.path, isolation_level=None)

    async def stop(self) -> None:
        await self.idle()
        if self._here is not None:
            self._here.close()
        self._here = None
        self._thread.submit(self._there.close).result()
        self._thread.shutdown()

    async def idle(self) -> None:
        """Until all that was asked is done."""
        while self._sending is not None:
            await asyncio.wait([self._sending])

    def reserve(self, wanted: Sequence[Wanted]) -> Awaitable[Sequence[Answer]]:
        return self._ask(lambda run: [_once(run, "held", one, _reserve) for one in wanted])

    def count(self, wanted: Sequence[Wanted]) -> Awaitable[Sequence[Answer]]:
        return self._ask(lambda run: [_once(run, "counted", one, _count) for one in wanted])

    def settle(self, settled: Sequence[Settled]) -> Awaitable[None] | None:
        if self._here is None:
            return None
        return self._ask(lambda run: [_settle(run, one) for one in settled], stubborn=True)

    def standing(self, counters: Sequence[Counter], at: int) -> Sequence[Standing]:
        run = self._copy()
        return [Standing(one, *_sums(run, one, at, at), _resets(run, one, at)) for one in counters]

    def taken(self, counters: Sequence[Counter], at: int) -> Sequence[int]:
        return [number for one in self.standing(counters, at) for number in (one.used + one.held, one.resets)]

    def has_room(self, counters: tuple[Counter, ...], at: int) -> bool:
        return all(one.used + one.held < (one.counter.limit.limit or 1 << 62) for one in self.standing(counters, at))

    def free(self, counter: Counter, at: int) -> int | None:
        return at if self.has_room((counter,), at) else _free(self._copy(), counter, at, 1)

    def _copy(self) -> sqlite3.Connection:
        """The copy that is here; it is never late."""
        if self._here is None:
            raise LedgerUnavailable("the ledger is not running")
        return self._here

    def _ask(self, op: Op, *, stubborn: bool = False) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        if self._here is None:
            future.set_exception(LedgerUnavailable("the ledger is not running"))
            return future
        self._asked.append((op, future, stubborn))
        if self._sending is None:
            self._sending = loop.create_task(self._send())
        return future

    async def _send(self) -> None:
        """Sends what was asked until nothing is left. What must not be lost goes first the next time."""
        try:
            while self._asked:
                batch, self._asked = self._asked, []
                try:
                    answers = await self._tried([op for op, _, _ in batch])
                except ConnectionLost:
                    self._asked = [one for one in batch if one[2]] + self._asked
                    for _, future, stubborn in batch:
                        if not stubborn and not future.done():
                            future.set_exception(LedgerUnavailable("the database does not answer"))
                    continue
                for (_, future, _), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
        finally:
            self._sending = None

    async def _tried(self, ops: Sequence[Op]) -> list[Any]:
        for _ in range(TRIES - 1):
            try:
                return await asyncio.wrap_future(self._thread.submit(self._transact, ops))
            except ConnectionLost:
                continue
        return await asyncio.wrap_future(self._thread.submit(self._transact, ops))

    def _connect(self) -> sqlite3.Connection:
        run = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        run.execute("PRAGMA journal_mode = WAL")
        run.execute("PRAGMA synchronous = OFF")
        run.executescript(TABLES)
        return run

    def _transact(self, ops: Sequence[Op]) -> list[Any]:
        fate, run = next(self.fates), self._there
        if fate == BEFORE:
            raise ConnectionLost
        self.transactions += 1
        run.execute("BEGIN IMMEDIATE")
        answers = [op(run) for op in ops]
        run.execute("COMMIT")
        if fate == AFTER:
            raise ConnectionLost
        return answers


def _once(
    run: sqlite3.Connection, kind: str, wanted: Wanted, do: Callable[[sqlite3.Connection, Wanted], None]
) -> Answer:
    """The same answer to the same id, if it was granted."""
    names = {one.name: one for one in wanted.counters}
    row = run.execute("SELECT answer FROM granted WHERE id = ?", (f"{kind} {wanted.id}",)).fetchone()
    if row is not None:
        over, soft = msgspec.json.decode(row[0])
        return Granted(tuple(names[name] for name in over), tuple(names[name] for name in soft))
    answer = _room(run, wanted)
    if isinstance(answer, Granted):
        do(run, wanted)
        told = msgspec.json.encode([[one.name for one in answer.over], [one.name for one in answer.soft]]).decode()
        run.execute("INSERT INTO granted VALUES (?, ?)", (f"{kind} {wanted.id}", told))
    return answer


def _room(run: sqlite3.Connection, wanted: Wanted) -> Answer:
    over, soft, now = [], [], wanted.now or wanted.at
    for counter, amount in zip(wanted.counters, wanted.amounts, strict=True):
        limit = counter.limit
        used, held = _sums(run, counter, wanted.at, now, but=wanted.agent)
        wants = amount if isinstance(limit, Budget | Rate) else 1
        if limit.limit is not None and used + held + wants > limit.limit:
            if not limit.observe:
                at = wanted.at if isinstance(limit, Budget) else now
                free, others = _free(run, counter, at, wants), _others(run, wanted, counter)
                return Refused(counter, used, held, wants, free, others)
            over.append(counter)
        if isinstance(limit, Budget) and limit.soft is not None and used + held < limit.soft <= used + held + amount:
            soft.append(counter)
    return Granted(tuple(over), tuple(soft))


def _reserve(run: sqlite3.Connection, wanted: Wanted) -> None:
    now = wanted.now or wanted.at
    for place, (counter, amount) in enumerate(zip(wanted.counters, wanted.amounts, strict=True)):
        bucket = _bucket(counter, wanted.at if isinstance(counter.limit, Budget) else now)
        row = (wanted.id, place, counter.name, bucket, amount, wanted.agent, type(counter.limit).__name__)
        run.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        if isinstance(counter.limit, AgentCap):
            run.execute("INSERT OR REPLACE INTO agent VALUES (?, ?, ?)", (counter.name, wanted.agent, now))


def _count(run: sqlite3.Connection, wanted: Wanted) -> None:
    for counter, amount in zip(wanted.counters, wanted.amounts, strict=True):
        _post(run, counter.name, _bucket(counter, wanted.now or wanted.at), amount)


def _settle(run: sqlite3.Connection, settled: Settled) -> None:
    rows = run.execute(
        "SELECT place, counter, bucket, held, kind FROM part WHERE id = ? ORDER BY place", (settled.id,)
    ).fetchall()
    for index, (place, counter, bucket, held, kind) in enumerate(rows):
        if settled.unknown and kind == "Budget":
            continue
        came = held if settled.unknown or index >= len(settled.amounts) > 0 else 0
        if index < len(settled.amounts):
            came = min(max(settled.amounts[index], 0), held)
        if kind in ("Budget", "Rate"):
            _post(run, counter, bucket, came)
        run.execute("DELETE FROM part WHERE id = ? AND place = ?", (settled.id, place))


def _post(run: sqlite3.Connection, counter: str, bucket: int, amount: int) -> None:
    run.execute(
        "INSERT INTO sums VALUES (?, ?, ?) ON CONFLICT (counter, bucket) DO UPDATE SET used = used + excluded.used",
        (counter, bucket, amount),
    )


def _slide(counter: Counter) -> windows.Sliding | None:
    """The window of what slides."""
    limit = counter.limit
    if isinstance(limit, Rate):
        return windows.sliding(limit.period)
    return windows.rolling(limit.window.per) if isinstance(limit, Budget) and limit.window.rolling else None


def _bucket(counter: Counter, at: int) -> int:
    slide, limit = _slide(counter), counter.limit
    if slide is not None:
        return slide.bucket(at)
    return windows.bucket(limit.window, at) if isinstance(limit, Budget) else 0


def _sums(run: sqlite3.Connection, counter: Counter, at: int, now: int, *, but: str = "") -> tuple[int, int]:
    """What is used and held. `but`: an agent that asks, and is not counted."""
    name, limit = counter.name, counter.limit
    if isinstance(limit, Concurrency):
        return 0, run.execute("SELECT count(*) FROM part WHERE counter = ?", (name,)).fetchone()[0]
    if isinstance(limit, AgentCap):
        return len(_idle(run, counter, now) - {but}), len(_running(run, counter) - {but})
    start = _bucket(counter, at if isinstance(limit, Budget) else now)
    slide = _slide(counter)
    since, until = (start, start) if slide is None else (slide.first(start), 1 << 62)
    where = "WHERE counter = ? AND bucket BETWEEN ? AND ?"
    (used,) = run.execute(f"SELECT coalesce(sum(used), 0) FROM sums {where}", (name, since, until)).fetchone()
    (held,) = run.execute(f"SELECT coalesce(sum(held), 0) FROM part {where}", (name, since, until)).fetchone()
    return used, held


def _running(run: sqlite3.Connection, counter: Counter) -> set[str]:
    return {row[0] for row in run.execute("SELECT agent FROM part WHERE counter = ?", (counter.name,))}


def _idle(run: sqlite3.Connection, counter: Counter, now: int) -> set[str]:
    assert isinstance(counter.limit, AgentCap)
    since = (counter.name, now - counter.limit.window)
    seen = {row[0] for row in run.execute("SELECT agent FROM agent WHERE counter = ? AND last > ?", since)}
    return seen - _running(run, counter)


def _others(run: sqlite3.Connection, wanted: Wanted, counter: Counter) -> tuple[str, ...]:
    if not isinstance(counter.limit, AgentCap):
        return ()
    active = _running(run, counter) | _idle(run, counter, wanted.now or wanted.at)
    last = dict(run.execute("SELECT agent, last FROM agent WHERE counter = ?", (counter.name,)).fetchall())
    return tuple(sorted(active - {wanted.agent}, key=lambda agent: -last[agent]))


def _buckets(run: sqlite3.Connection, counter: Counter, slide: windows.Sliding, at: int) -> list[tuple[int, int]]:
    return run.execute(
        "SELECT bucket, sum(amount) FROM (SELECT bucket, used AS amount FROM sums WHERE counter = ?1 "
        "UNION ALL SELECT bucket, held FROM part WHERE counter = ?1) "
        "WHERE bucket >= ?2 GROUP BY bucket ORDER BY bucket",
        (counter.name, slide.first(slide.bucket(at))),
    ).fetchall()


def _free(run: sqlite3.Connection, counter: Counter, at: int, wants: int) -> int | None:
    limit, slide = counter.limit, _slide(counter)
    if limit.limit is None or wants > limit.limit or not isinstance(limit, Budget | Rate):
        return None
    if slide is None:
        assert isinstance(limit, Budget)
        return windows.bounds(limit.window, at)[1]
    buckets = _buckets(run, counter, slide, at)
    excess = sum(amount for _, amount in buckets) + wants - limit.limit
    for bucket, amount in buckets:
        excess -= amount
        if excess <= 0:
            return slide.leaves(bucket)
    return at


def _resets(run: sqlite3.Connection, counter: Counter, at: int) -> int:
    limit, slide = counter.limit, _slide(counter)
    if slide is not None:
        buckets = [bucket for bucket, amount in _buckets(run, counter, slide, at) if amount]
        return slide.leaves(buckets[-1]) if buckets else at
    return windows.bounds(limit.window, at)[1] if isinstance(limit, Budget) else at
