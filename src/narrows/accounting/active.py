"""Which agents of an identity are active: those that run a call, or began one lately."""

from collections import OrderedDict
from typing import Final, final

import msgspec

from narrows.accounting.tally import EVER, Bucket, Tally
from narrows.model.reservation import Wanted

MOST: Final = 10_000
"""So many agents of one identity are remembered, if its limit is not above that; beyond, those seen last."""


class Active(msgspec.Struct, frozen=True):
    """An agent of an identity. `running` calls, and when it last began one, in Unix microseconds."""

    subject: str
    agent: str
    running: int
    last: int


@final
class Agents(Tally):
    """The agents of one identity. `used` and `held`, after `move`, are those that began a call within the window and
    those that run one now.

    Each agent has a bucket, whose `start` is when it last began a call. They are in the order in which they began, but
    for those that were found running when they would have been forgotten.
    """

    __slots__ = ("_most", "_seen", "_window", "subject")

    def __init__(self, name: str, subject: str, window: int) -> None:
        super().__init__(name)
        self.since, self.until = -EVER, EVER
        self._most = MOST
        self.subject = subject
        self._window = window
        self._seen: OrderedDict[str, Bucket] = OrderedDict()

    def move(self, at: int) -> None:
        """Counts them."""
        self.held = sum(1 for bucket in self._seen.values() if bucket.held)
        self.used = sum(1 for bucket in self._seen.values() if self._idle(bucket, at))

    def lacks(self, wanted: Wanted, limit: int | None) -> bool:
        """Whether so many others are active, and the one that asks is not."""
        if limit is None:
            return False
        self._most = max(MOST, limit)
        asks = self._seen.get(wanted.agent)
        now = wanted.now or wanted.at
        if asks is not None and (asks.held or self._idle(asks, now)):
            return False
        active = 0
        for bucket in reversed(self._seen.values()):
            if active >= limit:
                break
            if bucket.held or self._idle(bucket, now):
                active += 1
        return active >= limit

    def hold(self, wanted: Wanted, _amount: int) -> Bucket:
        """It begins a call."""
        bucket = self._seen.get(wanted.agent)
        if bucket is None:
            bucket = self._seen[wanted.agent] = Bucket(-EVER)
            self._forget(wanted)
        else:
            self._seen.move_to_end(wanted.agent)
        bucket.start = max(bucket.start, wanted.now or wanted.at)
        bucket.held += 1
        return bucket

    def has(self, agent: str, now: int) -> bool:
        """Whether `join` lets it begin a call."""
        bucket = self._seen.get(agent)
        return bucket is not None and self.since <= now and (bucket.held > 0 or bucket.start + self._window > now)

    def join(self, agent: str, now: int) -> Bucket | None:
        """Begins a call of an agent that is active already, for which there always is room; None: it is not."""
        bucket = self._seen.get(agent)
        if bucket is None or self.since > now or not (bucket.held or bucket.start + self._window > now):
            return None
        self._seen.move_to_end(agent)
        bucket.start = now if now > bucket.start else bucket.start
        bucket.held += 1
        return bucket

    def settle(self, bucket: Bucket, _held: int, _amount: int) -> None:
        """Its call ends."""
        bucket.held -= 1

    def free(self, at: int, _amount: int, limit: int) -> int | None:
        """When enough of the idle ones are no longer active; None if too many run."""
        ends = sorted(bucket.start + self._window for bucket in self._seen.values() if self._idle(bucket, at))
        running = sum(1 for bucket in self._seen.values() if bucket.held)
        must = running + len(ends) - limit + 1
        return ends[must - 1] if limit > 0 and 0 < must <= len(ends) else None

    def resets(self, at: int) -> int:
        """When the last idle one is no longer active."""
        idle = [bucket.start + self._window for bucket in self._seen.values() if self._idle(bucket, at)]
        return max(idle, default=at)

    def others(self, wanted: Wanted) -> tuple[str, ...]:
        """The active ones beside the one that asks, the one seen last first."""
        return tuple(active.agent for active in self.active(wanted.now or wanted.at) if active.agent != wanted.agent)

    def active(self, at: int) -> list[Active]:
        """All of them, the one seen last first."""
        found = [
            Active(self.subject, agent, bucket.held, bucket.start)
            for agent, bucket in self._seen.items()
            if bucket.held or self._idle(bucket, at)
        ]
        return sorted(found, key=lambda active: active.last, reverse=True)

    def spent(self, now: int) -> bool:
        """Whether none is active, nor would be if the clock were set back by as much as the window is long."""
        return all(not bucket.held and bucket.start + 2 * self._window <= now for bucket in self._seen.values())

    def _idle(self, bucket: Bucket, at: int) -> bool:
        """Active only because it began a call within the window, or ahead of now since the clock was set back."""
        return not bucket.held and bucket.start + self._window > at

    def _forget(self, wanted: Wanted) -> None:
        """Forgets two of the oldest for each that comes, unless they are active or may be again."""
        for _ in range(2):
            agent, bucket = next(iter(self._seen.items()))
            if bucket.held:
                self._seen.move_to_end(agent)
            elif agent != wanted.agent and (
                bucket.start + 2 * self._window <= (wanted.now or wanted.at) or len(self._seen) > self._most
            ):
                del self._seen[agent]
