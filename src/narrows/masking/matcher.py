"""RE2 over bytes, in the two questions that masking asks: the leftmost match, and the longest one at a place.

Matching is leftmost-longest in Latin-1, never captures, and takes linear time. It knows rendered patterns and bytes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias

import re2

MEMORY: Final = 4 << 20
"""Bytes for one pattern's program and automata; RE2 forgets states beyond it and goes on."""

NOWHERE: Final = (-1, -1)

Spans: TypeAlias = list[tuple[int, int]]
_Ask: TypeAlias = Callable[[bytes, int, int], Spans]


class TooLarge(ValueError):
    """RE2 can't compile a pattern in MEMORY."""


class Matcher:
    """One pattern, compiled when it is first asked or by `compile`. Threads may share it."""

    __slots__ = ("_at", "_search", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._search: _Ask = self._first_search
        self._at: _Ask = self._first_at

    def compile(self) -> None:
        """Once. Raises TooLarge."""
        if self._search != self._first_search:
            return
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.longest_match = True
        options.never_capture = True
        options.log_errors = False
        options.max_mem = MEMORY
        try:
            compiled = re2.compile(self.pattern.encode("ascii"), options)
        except re2.error as error:
            raise TooLarge(f"RE2 can't compile {self.pattern[:80]!r}: {error}") from None
        anchors, inner = getattr(re2, "_Anchor", None), getattr(compiled, "_regexp", None)
        if anchors is None or inner is None:
            self._search, self._at = _public(compiled.search), _public(compiled.match)
            return
        # The public methods build a match object out of a generator, which costs twice the matching itself.
        self._search = partial(inner.Match, anchors.UNANCHORED)
        self._at = partial(inner.Match, anchors.ANCHOR_START)

    def _first_search(self, data: bytes, start: int, end: int) -> Spans:
        self.compile()
        return self._search(data, start, end)

    def _first_at(self, data: bytes, start: int, end: int) -> Spans:
        self.compile()
        return self._at(data, start, end)

    def asks(self) -> tuple[_Ask, _Ask]:
        """`search` and `longest` as calls into RE2, for loops: the first span that one gives is the answer."""
        self.compile()
        return self._search, self._at

    def search(self, data: bytes, start: int, end: int) -> tuple[int, int]:
        """The leftmost match in data[start:end], the longest there; NOWHERE if there is none."""
        return self._search(data, start, end)[0]

    def longest(self, data: bytes, start: int, end: int) -> tuple[int, int]:
        """The longest match that begins at start and ends by end; NOWHERE if there is none."""
        return self._at(data, start, end)[0]


def _public(method: Any) -> _Ask:
    def ask(data: bytes, start: int, end: int) -> Spans:
        match = method(data, start, end)
        return [NOWHERE if match is None else match.span()]

    return ask
