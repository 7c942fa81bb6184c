"""How many different things one identity has tried within a time: models or routes that it was refused, or named.

Trying names one after the other is how somebody finds out what there is. Time is passed in. Names are kept as hashes
of eight bytes, so that long ones take no more room. Beyond the capacity the oldest give way, so the count stays at it.
What is kept is replaced, never changed, so that threads may ask while another adds.
"""

import hashlib
import math
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

CAPACITY: Final = 256
IDENTITIES: Final = 10_000


class Distinct:
    """The different names of one identity, those tried last."""

    __slots__ = ("_capacity", "_last")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._last: tuple[tuple[bytes, float], ...] = ()
        """Each name and when it was last tried, the oldest first."""

    def add(self, name: str, now: float) -> None:
        """Takes a name into account."""
        key = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        others = [pair for pair in self._last if pair[0] != key]
        self._last = (*others[-self._capacity + 1 :], (key, now))

    def count(self, now: float, seconds: float) -> int:
        """How many different names there were within the last `seconds`."""
        return sum(at > now - seconds for _, at in self._last)

    def fewer_in(self, now: float, seconds: float, names: int) -> int:
        """Whole seconds until there are fewer than `names` within `seconds`, if nothing more is tried; 1 at least."""
        times = [at for _, at in self._last if at > now - seconds]
        if len(times) < names:
            return 1
        return max(1, math.ceil(times[len(times) - names] + seconds - now))


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class PerIdentity(Generic[K, V]):
    """Something for each identity, made when it is first asked for: at least IDENTITIES of those most recently asked
    for are kept, and never more than twice as many.

    Two generations instead of a linked list. An identity that is dropped begins anew; whoever has so many identities at
    hand is not stopped by counting one.
    """

    __slots__ = ("_limit", "_make", "_old", "_young")

    def __init__(self, make: Callable[[], V], limit: int = IDENTITIES) -> None:
        self._make = make
        self._limit = limit
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def of(self, identity: K) -> V:
        """What belongs to the identity."""
        value = self._young.get(identity)
        if value is None:
            value = self._old.get(identity)
            if value is None:
                value = self._make()
            if len(self._young) >= self._limit:
                self._old, self._young = self._young, {}
            self._young[identity] = value
        return value

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())
