"""What was verified, remembered by the SHA-256 of the whole credential. Bounded, and never trusted past its source.

A remembered identity ends with its credential, with the generation of what vouched for it (a key set, the service
accounts), and when that source itself is too old. Whenever revocations have changed it is asked whether they are about
it. Refusals are remembered for seconds, so that garbage costs one hash.
"""

from collections import OrderedDict
from hashlib import sha256
from typing import NamedTuple, Protocol

from narrows.model.principal import Credential, Identity, Principal
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock


class Source(Protocol):
    """What vouches for an identity. A changed `generation` voids all it vouched for; times are microseconds."""

    @property
    def generation(self) -> int:
        """Changes when what it vouched for may not hold any more."""

    @property
    def valid_until(self) -> int:
        """The microsecond from which on it vouches for nothing."""


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


class Checks(Protocol):
    """What may end an identity at any time. A changed `generation` means that everybody is to be asked about again."""

    generation: int

    def refusal(self, principal: Principal, credential: Credential) -> Deny | None:
        """Whether this credential of this identity is refused now."""


class Unchecked:
    """In the place of revocations where nothing can be revoked."""

    generation = 0

    def refusal(self, principal: Principal, credential: Credential) -> Deny | None:  # noqa: ARG002
        """Nobody is refused."""
        return None


def digest_of(token: str) -> bytes:
    """The SHA-256 of a credential."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


class IdentityCache:
    """Verified identities, least recently used ones dropped first. While less than half of the room is taken nobody
    notes which were used: long before one must go, all that are in use have been used again."""

    __slots__ = ("_capacity", "_checks", "_entries", "_now", "_spacious")

    def __init__(self, clock: Clock, capacity: int, checks: Checks | None = None) -> None:
        self._now = clock.now
        self._checks = checks or Unchecked()
        self._capacity = capacity
        self._spacious = capacity // 2
        self._entries: OrderedDict[bytes, tuple[Identity, int, Source, int, int]] = OrderedDict()
        """What was verified, and the generation of the checks by which it was last asked about."""

    def __len__(self) -> int:
        return len(self._entries)

    def recall(self, key: bytes) -> Identity | None:
        """The identity, if it is still in force; `key` is the credential's digest. The hot path of every call."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        identity, until, source, generation, checked = entry
        now = self._now()
        if now >= until or generation != source.generation or now >= source.valid_until:
            del self._entries[key]
            return None
        if checked != self._checks.generation and not self._check(key, entry):
            return None
        if len(self._entries) > self._spacious:
            self._entries.move_to_end(key)
        return identity

    def _check(self, key: bytes, entry: tuple[Identity, int, Source, int, int]) -> bool:
        """Asks about an identity since revocations have changed; one that is refused is forgotten."""
        identity, until, source, generation, _ = entry
        if self._checks.refusal(identity.principal, identity.credential) is not None:
            del self._entries[key]
            return False
        self._entries[key] = (identity, until, source, generation, self._checks.generation)
        return True

    def put(self, key: bytes, entry: Verified) -> None:
        """Remembers one that is not refused now; `key` is the credential's digest."""
        self._entries[key] = (*entry, self._checks.generation)
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
