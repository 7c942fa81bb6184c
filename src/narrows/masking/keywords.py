"""Words that make a candidate a finding: where they stand in a text, and whether one stands in a window.

A keyword is whole where no letter continues it (for a digit at its edge: no digit), so `user_ssn` and `SSN:` hold
`ssn`; a space in it stands for up to three of white space, `_` and `-`. What is not ASCII has no edges: Chinese writes
no spaces. The module knows folded texts and their bytes, no detectors.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from narrows.masking.matcher import Matcher
from narrows.masking.patterns import (
    ANYTHING,
    OTHER,
    SPACE_BITS,
    WALL,
    Chain,
    Chars,
    Choice,
    Node,
    Repeat,
    bits,
    render,
)

_GAP: Final = Repeat(Chars(SPACE_BITS | bits("_-")), 1, 3)
_LETTERS: Final = bits("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS: Final = bits("0123456789")
MOST_LENGTH: Final = 64
"""Characters of a keyword."""


class KeywordRefused(ValueError):
    """A keyword that can't be looked for; the message says why."""


_CAPITALS: Final = str.maketrans("вкмнтβεζηκμντυχς", "bkmhtbezhkmntyxσ")  # noqa: RUF001
"""Cyrillic and Greek letters whose capitals look Latin though they do not: a word has one form in either case. The two
forms of a small sigma are one, too."""


def lowered(text: str) -> str:
    """A folded text in lower case, of the same length."""
    return text.lower() if text.isascii() else text.lower().translate(_CAPITALS)


def _edge(character: str) -> Chars:
    if character.isascii() and character.isalpha():
        return Chars(ANYTHING.mask & ~_LETTERS & ~bits(WALL))
    if character.isdigit():
        return Chars(ANYTHING.mask & ~_DIGITS & ~bits(WALL))
    return ANYTHING


def _foreign_node(keyword: str) -> Node:
    """A keyword that is not ASCII, lowered, as a gate sees it: of a character that is not ASCII it knows only that."""
    return Chain(tuple(Chars(_seen(character)) for character in keyword))


def _seen(character: str) -> int:
    if not character.isascii():
        return 1 << OTHER
    alike = 1 << OTHER if ord(character) in _CAPITALS.values() else 0
    return bits(character + character.upper()) | alike


def _node(keyword: str) -> Node:
    """A keyword with the character before and the one behind it."""
    parts = [_GAP if character == " " else Chars(bits(character + character.upper())) for character in keyword]
    return Chain((_edge(keyword[0]), *parts, _edge(keyword[-1])))


class Occurrences:
    """Where the keywords of one group stand in a text: at most one begins at a place."""

    __slots__ = ("ends", "starts")

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self.starts = [start for start, _ in spans]
        self.ends = [end for _, end in spans]

    def inside(self, start: int, end: int) -> bool:
        """Whether one lies wholly between."""
        at = bisect_left(self.starts, start)
        while at < len(self.starts) and self.starts[at] < end:
            if self.ends[at] <= end:
                return True
            at += 1
        return False


@dataclass(frozen=True, slots=True)
class Group:
    """The keywords of one or more detectors."""

    pattern: str
    """For the gate: hits wherever a keyword occurs, and where something not ASCII could be one."""

    matcher: Matcher | None
    """For those that are ASCII."""

    foreign: tuple[str, ...]
    """The keywords that are not, lowered."""

    def find(self, text: str, data: bytes) -> Occurrences | None:
        """All occurrences, or None."""
        spans = list(self._ascii(data))
        if self.foreign:
            spans = sorted({*spans, *self._foreign(lowered(text))})
        return Occurrences(spans) if spans else None

    def _ascii(self, data: bytes) -> Iterator[tuple[int, int]]:
        if self.matcher is None:
            return
        at, size = 0, len(data)
        while True:
            start, end = self.matcher.search(data, at, size)
            if start < 0:
                return
            yield start + 1, end - 1
            at = start + 1

    def _foreign(self, text: str) -> Iterator[tuple[int, int]]:
        for keyword in self.foreign:
            at = text.find(keyword)
            while at >= 0:
                yield at, at + len(keyword)
                at = text.find(keyword, at + 1)


def group(keywords: Sequence[str]) -> Group:
    """Folded keywords, compiled. Raises KeywordRefused."""
    for keyword in keywords:
        if not keyword.strip() or len(keyword) > MOST_LENGTH:
            raise KeywordRefused(f"a keyword has 1 to {MOST_LENGTH} characters: {keyword!r}")
    plain = sorted({" ".join(keyword.lower().split()) for keyword in keywords if keyword.isascii()})
    nodes = [_node(keyword) for keyword in plain if not _implied(keyword, plain)]
    foreign = tuple(sorted({lowered(keyword) for keyword in keywords if not keyword.isascii()}))
    pattern = render(Choice((*nodes, *map(_foreign_node, foreign))))
    return Group(pattern, Matcher(render(Choice(tuple(nodes)))) if nodes else None, foreign)


def _implied(keyword: str, others: Sequence[str]) -> bool:
    """Whether another keyword is found wherever this one is, at the same place: `social` for `social security`."""
    for other in others:
        if other != keyword and keyword.startswith(other):
            rest = keyword[len(other)]
            if not (rest.isalpha() if other[-1].isalpha() else rest.isdigit() and other[-1].isdigit()):
                return True
    return False
