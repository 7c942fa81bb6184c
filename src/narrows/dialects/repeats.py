"""What a stream has said already: tells a repetition from a text that comes for the first time where repetitions stand.

A stream that says everything again when it is done may also say something there that no delta said. Bounded: of a
stream so long that not all of it can be remembered, a repetition counts as new, never the other way round.
"""

import hashlib
from typing import Final

MOST: Final = 4_096
"""Texts that are remembered, and texts that may be growing at a time."""

_SHORT: Final = 64
"""Characters up to which a text is remembered itself; of longer ones a digest."""

Place = tuple[int, str, int]
"""A text that grows delta by delta: the item it belongs to, its field, and its position within the item."""


class Repeats:
    """The texts of one stream."""

    __slots__ = ("_changed", "_growing", "_said")

    def __init__(self) -> None:
        self._growing: dict[Place, hashlib.blake2b] = {}
        self._changed: set[Place] = set()
        self._said: set[str | bytes] = set()

    def grow(self, place: Place, text: str) -> None:
        """A delta says `text` at `place`."""
        digest = self._growing.get(place)
        if digest is None:
            if len(self._growing) >= MOST:
                return
            digest = self._growing[place] = _digest()
        digest.update(text.encode("utf-8", "replace"))
        self._changed.add(place)

    def spoken(self, item: int | None, field: str) -> bool:
        """Whether deltas have said anything in this field of an item (None: of any)."""
        return any(field == grown and item in (None, of) for of, grown, _ in self._growing)

    def say(self, text: str) -> bool:
        """A whole text is said. Whether it is new: neither said before nor the sum of deltas up to now."""
        whole = _key(text)
        if whole in self._said:
            return False
        for place in self._changed:
            self._remember(self._growing[place].digest())
        self._changed.clear()
        new = whole not in self._said and _bytes(text) not in self._said
        self._remember(whole)
        return new

    def _remember(self, key: str | bytes) -> None:
        if len(self._said) < MOST:
            self._said.add(key)


def _digest() -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=16)


def _bytes(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _key(text: str) -> str | bytes:
    return text if len(text) <= _SHORT else _bytes(text)
