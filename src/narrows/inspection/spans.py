"""What a finder reports, and how many small finds become few.

A finder is a function of a text that yields `Decoded` in ascending order; it takes time linear in the text.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import re2

MARGIN: Final = 64
"""Bytes of the surroundings that a disguised word is shown with, so that a phrase around it is whole."""

STRIDE: Final = 32
"""Bytes behind a match that are shown without being looked at, so that dense matches cost no more than sparse ones."""

MEMORY: Final = 8 << 20
"""Bytes for one automaton."""

WINDOWS: Final = 16
"""Finds of one kind in one text; those beyond are put together."""


class Decoded(NamedTuple):
    """What stands at `start:end` of the source, made plain."""

    start: int
    end: int
    text: str


class Marks:
    """A linear pattern of what gives a disguise away, and the stretches of a text around it."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: str) -> None:
        self._pattern = re2.compile(pattern.encode(), options())

    def windows(self, text: str) -> list[tuple[int, int]]:
        """The stretches of `text` that lie around matches, in order. Looks at one match in STRIDE characters."""
        data = text.encode("utf-8", "surrogatepass")
        found: list[tuple[int, int]] = []
        at = 0
        while (match := self._pattern.search(data, at)) is not None:
            start, end = match.span()
            at = end + STRIDE
            if found and start - found[-1][1] <= 2 * MARGIN:
                found[-1] = (found[-1][0], at)
            else:
                found.append((start, at))
        return _in_characters(text, data, found)


def _in_characters(text: str, data: bytes, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Widened by MARGIN, at the next space, so that windows are apart and words whole; in characters."""
    widened: list[tuple[int, int]] = []
    behind = 0
    for start, end in found:
        left = max(behind, _left(data, start))
        right = _right(data, end)
        if left < right:
            widened.append((left, right))
            behind = right
    if len(data) == len(text):
        return widened
    return _counted(data, widened)


def _left(data: bytes, start: int) -> int:
    left = max(0, start - MARGIN)
    space = data.find(b" ", left, start) if left else -1
    return space + 1 if space >= 0 else left


def _right(data: bytes, end: int) -> int:
    right = min(len(data), end + MARGIN)
    space = data.rfind(b" ", end, right) if right < len(data) else -1
    return space if space >= 0 else right


def _counted(data: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same in characters, each edge moved to where a character begins."""
    counted: list[int] = []
    done = characters = 0
    for place in (edge for span in spans for edge in span):
        edge = place
        while edge < len(data) and data[edge] & 0xC0 == 0x80:
            edge += 1
        characters += len(data[done:edge].decode("utf-8", "surrogatepass"))
        done = edge
        counted.append(characters)
    return list(zip(counted[::2], counted[1::2], strict=True))


def rewriting(pattern: str, *rewrites: Callable[[str], str]) -> "Finder":
    """A finder that shows the stretches around a pattern in each of the ways given."""
    marks = Marks(pattern)

    def find(text: str) -> Iterator[Decoded]:
        for start, end in marks.windows(text):
            source = text[start:end]
            for rewrite in rewrites:
                plain = rewrite(source)
                if plain != source:
                    yield Decoded(start, end, plain)

    return find


Finder = Callable[[str], Iterable[Decoded]]


def options() -> "re2.Options":
    """How the patterns of this package are compiled."""
    chosen = re2.Options()
    chosen.max_mem = MEMORY
    chosen.log_errors = False
    chosen.never_capture = True
    return chosen


def few(found: Iterable[Decoded]) -> list[Decoded]:
    """At most WINDOWS of them: those beyond are put together, a line each."""
    every = list(found)
    if len(every) <= WINDOWS:
        return every
    rest = every[WINDOWS - 1 :]
    end = max(decoded.end for decoded in rest)
    return [*every[: WINDOWS - 1], Decoded(rest[0].start, end, "\n".join(decoded.text for decoded in rest))]
