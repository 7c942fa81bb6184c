"""Sums over windows: what has settled and what is held, by bucket, and both together for the window that counts now.

A bucket that has settled and can be loaded again may be dropped.
"""

from abc import abstractmethod
from typing import Final, final

from narrows.accounting.tally import EVER, Bucket, Kept, Tally
from narrows.accounting.windows import Calendar, Sliding
from narrows.model.limits import Window
from narrows.model.reservation import Wanted

_SPARE: Final = 64


class Sums(Tally):
    """Sums by bucket. Where buckets that start before `_floor` are missing, they were dropped."""

    __slots__ = ("_floor", "_kept")

    sums = True

    def __init__(self, name: str, kept: Kept | None) -> None:
        super().__init__(name)
        self.durable = kept is not None
        self._kept = kept
        self._floor = -EVER

    @abstractmethod
    def bucket_of(self, at: int) -> int:
        """The start of the bucket that the moment is in."""

    @abstractmethod
    def find(self, start: int) -> Bucket:
        """The bucket that starts then, which need not be in the window that counts."""

    def lacks(self, _wanted: Wanted, limit: int | None) -> bool:
        """Whether its window is full."""
        return limit is not None and self.used + self.held >= limit

    def add(self, bucket: Bucket, amount: int) -> None:
        """Holds so much more in a bucket."""
        bucket.held += amount
        if bucket.counted:
            self.held += amount

    def post(self, bucket: Bucket, amount: int) -> None:
        """Settles so much more in a bucket."""
        bucket.used += amount
        if bucket.counted:
            self.used += amount
        if self._kept is not None:
            bucket.changed = self._kept.round

    def settle(self, bucket: Bucket, held: int, amount: int) -> None:
        """In the bucket where it was held, even if its window is over."""
        if amount > held:
            amount = held
        elif amount < 0:
            amount = 0
        bucket.held -= held
        bucket.used += amount
        if bucket.counted:
            self.held -= held
            self.used += amount
        if amount and self._kept is not None:
            bucket.changed = self._kept.round

    def _droppable(self, bucket: Bucket) -> bool:
        return not bucket.held if self._kept is None else self._kept.has(bucket)

    def _load(self) -> dict[int, int]:
        """What is kept, by bucket. A bucket that does not start where one does, since clocks there follow another law
        now, belongs to the one that it starts in, unless that was kept itself."""
        kept = {} if self._kept is None else self._kept.load(self.name)
        found: dict[int, int] = {}
        for start, used in kept.items():
            own = self.bucket_of(start)
            if own == start or own not in kept:
                found[own] = found.get(own, 0) + max(0, used)
        return found


@final
class CalendarSums(Sums):
    """A sum over a calendar window: one bucket, and those of other windows while they are needed."""

    __slots__ = ("_calendar", "_others", "_window")

    bucket: Bucket

    def __init__(self, name: str, window: Window, calendar: Calendar, kept: Kept) -> None:
        super().__init__(name, kept)
        self._window = window
        self._calendar = calendar
        self.bucket = Bucket(-EVER)  # of no window, until it moves into one
        self._others: dict[int, Bucket] | None = None
        for start, used in self._load().items():
            self._other(Bucket(start, used))

    def bucket_of(self, at: int) -> int:
        """The start of the window."""
        return self._calendar.bounds(self._window, at)[0]

    def move(self, at: int) -> None:
        """To another window; that which was current is kept aside, for what is held there."""
        start, end = self._calendar.bounds(self._window, at)
        bucket = self.find(start)
        if (last := self.bucket) is not bucket:
            if self._others is not None:
                self._others.pop(start, None)
            if last.start != -EVER:
                last.counted = False
                self._other(last)
            bucket.counted = True
            self.bucket = bucket
            self._drop(start)
        self.since, self.until, self.used, self.held = start, end, bucket.used, bucket.held
        self.ends = end

    def find(self, start: int) -> Bucket:
        """A bucket that was dropped is loaded again."""
        if self.bucket.start == start:
            return self.bucket
        found = None if self._others is None else self._others.get(start)
        if found is None:
            used = self._load().get(start, 0) if start < self._floor else 0
            found = Bucket(start, used)
            self._other(found)
        return found

    def hold(self, _wanted: Wanted, amount: int) -> Bucket:
        """In the current window."""
        bucket = self.bucket
        bucket.held += amount
        self.held += amount
        return bucket

    def free(self, _at: int, amount: int, limit: int) -> int | None:
        """When the window ends."""
        return self.until if amount <= limit else None

    def resets(self, _at: int) -> int:
        """When the window ends."""
        return self.until

    def spent(self, _now: int) -> bool:
        """Whether all of it is kept elsewhere."""
        if not self._droppable(self.bucket):
            return False
        return self._others is None or all(self._droppable(bucket) for bucket in self._others.values())

    def _other(self, bucket: Bucket) -> None:
        if self._others is None:
            self._others = {}
        self._others[bucket.start] = bucket

    def _drop(self, now: int) -> None:
        """Drops the windows before this one that can be loaded again."""
        others = self._others or {}
        for start in [start for start, bucket in others.items() if start < now and self._droppable(bucket)]:
            del others[start]
            self._floor = max(self._floor, start + 1)
        if not others:
            self._others = None


