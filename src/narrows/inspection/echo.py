"""Whether a reply repeats the system prompt: a long run of the system texts, found while the reply streams.

Both are compared in lower case with one space for every run of white space. The definition: a reply echoes as soon as
its last `least` characters, so normalised, stand somewhere in the system text. Every split of the reply into deltas
gives the same answer at the same character.

An `Origin` is made once for a system text, which agents send again with each call, and can be kept and shared; it holds
one hash for STEP characters. An `Echo` is the state of one reply: fewer than `least` characters and, once the reply has
repeated a part of the system text, a hash for each of its characters. Time is linear in the text and in the reply.
"""

import re
from collections.abc import Sequence
from typing import Final

LEAST: Final = 60
"""Characters of a run that is an echo. Shorter ones are common phrases."""

LONGEST: Final = 32_768
"""Characters of a system text that are compared, its first ones."""

STEP: Final = 8

_SPACE: Final = re.compile(r"\s+")


def _normalised(text: str) -> str:
    return _SPACE.sub(" ", text).casefold()


class Origin:
    """What must not be repeated."""

    __slots__ = ("_anchors", "_every", "_text", "least")

    def __init__(self, texts: Sequence[str], least: int = LEAST) -> None:
        """The system texts of a request, together. Raises ValueError for runs of less than two STEPs."""
        if least < 2 * STEP:
            raise ValueError(f"an echo is of {2 * STEP} characters at least")
        self.least = least
        # A run of `least` characters holds one that begins at a multiple of STEP and is STEP - 1 shorter.
        self._text = _normalised("\n".join(texts)[:LONGEST])[:LONGEST]
        size = self.anchor
        self._anchors = frozenset(hash(self._text[at : at + size]) for at in range(0, len(self._text) - size + 1, STEP))
        self._every: frozenset[int] | None = None

    @property
    def anchor(self) -> int:
        """Characters of a run that may be part of an echo."""
        return self.least - STEP + 1

    @property
    def silent(self) -> bool:
        """Whether nothing can echo it, since it is shorter than an echo."""
        return len(self._text) < self.least

    def near(self, text: str) -> bool:
        """Whether somewhere in a normalised text there may be part of an echo."""
        size, anchors = self.anchor, self._anchors
        return any(hash(text[at : at + size]) in anchors for at in range(len(text) - size + 1))

    def first(self, text: str) -> int | None:
        """Behind the first run of a normalised text that is an echo."""
        least, source = self.least, self._text
        if self._every is None:
            self._every = frozenset(hash(source[at : at + least]) for at in range(len(source) - least + 1))
        for at in range(len(text) - least + 1):
            run = text[at : at + least]
            if hash(run) in self._every and run in source:
                return at + least
        return None


class Echo:
    """One reply against an Origin."""

    __slots__ = ("_origin", "_space", "_tail", "found")

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._tail = ""
        self._space = False
        self.found = False

    def feed(self, delta: str) -> int | None:
        """How many characters of the delta there are until a run is complete; None if it is not complete with this
        one. What is fed after that is not looked at: the reply was stopped."""
        origin = self._origin
        if self.found or not delta or origin.silent:
            return None
        normalised = _normalised(delta)
        if self._space and normalised[0] == " ":
            normalised = normalised[1:]
            if not normalised:
                return None
        self._space = normalised[-1] == " "
        before = len(self._tail)
        text = self._tail + normalised
        if len(text) >= origin.least and origin.near(text):
            end = origin.first(text)
            if end is not None:
                self.found = True
                return self._place(delta, end - before, normalised)
        self._tail = text[-(origin.least - 1) :]
        return None

    def _place(self, delta: str, wanted: int, normalised: str) -> int:
        """The shortest beginning of the delta that gives `wanted` characters."""
        skipped = len(_normalised(delta)) - len(normalised)
        low, high = 1, len(delta)
        while low < high:
            middle = (low + high) // 2
            if len(_normalised(delta[:middle])) - skipped >= wanted:
                high = middle
            else:
                low = middle + 1
        return low
