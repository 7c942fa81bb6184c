"""How many different things one identity has tried within a time: models or routes that it was refused, or named.

Trying names one after the other is how somebody finds out what there is. Time is passed in. Names are kept as hashes
of eight bytes, so that long ones take no more room. Beyond the capacity the count stays at it, until the oldest have
passed.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

CAPACITY: Final = 256
IDENTITIES: Final = 10_000


class Distinct:
    """The different names of one identity within the last `seconds`."""

    __slots__ = ("_capacity", "_last", "_seconds")

    def __init__(self, seconds: float = 600.0, capacity: int = CAPACITY) -> None:
        self._seconds = seconds
        self._capacity = capacity
        self._last: OrderedDict[bytes, float] = OrderedDict()

    def add(self, name: str, now: float) -> int:
        """Takes a name into account and says how many different ones there were, itself counted."""
        last = self._last
        self._expire(now)
        key = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if key in last or len(last) < self._capacity:
            last[key] = now
            last.move_to_end(key)
        return len(last)

    def count(self, now: float) -> int:
        """How many different names there were."""
        self._expire(now)
        return len(self._last)

    def _expire(self, now: float) -> None:
        last = self._last
        while last and next(iter(last.values())) <= now - self._seconds:
            last.popitem(last=False)


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class PerIdentity(Generic[K, V]):
    """Something for each identity, made when it is first asked for: the IDENTITIES most recently asked for are kept.

    An identity that is dropped begins anew; whoever has so many identities at hand is not stopped by counting one.
    """

    __slots__ = ("_kept", "_limit", "_make")

    def __init__(self, make: Callable[[], V], limit: int = IDENTITIES) -> None:
        self._make = make
        self._limit = limit
        self._kept: OrderedDict[K, V] = OrderedDict()

    def of(self, identity: K) -> V:
        """What belongs to the identity."""
        kept = self._kept
        value = kept.get(identity)
        if value is None:
            value = kept[identity] = self._make()
            if len(kept) > self._limit:
                kept.popitem(last=False)
        else:
            kept.move_to_end(identity)
        return value

    def __len__(self) -> int:
        return len(self._kept)
