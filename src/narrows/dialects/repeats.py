"""What a stream has said already: tells a repetition from a text that comes for the first time where repetitions stand.

A stream that says everything again when it is done may also say something there that no delta said. Items are told
apart, and within one how often a text stands there: two calls with the same arguments are two texts. Bounded: of a
stream so long that not all of it can be remembered, a repetition counts as new, never the other way round.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final

MOST: Final = 4_096
"""Texts that are remembered, and texts that may be growing at a time."""

_SHORT: Final = 64
"""Characters up to which a text is remembered itself; of longer ones a digest."""

Place = tuple[str, int]
"""Where in an item a text grows delta by delta: its field, and its position."""


class Repeats:
    """The texts of one stream, by the number of the item they belong to."""

    __slots__ = ("_growing", "_numbers", "_places", "_said")

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._growing: dict[int, dict[Place, hashlib.blake2b]] = {}
        self._places = 0
        self._said: dict[tuple[int, str | bytes], int] = {}

    def number(self, name: object, index: object) -> int:
        """The number of the item that is called `name` and stands at `index`: the index it had first, or its place in
        the order of appearance. Some servers give no index, some number items anew in the end, and others give them
        another name each time."""
        given = index if type(index) is int else None
        if type(name) is not str or not name:
            return given or 0
        number = self._numbers.get(name)
        if number is None:
            number = len(self._numbers) if given is None else given
            if len(self._numbers) < MOST:
                self._numbers[name] = number
        return number

    def grow(self, item: int, place: Place, text: str) -> None:
        """A delta says `text`."""
        places = self._growing.get(item)
        digest = None if places is None else places.get(place)
        if digest is None:
            if self._places >= MOST:
                return
            self._places += 1
            digest = self._growing.setdefault(item, {})[place] = hashlib.blake2b(digest_size=16)
        digest.update(text.encode("utf-8", "replace"))

    def spoken(self, item: int, field: str) -> bool:
        """Whether deltas have said anything in this field of an item."""
        return any(grown == field for grown, _ in self._growing.get(item, ()))

    def new(self, item: int, texts: Iterable[str]) -> list[bool]:
        """Whole texts, as one event says them of one item. For each whether it is new: neither said so often by an
        event before nor by deltas up to now."""
        grown = Counter(digest.digest() for digest in self._growing.get(item, {}).values())
        here: Counter[str | bytes] = Counter()
        found = []
        for text in texts:
            digest = _digest(text) if grown or len(text) > _SHORT else b""
            key = text if len(text) <= _SHORT else digest
            here[key] += 1
            fresh = here[key] > max(self._said.get((item, key), 0), grown[digest])
            if fresh and ((item, key) in self._said or len(self._said) < MOST):
                self._said[item, key] = here[key]
            found.append(fresh)
        return found


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
