"""Lists of words and phrases, up to a million: internal names, projects, customers.

An entry is a sequence of words; a text holds it where the same words follow each other with at most MOST_GAP characters
between them, whatever their case. Words are runs of letters and digits; in scripts without spaces each character is
one. Entries are kept as 64-bit hashes in a sorted array with a filter before it, some twelve bytes an entry; two
phrases share a hash with a chance of one in 10¹³ for a million entries. Matching is linear, and a pure function of at
most MOST_WORDS words, so it is exact in streams. The module knows folded texts and no detectors.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

from narrows.masking import standins
from narrows.masking.candidates import Carry, Hit, Scan
from narrows.masking.folding import Folder
from narrows.masking.keywords import lowered
from narrows.masking.patterns import EDGE, WALL, PatternRefused

MOST_WORDS: Final = 32
MOST_WORD: Final = 64
"""Characters of a word; a longer one is in no list."""

MOST_GAP: Final = 3
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_TOKEN: Final = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_SPACED: Final = re.compile(rf"[^\W_{_UNSPACED}]")


class _Hashes:
    """A set of phrases, as hashes."""

    __slots__ = ("_filter", "_mask", "_sorted")

    def __init__(self, hashes: Iterable[int]) -> None:
        self._sorted = array("q", sorted(set(hashes)))
        size = 1 << max(10, (len(self._sorted) * 8).bit_length())
        self._mask = size - 1
        self._filter = bytearray(size >> 3)
        for value in self._sorted:
            place = value & self._mask
            self._filter[place >> 3] |= 1 << (place & 7)

    def __contains__(self, phrase: str) -> bool:
        value = hash(phrase)
        place = value & self._mask
        if not self._filter[place >> 3] >> (place & 7) & 1:
            return False
        at = bisect_left(self._sorted, value)
        return at < len(self._sorted) and self._sorted[at] == value


class WordList:
    """An organisation's list under one entity. Immutable; threads may share it."""

    __slots__ = ("_begun", "_entries", "_most_words", "entity", "name", "score")

    def __init__(self, name: str, entity: str, entries: Iterable[str], score: float = 1.0) -> None:
        """Raises PatternRefused for an entry without a word, or with too many or too long ones."""
        if not standins.NAME.match(entity):
            raise PatternRefused(f"word list {name}: {entity!r} is no name of an entity: A-Z, 0-9 and _, at most 48")
        self.name, self.entity, self.score = name, entity, score
        self._most_words = 0
        folder = Folder()
        begun: set[int] = set()
        self._entries = _Hashes(self._read(entries, folder, begun))
        self._begun = _Hashes(begun)

    def _read(self, entries: Iterable[str], folder: Folder, begun: set[int]) -> Iterator[int]:
        """The hash of each entry; adds those of what entries begin with."""
        for entry in entries:
            words = _TOKEN.findall(lowered(folder.plain(entry)))
            if not words or len(words) > MOST_WORDS or max(map(len, words)) > MOST_WORD:
                raise PatternRefused(
                    f"word list {self.name}: an entry has 1 to {MOST_WORDS} words of at most {MOST_WORD} characters"
                )
            self._most_words = max(self._most_words, len(words))
            phrase = words[0]
            for word in words[1:]:
                begun.add(hash(phrase))
                phrase += " " + word
            yield hash(phrase)

    def find(self, scan: Scan, rank: int, allowed: frozenset[str], carry: Carry | None) -> list[Hit]:
        """The longest entries from scan.begin on, left to right."""
        text, hits = scan.text, []
        at = scan.begin if carry is None else carry.resume
        tokens = self._tokens(text, at, scan.size if scan.final else None)
        index = 0
        while index < len(tokens):
            best = self._longest(text, tokens, index)
            if best < 0:
                index += 1
                continue
            start, end = tokens[index][0], tokens[best][1]
            if text[start:end].casefold() not in allowed:
                hits.append(Hit(start, end, rank, self.score))
            index = best + 1
        return hits

    def undecided(self, text: str, begin: int, stop: int) -> int:
        """The earliest start of what could be an entry if more text came."""
        tokens = [(match.start(), match.end(), match.group()) for match in _TOKEN.finditer(lowered(text[begin:stop]))]
        if not tokens:
            return stop
        size = stop - begin
        growing = tokens[-1][1] == size and _SPACED.match(tokens[-1][2]) is not None
        complete = len(tokens) - growing
        if growing and (size - tokens[-1][0] > MOST_WORD):
            return stop
        earliest = tokens[-1][0] if growing else size
        for first in range(max(0, complete - self._most_words), complete):
            if self._reaches(text[begin:stop], tokens, first, complete, size):
                earliest = min(earliest, tokens[first][0])
        return begin + earliest

    def _tokens(self, text: str, begin: int, known: int | None) -> list[tuple[int, int, str]]:
        """The words from begin on, but for one that began before, and one that could go on behind the text.

        Beside a wall nobody knows whether a word is whole: it then matches nothing.
        """
        tokens = [(match.start(), match.end(), match.group()) for match in _TOKEN.finditer(lowered(text), begin)]
        if tokens and tokens[0][0] == begin and _SPACED.match(text, begin - 1) and _SPACED.match(text, begin):
            del tokens[0]
        if known is None and tokens and tokens[-1][1] == len(text) and _SPACED.match(tokens[-1][2]):
            del tokens[-1]
        return [_walled(text, token) for token in tokens] if WALL in text else tokens

    def _longest(self, text: str, tokens: list[tuple[int, int, str]], index: int) -> int:
        """The last word of the longest entry that begins with a word, or -1."""
        best, phrase = -1, tokens[index][2]
        while True:
            if phrase in self._entries:
                best = index
            if phrase not in self._begun or index + 1 == len(tokens) or not _joined(text, tokens, index):
                return best
            index += 1
            phrase = f"{phrase} {tokens[index][2]}"

    def _reaches(self, text: str, tokens: list[tuple[int, int, str]], first: int, complete: int, size: int) -> bool:
        """Whether the words from one on, up to the end of the text, begin an entry."""
        phrase = tokens[first][2]
        for index in range(first, complete):
            if index > first:
                phrase = f"{phrase} {tokens[index][2]}"
            if phrase not in self._begun:
                return False
            if index + 1 < len(tokens) and not _joined(text, tokens, index):
                return False
        last = tokens[complete - 1][1]
        return complete < len(tokens) or _gap(text, last, size)


def _walled(text: str, token: tuple[int, int, str]) -> tuple[int, int, str]:
    start, end, word = token
    beside = text[start - 1] == WALL or text[end : end + 1] == WALL
    return (start, end, WALL) if beside and _SPACED.match(word) else token


def _joined(text: str, tokens: list[tuple[int, int, str]], index: int) -> bool:
    return _gap(text, tokens[index][1], tokens[index + 1][0])


def _gap(text: str, start: int, end: int) -> bool:
    if end - start > MOST_GAP:
        return False
    between = text[start:end]
    return EDGE not in between and WALL not in between
