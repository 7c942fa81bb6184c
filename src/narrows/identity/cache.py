"""What was verified, remembered by the SHA-256 of the whole credential. Bounded, and never trusted past its source.

A remembered identity ends with its credential, with the generation of what vouched for it (a key set, the service
accounts), and when that source itself is too old. Refusals are remembered for seconds, so that garbage costs one hash.
"""

from collections import OrderedDict
from hashlib import sha256
from typing import NamedTuple, Protocol

from narrows.model.principal import Identity
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock


class Source(Protocol):
    """What vouches for an identity. A changed `generation` voids all it vouched for; times are microseconds."""

    generation: int
    valid_until: int


class Verified(NamedTuple):
    """A verified credential. `until` is the microsecond at which it ends; `generation` is its source's at that time."""

    identity: Identity
    until: int
    source: Source
    generation: int


class Forever:
    """The source of identities that nothing but their own end voids."""

    generation = 0
    valid_until = 1 << 62


def digest_of(token: str) -> bytes:
    """The SHA-256 of a credential."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


class IdentityCache:
    """Verified identities, least recently used ones dropped first. While less than half of the room is taken nobody
    notes which were used: long before one must go, all that are in use have been used again."""

    __slots__ = ("_capacity", "_entries", "_now", "_spacious")

    def __init__(self, clock: Clock, capacity: int) -> None:
        self._now = clock.now
        self._capacity = capacity
        self._spacious = capacity // 2
        self._entries: OrderedDict[bytes, Verified] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def recall(self, key: bytes) -> Identity | None:
        """The identity, if it is still in force; `key` is the credential's digest. The hot path of every call."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        identity, until, source, generation = entry
        now = self._now()
        if now >= until or generation != source.generation or now >= source.valid_until:
            del self._entries[key]
            return None
        if len(self._entries) > self._spacious:
            self._entries.move_to_end(key)
        return identity

    def put(self, key: bytes, entry: Verified) -> None:
        """Remembers; `key` is the credential's digest."""
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)


class RefusalCache:
    """Refusals of the last seconds. `epoch` grows with every change that could turn a refusal into a permission."""

    __slots__ = ("_capacity", "_clock", "_entries", "_keep")

    def __init__(self, clock: Clock, capacity: int, keep: int) -> None:
        self._clock = clock
        self._capacity = capacity
        self._keep = keep
        self._entries: OrderedDict[bytes, tuple[Deny, int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes, epoch: int) -> Deny | None:
        """The refusal, while it is fresh and nothing has changed since."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        deny, until, then = entry
        if then != epoch or self._clock.monotonic() >= until:
            del self._entries[key]
            return None
        return deny

    def put(self, key: bytes, deny: Deny, epoch: int) -> None:
        """Remembers a refusal for the configured microseconds; the oldest goes first."""
        self._entries[key] = (deny, self._clock.monotonic() + self._keep, epoch)
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
