"""What was found out about texts seen lately, under a digest of each: no text is kept for it.

Prompts come with the same system prompt and the same tools all the time; whoever looks at texts looks at those once.
Digests are SHA-256, which processors compute themselves, cut to 128 bits: nobody can make a text that passes for
another one.
"""

from hashlib import sha256
from typing import Final, Generic, TypeVar

V = TypeVar("V")

SIZE: Final = 16
"""Bytes of a digest."""

ENTRIES: Final = 1_024
"""Texts of one generation; there are two."""

WEIGHT: Final = 262_144
"""Characters, or what else the caller counts, of what one generation holds."""


def digest(text: str) -> bytes:
    """What a text is known by."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()[:SIZE]


class Lately(Generic[V]):
    """A bounded memory: of at most twice ENTRIES texts, and of twice WEIGHT. Threads may share it.

    Two generations instead of a linked list: when the young one is full it becomes the old one, and the old one is
    dropped. What is asked for again is young again.
    """

    __slots__ = ("_old", "_weight", "_young")

    def __init__(self) -> None:
        self._young: dict[bytes, tuple[V, int]] = {}
        self._old: dict[bytes, tuple[V, int]] = {}
        self._weight = 0

    def get(self, key: bytes) -> V | None:
        """What was put under a digest, or None."""
        entry = self._young.get(key)
        if entry is None:
            entry = self._old.get(key)
            if entry is None:
                return None
            self.put(key, *entry)
        return entry[0]

    def put(self, key: bytes, value: V, weight: int) -> None:
        """Keeps a value, if it is not heavier than a sixteenth of a generation."""
        if weight > WEIGHT // 16:
            return
        if len(self._young) >= ENTRIES or self._weight + weight > WEIGHT:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[key] = (value, weight)
        self._weight += weight

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())
