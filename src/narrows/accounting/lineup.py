"""The sums behind one tuple of counters, found once for the many calls that ask with that same tuple.

It takes the way that nearly all calls go: every sum is of its window already, has room, and passes no threshold. Of all
else it says no, having changed nothing, and the book looks closer.
"""

from collections.abc import Sequence
from typing import final

from narrows.accounting.active import Agents
from narrows.accounting.tally import Bucket, Running, Tally
from narrows.model.limits import Budget
from narrows.model.reservation import Counter, Wanted

_Step = tuple[Tally, int, int, int]
"""A sum, the sum from which on it must be looked at, its limit, and the threshold that is told (0: none)."""


@final
class Lineup:
    """`tallies` are those of `counters`, in their order. `plain`: the short way is open to them."""

    __slots__ = (
        "_agents", "_agents_at", "_count", "_ones", "_running", "_steps", "_sums", "counters", "plain", "tallies",
    )  # fmt: skip

    def __init__(self, counters: tuple[Counter, ...], tallies: tuple[Tally, ...]) -> None:
        self.counters = counters
        self.tallies = tallies
        self._count = len(tallies)
        self._ones = (1,) * len(tallies)
        each = list(zip(tallies, counters, strict=True))
        self._steps: tuple[_Step, ...] = tuple(_step(tally, counter) for tally, counter in each if tally.sums)
        self._sums = tuple(tally for tally in tallies if tally.sums)
        self._running = tuple((one, counter.limit.limit or 0) for one, counter in each if isinstance(one, Running))
        self._agents = tuple(one for one in tallies if isinstance(one, Agents))
        self._agents_at = len(tallies) - len(self._agents)
        # Sums, what runs at once, agents: so are a call's counters, and so are they gone through here.
        ordered = (*(step[0] for step in self._steps), *(one for one, _ in self._running), *self._agents)
        self.plain = ordered == tallies and len(set(tallies)) == len(tallies)

    def hold(self, wanted: Wanted) -> list[Bucket] | None:
        """Holds all of it; gives the buckets, in the order of the counters. None: look closer."""
        amounts, at = wanted.amounts, wanted.at
        now = wanted.now or at
        if len(amounts) != self._count:
            return None
        buckets: list[Bucket] = []
        for (tally, ceiling, limit, soft), amount in zip(self._steps, amounts, strict=False):
            bucket, held = tally.bucket, tally.held
            after = tally.used + held + amount
            if (
                bucket is None
                or amount < 0
                or not tally.since <= (at if tally.durable else now) < tally.until
                or (after > ceiling and (after > limit or after - amount < soft))
            ):
                self._undo(buckets, amounts)
                return None
            bucket.held += amount
            tally.held = held + amount
            buckets.append(bucket)
        for one, most in self._running:
            if one.held >= most or one.since > now:
                self._undo(buckets, amounts)
                return None
            one.held += 1
            buckets.append(one.each)
        for agents in self._agents[1:]:
            # Asked before the first is joined, which can't be undone: a call that is refused is no sign of life.
            if not agents.has(wanted.agent, now):
                self._undo(buckets, amounts)
                return None
        for agents in self._agents:
            bucket = agents.join(wanted.agent, now)
            if bucket is None:
                self._undo(buckets, amounts)
                return None
            buckets.append(bucket)
        return buckets

    def settle(self, buckets: Sequence[Bucket], most: Sequence[int], came: Sequence[int], turn: int) -> bool:
        """Frees what `hold` held, and posts what it came to, which is clipped to that; gives whether a durable sum has
        changed for good. `turn` is the round of what is kept elsewhere."""
        durable = False
        for tally, bucket, amount, posted in zip(self._sums, buckets, most, came, strict=False):
            posted = min(posted, amount)  # noqa: PLW2901 - clipped
            bucket.held -= amount
            if posted > 0:
                bucket.used += posted
                bucket.changed = turn
                if tally.durable:
                    durable = True
                if bucket.counted:
                    tally.used += posted
            if bucket.counted:
                tally.held -= amount
        for one, _ in self._running:
            one.held -= 1
        for bucket in buckets[self._agents_at :]:
            bucket.held -= 1
        return durable

    def post(self, wanted: Wanted) -> bool:
        """Settles one more in each, or in none. False: look closer."""
        if self._running or self._agents or wanted.amounts != self._ones:
            return False
        now, steps = wanted.now or wanted.at, self._steps
        for tally, ceiling, _, _ in steps:
            if (
                tally.bucket is None
                or tally.durable
                or not tally.since <= now < tally.until
                or tally.used + tally.held >= ceiling
            ):
                return False
        for tally in self._sums:
            tally.bucket.used += 1  # type: ignore[union-attr]  # asked above
            tally.used += 1
        return True

    def has_room(self, now: int) -> bool:
        """Whether there is room for one more in each. False: look closer."""
        if self._running or self._agents:
            return False
        for tally, ceiling, _, _ in self._steps:
            if not tally.since <= now < tally.until or tally.used + tally.held >= ceiling:
                return False
        return True

    def taken(self, at: int) -> list[int] | None:
        """Of each, what is used and held together, and when its window ends. None: look closer."""
        if self._running or self._agents:
            return None
        found: list[int] = []
        for tally in self._sums:
            taken = tally.used + tally.held
            if not taken or not tally.since <= at < tally.until:
                return None
            found += taken, tally.ends
        return found

    def _undo(self, buckets: Sequence[Bucket], amounts: Sequence[int]) -> None:
        """Lets go what was held of the first of them."""
        for tally, bucket, amount in zip(self.tallies, buckets, amounts, strict=False):
            tally.held -= amount if tally.sums else 1
            bucket.held -= amount if tally.sums else 0


def _step(tally: Tally, counter: Counter) -> _Step:
    limit = counter.limit
    most = limit.limit or 0  # only a cap on agents may have none, and none is here
    soft = limit.soft if isinstance(limit, Budget) and limit.soft is not None else 0
    return tally, min(most, soft - 1) if soft else most, most, soft
