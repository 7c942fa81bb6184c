"""The book: who holds how much of which limit, and what has settled. All of it in memory, in one thread.

A reservation is held whole or not at all, whatever kinds of limit it concerns. Sums are known by the names of counters;
the limits come with each question, so an edited one holds from the next on. What is durable comes from a ledger
(`load`, `restore`, `post`), which keeps an account of its own of what settles; the book writes nothing and reads no
clock.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, final

from narrows.accounting.active import Active, Agents
from narrows.accounting.counters import parse
from narrows.accounting.lineup import Lineup
from narrows.accounting.sums import CalendarSums, RollingSums, Sums
from narrows.accounting.tally import Bucket, Kept, Load, Running, Tally
from narrows.accounting.windows import Calendar, rolling, sliding
from narrows.model.limits import AgentCap, Budget, Concurrency, Rate, Window
from narrows.model.reservation import GRANTED, Answer, Counter, Granted, Refused, Settled, Standing, Wanted

MOST: Final = 50_000
"""So many counters are kept in memory, and beyond that only those that can't be dropped."""

IDS: Final = 16_384
"""Of at least so many reservations that settled last, and calls that were counted, it is remembered."""

LINEUPS: Final = 16_384
"""Of so many tuples of counters the tallies are remembered."""

_TRIES: Final = 4

Held = tuple[int, Sequence[Tally], Sequence[Bucket | None], Sequence[int]]
"""A reservation: since when, and by counter what is held and in which bucket; in none where another counter of the
reservation has its name."""

Lined = tuple[int, Lineup, list[Bucket], tuple[int, ...]]
"""One that a lineup holds."""