@final
class RollingSums(Sums):
    """A sum over a window that ends now: every bucket from the oldest that is partly in it counts, those that lie ahead
    since the clock was set back too."""

    __slots__ = ("_buckets", "_first", "_full", "_newest", "_slide")

    def __init__(self, name: str, slide: Sliding, kept: Kept | None) -> None:
        super().__init__(name, kept)
        self._slide = slide
        self.bucket: Bucket | None = None
        self._buckets: dict[int, Bucket] = {}
        self._first = EVER
        self._newest = -EVER
        self._full = self._enough
        if kept is not None:
            self._recall()

    def bucket_of(self, at: int) -> int:
        """The start of its bucket."""
        return self._slide.bucket(at)

    def move(self, at: int) -> None:
        """Lets go of buckets that have left the window, or takes them back if the clock has been set back."""
        now = self._slide.bucket(at)
        first = self._slide.first(now)
        if first < self._floor and self._kept is not None:
            self._recall()
        low, high = min(first, self._first), max(first, self._first)
        buckets, width = self._buckets, self._slide.width
        if (high - low) // width <= len(buckets):
            found = [bucket for start in range(low, high, width) if (bucket := buckets.get(start)) is not None]
        else:
            found = [bucket for start, bucket in buckets.items() if low <= start < high]
        counted = first < self._first
        for bucket in found:
            bucket.counted = counted
            self.used += bucket.used if counted else -bucket.used
            self.held += bucket.held if counted else -bucket.held
        self._first = first
        self.bucket = buckets.get(now)
        self.since, self.until = now, now + width

    def find(self, start: int) -> Bucket:
        """A bucket that was dropped is loaded again."""
        found = self._buckets.get(start)
        if found is None and start < self._floor and self._kept is not None:
            self._recall()
            found = self._buckets.get(start)
        return self._begin(start) if found is None else found

    def hold(self, _wanted: Wanted, amount: int) -> Bucket:
        """In the current bucket."""
        bucket = self.bucket
        if bucket is None:
            bucket = self.bucket = self._begin(self.since)
        bucket.held += amount
        self.held += amount
        return bucket

    def free(self, at: int, amount: int, limit: int) -> int | None:
        """When as many buckets have left as hold what there is too much."""
        if amount > limit:
            return None
        excess = self.used + self.held + amount - limit
        for start in sorted(self._buckets):
            bucket = self._buckets[start]
            if bucket.counted:
                excess -= bucket.used + bucket.held
                if excess <= 0:
                    return self._slide.leaves(start)
        return at

    def resets(self, at: int) -> int:
        """When the newest bucket leaves."""
        return self.ends if self.used or self.held else at

    def spent(self, now: int) -> bool:
        """Whether all of it is kept elsewhere; else, whether it has left the window, and would have if the clock were
        set back by as much as the window is long."""
        if self._kept is None:
            over = self._newest == -EVER or self._slide.leaves(self._newest) + self._slide.length <= now
            return over and not any(bucket.held for bucket in self._buckets.values())
        return all(self._kept.has(bucket) for bucket in self._buckets.values())

    @property
    def _enough(self) -> int:
        return 2 * (self._slide.length // self._slide.width) + _SPARE

    def _begin(self, start: int) -> Bucket:
        if len(self._buckets) >= self._full:
            self._drop()
        bucket = self._buckets[start] = Bucket(start)
        bucket.counted = start >= self._first
        self._grow(start)
        return bucket

    def _grow(self, start: int) -> None:
        """There is a bucket that starts then."""
        if start > self._newest:
            self._newest = start
            self.ends = self._slide.leaves(start)

    def _drop(self) -> None:
        """Drops what is older than two windows and does not count; settles for what can be dropped."""
        oldest = self._slide.first(self._slide.first(self._newest))
        for start in [start for start, bucket in self._buckets.items() if start < oldest and not bucket.counted]:
            if self._droppable(self._buckets[start]):
                del self._buckets[start]
                self._floor = max(self._floor, start + 1)
        self._full = max(self._enough, 2 * len(self._buckets))

    def _recall(self) -> None:
        """Loads the buckets that are not here. They are all older than the window, so none counts before it moves."""
        for start, used in self._load().items():
            if start not in self._buckets:
                self._buckets[start] = Bucket(start, used)
                self._grow(start)
        self._floor = -EVER
