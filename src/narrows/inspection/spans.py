"""What a finder reports, and how many small finds become few.

A finder is a function of a text that gives `Decoded` in ascending order; it takes time linear in the text.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

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


Spans: TypeAlias = list[tuple[int, int]]
Search: TypeAlias = Callable[[bytes, int, int], Spans]
"""The first match in data[start:end], as the only one of a list; (-1, -1) is none."""


def search_for(pattern: str) -> Search:
    """What looks for a pattern (RE2) in UTF-8, in linear time."""
    compiled = re2.compile(pattern.encode(), options())
    anchors, inner = getattr(re2, "_Anchor", None), getattr(compiled, "_regexp", None)
    if anchors is None or inner is None:
        return partial(_public_search, compiled)
    # The public method builds a match object out of a generator, which costs more than the matching itself.
    found: Search = partial(inner.Match, anchors.UNANCHORED)
    return found


def _public_search(compiled: Any, data: bytes, start: int, end: int) -> Spans:
    match = compiled.search(data, start, end)
    return [(-1, -1) if match is None else match.span()]


class Marks:
    """A linear pattern of what gives a disguise away, and the stretches of a text around it."""

    __slots__ = ("_search",)

    def __init__(self, pattern: str) -> None:
        self._search = search_for(pattern)

    def windows(self, text: str) -> Spans:
        """The stretches of `text` that lie around matches, in order. Looks at one match in STRIDE characters."""
        data = text.encode("utf-8", "surrogatepass")
        size = len(data)
        search = self._search
        found: Spans = []
        at = 0
        while at < size:
            start, end = search(data, at, size)[0]
            if start < 0:
                break
            at = end + STRIDE
            if found and start - found[-1][1] <= 2 * MARGIN:
                found[-1] = (found[-1][0], at)
            else:
                found.append((start, at))
        return _in_characters(text, data, found)


def _in_characters(text: str, data: bytes, found: Spans) -> Spans:
    """Widened by MARGIN, at the next space, so that windows are apart and words whole; in characters."""
    widened: Spans = []
    behind, size = 0, len(data)
    for start, end in found:
        left = start - MARGIN
        if left <= 0:
            left = 0
        else:
            space = data.find(b" ", left, start)
            if space >= 0:
                left = space + 1
        right = end + MARGIN
        if right >= size:
            right = size
        else:
            space = data.rfind(b" ", end, right)
            if space >= 0:
                right = space
        left = max(behind, left)
        if left < right:
            widened.append((left, right))
            behind = right
    return widened if size == len(text) else _counted(data, widened)


def _counted(data: bytes, spans: Spans) -> Spans:
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


class Rewriting:
    """A finder that shows the stretches around a pattern in each of the ways given."""

    __slots__ = ("_marks", "_rewrites")

    def __init__(self, pattern: str, *rewrites: Callable[[str], str]) -> None:
        self._marks = Marks(pattern)
        self._rewrites = rewrites

    def __call__(self, text: str) -> list[Decoded]:
        found: list[Decoded] = []
        for start, end in self._marks.windows(text):
            source = text[start:end]
            for rewrite in self._rewrites:
                plain = rewrite(source)
                if plain != source:
                    found.append(Decoded(start, end, plain))
        return found


def replaced(
    text: str, signs: re.Pattern[str], pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]
) -> str:
    """What `pattern.sub(replace, text)` gives where every match begins with one of the signs, a class of characters.

    These are looked for first: that takes a tenth of the time that trying every way of a pattern at every place does.
    """
    parts: list[str] = []
    done = at = 0
    while (sign := signs.search(text, at)) is not None:
        at = sign.start()
        match = pattern.match(text, at)
        if match is None:
            at += 1
            continue
        parts.append(text[done:at])
        parts.append(replace(match))
        done = at = match.end()
    return "".join(parts) + text[done:] if parts else text


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
    every = found if isinstance(found, list) else list(found)
    if len(every) <= WINDOWS:
        return every
    rest = every[WINDOWS - 1 :]
    end = max(decoded.end for decoded in rest)
    return [*every[: WINDOWS - 1], Decoded(rest[0].start, end, "\n".join(decoded.text for decoded in rest))]