@final
class Book:
    """Counts.

    `load` gives what has settled of a durable counter, by the start of the bucket, when that is asked for the first
    time and again after it was dropped: all that had settled before the `turn` before the last. What has settled since
    is not dropped; nothing durable ever is where there is no `load`. Each method but `settle` may raise what `load`
    raises, and ValueError for a zone that is unknown; then nothing has changed.
    """

    __slots__ = (
        "_calendar", "_counted", "_counted_older", "_held", "_kept", "_lineups", "_most", "_now", "_older", "_order",
        "_settled", "_tallies", "_turn",
    )  # fmt: skip

    def __init__(self, load: Load | None = None, *, most: int = MOST) -> None:
        self._kept = Kept(load)
        self._calendar = Calendar()
        self._most = most
        self._tallies: dict[str, Tally] = {}
        self._order: deque[str] = deque()
        self._lineups: dict[int, Lineup] = {}
        self._held: dict[str, Held | Lined] = {}
        self._settled: set[str] = set()
        self._older: set[str] = set()
        self._counted: set[str] = set()
        self._counted_older: set[str] = set()
        self._turn = 0
        self._now = 0

    def reserve(self, wanted: Wanted) -> Answer:
        """Holds all of it, or tells the first counter that has no room. An id that is held, or settled lately, is
        granted and counted no more. Raises ValueError for amounts that are negative or not one for each counter."""
        id_ = wanted.id
        if id_ in self._held or id_ in self._settled or id_ in self._older:
            return GRANTED
        lineup = self._lineups.get(id(wanted.counters))
        if lineup is not None and lineup.counters is wanted.counters:
            buckets = lineup.hold(wanted)
            if buckets is not None:
                self._now = wanted.at
                self._held[id_] = wanted.at, lineup, buckets, wanted.amounts
                return GRANTED
        answer = self._hold(wanted)
        if type(answer) is Refused:
            return answer
        granted, self._held[id_] = answer
        return granted

    def count(self, wanted: Wanted) -> Answer:
        """Holds all of it and settles it, in one step, or tells the first counter that has no room. An id that was
        granted lately is granted and counted no more. Raises as `reserve`."""
        id_, counters, counted = wanted.id, wanted.counters, self._counted
        if id_ in counted or id_ in self._counted_older:
            return GRANTED
        granted = GRANTED
        lineup = self._lineups.get(id(counters))
        if lineup is None or lineup.counters is not counters or not lineup.post(wanted):
            answer = self._hold(wanted)
            if type(answer) is Refused:
                return answer
            granted, (_, tallies, buckets, amounts) = answer
            for tally, bucket, amount in zip(tallies, buckets, amounts, strict=True):
                if bucket is not None:
                    tally.settle(bucket, amount, amount)
        counted.add(id_)
        if len(counted) >= IDS:
            self._counted_older, self._counted = counted, set()
        return granted

    def _hold(self, wanted: Wanted) -> Refused | tuple[Granted, Held]:
        """Looks closely at each counter, one after the other."""
        counters, amounts, at = wanted.counters, wanted.amounts, wanted.at
        if amounts and min(amounts) < 0:
            raise ValueError("a negative amount")
        self._now, now = at, wanted.now or at
        turn = self._turn = self._turn + 1
        found: list[tuple[Tally, bool]] = []
        over: list[Counter] = []
        soft: list[Counter] = []
        for counter, amount in zip(counters, amounts, strict=True):
            limit = counter.limit
            tally = self._tallies.get(counter.name)
            if tally is None:
                tally = self._open(counter)
            moment = at if type(limit) is Budget else now
            if not tally.since <= moment < tally.until:
                tally.move(moment)
            again = tally.turn == turn
            if again and tally.asked != amount:
                raise ValueError(f"two amounts for {counter.name!r}")
            tally.turn = turn
            tally.asked = amount
            found.append((tally, again))
            if tally.sums:
                before = tally.used + tally.held
                lacks = before + amount > limit.limit  # type: ignore[operator]  # only a cap on agents may have none
                if type(limit) is Budget and limit.soft is not None and before < limit.soft <= before + amount:
                    soft.append(counter)
            else:
                lacks = tally.lacks(wanted, limit.limit)
            if lacks:
                if not limit.observe:
                    return _refused(counter, tally, wanted, amount)
                over.append(counter)
        buckets = [
            None if again else tally.hold(wanted, amount) for (tally, again), amount in zip(found, amounts, strict=True)
        ]
        tallies = tuple(tally for tally, _ in found)
        self._line_up(counters, tallies)
        granted = Granted(tuple(over), tuple(soft)) if over or soft else GRANTED
        return granted, (at, tallies, buckets, amounts)

    def settle(self, settled: Settled, at: int) -> bool:
        """Posts what each counter's amount came to, and frees the rest; gives whether a durable one has changed for
        good. Amounts are clipped to what was held; without any nothing is posted, and one that is missing at the end is
        what was held. Unknown ids are ignored.

        Where the outcome is unknown, durable counters go on holding what they hold, and the amounts that settle them
        later are theirs alone; others are settled at what was held. `at` need not be exact."""
        id_, amounts = settled.id, settled.amounts
        held = self._held.pop(id_, None)
        if held is None:
            return False
        self._now = at
        _, lineup, buckets, most = held
        if type(lineup) is Lineup and len(amounts) == len(most) and not settled.unknown:
            self._settled.add(id_)
            if len(self._settled) >= IDS:
                self._older, self._settled = self._settled, set()
            return lineup.settle(buckets, most, amounts, self._kept.round)  # type: ignore[arg-type]  # none is missing
        return self._settle(settled, _unlined(held))

    def _settle(self, settled: Settled, held: Held) -> bool:
        """The same for any reservation."""
        _, tallies, buckets, most = held
        amounts: Sequence[int] = settled.amounts
        if settled.unknown or len(amounts) != len(tallies):
            tallies, buckets, most, amounts = self._open_end(settled, held)
        else:
            self._remember(settled.id)
        durable = False
        for tally, bucket, amount, came in zip(tallies, buckets, most, amounts, strict=True):
            if bucket is not None:
                tally.settle(bucket, amount, came)
                durable = durable or (tally.durable and amount > 0 and came > 0)
        return durable

    def _open_end(
        self, settled: Settled, held: Held
    ) -> tuple[Sequence[Tally], Sequence[Bucket | None], Sequence[int], Sequence[int]]:
        """What settles where not every amount is told, and by how much."""
        at, tallies, buckets, most = held
        amounts = settled.amounts
        if not settled.unknown:
            self._remember(settled.id)
            missing = most[len(amounts) :] if amounts else (0,) * len(most)
            return tallies, buckets, most, (*amounts[: len(most)], *missing)
        parts = list(zip(tallies, buckets, most, strict=True))
        stay = [part for part in parts if part[0].durable]
        go = [part for part in parts if not part[0].durable]
        if stay:
            self._held[settled.id] = at, *_apart(stay)
        else:
            self._remember(settled.id)
        tallies, buckets, most = _apart(go)
        return tallies, buckets, most, most

    def standing(self, counters: Sequence[Counter], at: int) -> tuple[Standing, ...]:
        """Each counter at that moment, in their order."""
        found = tuple([self._standing(counter, at) for counter in counters])
        lineup = self._lineups.get(id(counters))
        if type(counters) is tuple and (lineup is None or lineup.counters is not counters):
            tallies = tuple(tally for counter in counters if (tally := self._tallies.get(counter.name)) is not None)
            if len(tallies) == len(counters):
                self._line_up(counters, tallies)
        return found

    def taken(self, counters: Sequence[Counter], at: int) -> Sequence[int]:
        """`standing` in plain numbers, two for each counter: what is used and held together, and `resets`."""
        lineup = self._lineups.get(id(counters))
        if lineup is not None and lineup.counters is counters:
            found = lineup.taken(at)
            if found is not None:
                return found
        return [
            number
            for standing in self.standing(counters, at)
            for number in (standing.used + standing.held, standing.resets)
        ]

    def has_room(self, counters: tuple[Counter, ...], at: int) -> bool:
        """Whether each of them has room for one more. Raises as `standing`."""
        lineup = self._lineups.get(id(counters))
        if lineup is not None and lineup.counters is counters and lineup.has_room(at):
            return True
        for standing in self.standing(counters, at):
            limit = standing.counter.limit.limit
            if limit is not None and standing.used + standing.held >= limit:
                return False
        return True

    def free(self, counter: Counter, at: int) -> int | None:
        """When there is room for one more, if nothing else is asked for; None: never, or nobody knows."""
        self._standing(counter, at)
        tally, limit = self._tallies.get(counter.name), counter.limit.limit
        if limit is None or (tally is None and limit > 0):
            return at
        return None if tally is None else tally.free(at, 1, limit)

    def restore(self, id: str, at: int, names: Sequence[str], amounts: Sequence[int]) -> None:  # noqa: A002
        """Holds a reservation that was granted before: of durable counters, without asking whether there is room. An id
        that is known is ignored. Raises ValueError for what is no name of a budget's counter, and as `reserve`."""
        if self._knows(id) or not names:
            return
        if amounts and min(amounts) < 0:
            raise ValueError("a negative amount")
        self._turn += 1
        found: list[Sums] = []
        buckets: list[Bucket | None] = []
        for name, _ in zip(names, amounts, strict=True):
            sums = self._durable(name)
            again = sums.turn == self._turn
            sums.turn = self._turn
            found.append(sums)
            buckets.append(None if again else sums.find(sums.bucket_of(at)))
        for sums, bucket, amount in zip(found, buckets, amounts, strict=True):
            if bucket is not None:
                sums.add(bucket, amount)
        self._held[id] = at, found, buckets, tuple(amounts)

    def post(self, name: str, bucket: int, amount: int) -> None:
        """Adds what has settled to a durable counter's bucket, given its start or any moment in it. Raises ValueError
        as `restore`."""
        if amount < 0:
            raise ValueError("a negative amount")
        sums = self._durable(name)
        sums.post(sums.find(sums.bucket_of(bucket)), amount)

    def turn(self) -> None:
        """What has settled until now is about to be kept; what had settled when this was told the last time is."""
        self._kept.turn()

    def pending(self) -> list[tuple[str, int, tuple[str, ...], tuple[int, ...]]]:
        """Id, moment, names and amounts of what is held of durable counters, each name once."""
        found = []
        for id_, held in self._held.items():
            at, *parts = _unlined(held)
            durable = [
                (tally.name, amount)
                for tally, bucket, amount in zip(*parts, strict=True)
                if tally.durable and bucket is not None
            ]
            if durable:
                found.append((id_, at, tuple(name for name, _ in durable), tuple(amount for _, amount in durable)))
        return found

    def agents(self, at: int) -> list[Active]:
        """The agents that are active, of every identity that has a limit on them."""
        found = [tally for tally in self._tallies.values() if isinstance(tally, Agents)]
        return [active for tally in found for active in tally.active(at)]

    def __len__(self) -> int:
        """How many counters are in memory."""
        return len(self._tallies)

    def _line_up(self, counters: tuple[Counter, ...], tallies: tuple[Tally, ...]) -> None:
        """Remembers them, if the short way is open to them: callers ask with the same tuple again and again."""
        known = self._lineups.get(id(counters))
        if known is not None and known.counters is counters and known.tallies == tallies:
            return
        lineup = Lineup(counters, tallies)
        if lineup.plain:
            if len(self._lineups) >= LINEUPS:
                self._lineups.clear()
            self._lineups[id(counters)] = lineup  # which keeps the tuple, so that its id is nobody else's

    def _knows(self, id_: str) -> bool:
        return id_ in self._held or id_ in self._settled or id_ in self._older

    def _remember(self, id_: str) -> None:
        self._settled.add(id_)
        if len(self._settled) >= IDS:
            self._older, self._settled = self._settled, set()

    def _standing(self, counter: Counter, at: int) -> Standing:
        tally = self._tallies.get(counter.name)
        if tally is None:
            if not isinstance(counter.limit, Budget):
                return Standing(counter, 0, 0, at)
            tally = self._open(counter)
        if not tally.sums or not tally.since <= at < tally.until:
            tally.move(at)
        return Standing(counter, tally.used, tally.held, tally.resets(at))

    def _open(self, counter: Counter) -> Tally:
        """Begins to count what is not in memory."""
        limit, name = counter.limit, counter.name
        match limit:
            case Budget():
                return self._keep(_sums(name, limit.window, self._calendar, self._kept))
            case Rate():
                return self._keep(RollingSums(name, sliding(limit.period), None))
            case Concurrency():
                return self._keep(Running(name))
            case AgentCap():
                return self._keep(Agents(name, counter.subject, limit.window))

    def _durable(self, name: str) -> Sums:
        """The sums of a durable counter. Raises ValueError for what is no name of one."""
        known = self._tallies.get(name)
        if known is not None:
            if not isinstance(known, Sums) or not known.durable:
                raise ValueError(f"{name!r} is no name of a budget's counter")
            return known
        sums = _sums(name, parse(name).window, self._calendar, self._kept)
        self._keep(sums)
        return sums

    def _keep(self, tally: Tally) -> Tally:
        """Puts it among those in memory, and drops others if they are many and can be dropped."""
        if len(self._tallies) >= self._most:
            for _ in range(min(_TRIES, len(self._order))):
                name = self._order.popleft()
                oldest = self._tallies[name]
                if oldest.turn != self._turn and oldest.spent(self._now):
                    del self._tallies[name]
                    oldest.leave()
                else:
                    self._order.append(name)
        self._tallies[tally.name] = tally
        self._order.append(tally.name)
        return tally


def _sums(name: str, window: Window, calendar: Calendar, kept: Kept) -> Sums:
    if window.rolling:
        return RollingSums(name, rolling(window.per), kept)
    return CalendarSums(name, window, calendar, kept)


def _unlined(held: Held | Lined) -> Held:
    at, tallies, buckets, amounts = held
    return at, tallies.tallies if isinstance(tallies, Lineup) else tallies, buckets, amounts


def _apart(
    parts: Sequence[tuple[Tally, Bucket | None, int]],
) -> tuple[tuple[Tally, ...], tuple[Bucket | None, ...], tuple[int, ...]]:
    return tuple(part[0] for part in parts), tuple(part[1] for part in parts), tuple(part[2] for part in parts)


def _refused(counter: Counter, tally: Tally, wanted: Wanted, amount: int) -> Refused:
    limit = counter.limit
    at = wanted.at if isinstance(limit, Budget) else wanted.now or wanted.at
    if not tally.sums:
        amount = 1
        tally.move(at)
    free = None if limit.limit is None else tally.free(at, amount, limit.limit)
    return Refused(counter, tally.used, tally.held, amount, free, tally.others(wanted))
