"""Tallies: what one name counts, of any kind of limit, and where the durable ones are kept.

A tally does as it is told: whether a sum has room is for the book to judge. What has settled of a durable one is told
to its owner (`Kept`) and can be had again from there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Final, final

from narrows.model.reservation import Wanted

Load = Callable[[str], Mapping[int, int]]
"""From the name of a counter to what has settled, by the start of the bucket."""

EVER: Final = 1 << 80
"""Later than every moment; negative, earlier."""

_ROUNDS: Final = 2
"""After so many rounds what changed in one is kept."""


@final
class Bucket:
    """A stretch of time: `used` has settled, `held` may still. `counted`: it is in the window that its sum has now.
    `changed` is the round in which it last did, where it is kept elsewhere."""

    __slots__ = ("changed", "counted", "held", "start", "used")

    def __init__(self, start: int, used: int = 0) -> None:
        self.start = start
        self.used = used
        self.held = 0
        self.counted = False
        self.changed = -_ROUNDS


@final
class Kept:
    """The way back of durable sums from where they are kept. Who keeps them follows another account of the same, and
    says by rounds how far it has come: when one ends, all that had changed before it began is kept."""

    __slots__ = ("_load", "round")

    def __init__(self, load: Load | None) -> None:
        self._load = load
        self.round = 0

    def load(self, name: str) -> Mapping[int, int]:
        """What has settled of a counter, as far as it is kept."""
        return {} if self._load is None else self._load(name)

    def turn(self) -> None:
        """A round ends, and the next begins."""
        self.round += 1

    def has(self, bucket: Bucket) -> bool:
        """Whether what is in the bucket can be loaded again, so that it may be dropped here."""
        return not bucket.held and self._load is not None and bucket.changed + _ROUNDS <= self.round


class Tally(ABC):
    """What one name counts.

    `used` and `held` are the sums of the window that the moments from `since` to `until` have; for other moments, and
    at first, `move` must be called before these are looked at. `durable`: it outlives the process. `turn` and `asked`
    are the book's own.
    """

    __slots__ = ("asked", "bucket", "durable", "ends", "held", "name", "since", "turn", "until", "used")

    sums = False
    """Whether it sums: then a limit is for `used` and `held` together, and nobody asks `lacks`."""

    @abstractmethod
    def __init__(self, name: str) -> None:
        self.name = name
        self.durable = False
        self.bucket: Bucket | None = None
        self.used = 0
        self.held = 0
        self.ends = -EVER
        self.since = 0
        self.until = 0
        self.turn = 0
        self.asked = 0

    @abstractmethod
    def move(self, at: int) -> None:
        """Makes the window of that moment the one that counts."""

    @abstractmethod
    def lacks(self, wanted: Wanted, limit: int | None) -> bool:
        """Whether there is no room for one more."""

    @abstractmethod
    def hold(self, wanted: Wanted, amount: int) -> Bucket:
        """Holds, in the bucket of the current moment."""

    @abstractmethod
    def settle(self, bucket: Bucket, held: int, amount: int) -> None:
        """Frees what is held and posts the amount, between nothing and what was held."""

    @abstractmethod
    def free(self, at: int, amount: int, limit: int) -> int | None:
        """When there is room for the amount, if nothing else is asked for; None: never, or nobody knows."""

    @abstractmethod
    def resets(self, at: int) -> int:
        """When the window ends, or is empty if nothing else is asked for."""

    def others(self, _wanted: Wanted) -> tuple[str, ...]:
        """The agents that are active beside the one that asks."""
        return ()

    @abstractmethod
    def spent(self, now: int) -> bool:
        """Whether nothing would be lost if it were dropped."""

    def leave(self) -> None:
        """It was dropped: who knows it still finds that no moment is its own."""
        self.since, self.until = EVER, -EVER


@final
class Running(Tally):
    """How many run at once; it has no window, and `each` has the same bucket."""

    __slots__ = ("each",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.since, self.until = -EVER, EVER
        self.each = Bucket(0)

    def move(self, at: int) -> None:
        """Every moment is the same."""

    def lacks(self, _wanted: Wanted, limit: int | None) -> bool:
        """Whether so many run already."""
        return limit is not None and self.held >= limit

    def hold(self, _wanted: Wanted, _amount: int) -> Bucket:
        """One more."""
        self.held += 1
        return self.each

    def settle(self, _bucket: Bucket, _held: int, _amount: int) -> None:
        """One less."""
        self.held -= 1

    def free(self, _at: int, _amount: int, _limit: int) -> int | None:
        """Nobody knows when a call ends."""
        return None

    def resets(self, at: int) -> int:
        """There is nothing to reset."""
        return at

    def spent(self, _now: int) -> bool:
        """Nothing is remembered of what ran."""
        return not self.held
