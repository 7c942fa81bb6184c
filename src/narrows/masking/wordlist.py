"""Lists of words and phrases, up to a million: internal names, projects, customers.

An entry is a sequence of words; a text holds it where the same words follow each other with at most MOST_GAP characters
between them, whatever their case. Words are runs of letters and digits; in scripts without spaces each character is
one. Matching is linear, and a pure function of at most MOST_WORDS words, so it is exact in streams. How entries are
kept is the business of `phrases`. The module knows folded texts and no detectors.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from narrows.masking import phrases, standins
from narrows.masking.candidates import Carry, Hit, Scan
from narrows.masking.folding import Folder
from narrows.masking.keywords import lowered
from narrows.masking.patterns import EDGE, WALL, PatternRefused
from narrows.masking.phrases import BEGUN, ENTRY, Phrases

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
_ASCII_WORDS: Final = bytes(code if chr(code).isascii() and chr(code).isalnum() else 0x20 for code in range(256))
"""Makes white space of what stands between words."""


class WordList:
    """An organisation's list under one entity. Immutable; threads may share it."""

    __slots__ = ("_phrases", "entity", "name", "score")

    def __init__(self, name: str, entity: str, entries: Iterable[str] | Phrases, score: float = 1.0) -> None:
        """`entries` are texts, or what `compile_entries` made of them. Raises PatternRefused for an entry without a
        word, or with too many or too long ones."""
        if not standins.NAME.match(entity):
            raise PatternRefused(f"word list {name}: {entity!r} is no name of an entity: A-Z, 0-9 and _, at most 48")
        self.name, self.entity, self.score = name, entity, score
        if not isinstance(entries, Phrases):
            try:
                entries = Phrases(compile_entries(entries))
            except PatternRefused as refused:
                raise PatternRefused(f"word list {name}: {refused}") from None
        self._phrases = entries

    def find(self, scan: Scan, rank: int, allowed: frozenset[str], carry: Carry | None) -> list[Hit]:
        """The longest entries from scan.begin on, left to right."""
        text, hits = scan.text, []
        at = scan.begin if carry is None else carry.resume
        if not self._phrases.holds_any(_words_of(text, scan.data, at)):
            return []  # No entry begins with any of its words, so nobody needs to know where they stand.
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
        for first in range(max(0, complete - self._phrases.most_words), complete):
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
            known = self._phrases.find(phrase)
            if known & ENTRY:
                best = index
            if not known & BEGUN or index + 1 == len(tokens) or not _joined(text, tokens, index):
                return best
            index += 1
            phrase = f"{phrase} {tokens[index][2]}"

    def _reaches(self, text: str, tokens: list[tuple[int, int, str]], first: int, complete: int, size: int) -> bool:
        """Whether the words from one on, up to the end of the text, begin an entry."""
        phrase = tokens[first][2]
        for index in range(first, complete):
            if index > first:
                phrase = f"{phrase} {tokens[index][2]}"
            if not self._phrases.find(phrase) & BEGUN:
                return False
            if index + 1 < len(tokens) and not _joined(text, tokens, index):
                return False
        last = tokens[complete - 1][1]
        return complete < len(tokens) or _gap(text, last, size)


def _words_of(text: str, data: bytes, begin: int) -> set[bytes]:
    """The different words from a place on, in lower case; `data` is the text as bytes."""
    if text.isascii():
        return set(data[begin:].lower().translate(_ASCII_WORDS).split())
    return {word.encode("utf-8", "surrogatepass") for word in _TOKEN.findall(lowered(text), begin)}


def compile_entries(entries: Iterable[str]) -> bytes:
    """The entries as bytes, for `Phrases`. Takes some seconds for a million. Raises PatternRefused, as a list does."""
    return phrases.build(_words(entries))


def _words(entries: Iterable[str]) -> Iterator[list[str]]:
    plain, split = Folder().plain, _TOKEN.findall
    for entry in entries:
        words: list[str] = split(lowered(plain(entry)))
        if not words or len(words) > MOST_WORDS or max(map(len, words)) > MOST_WORD:
            raise PatternRefused(f"an entry has 1 to {MOST_WORDS} words of at most {MOST_WORD} characters")
        yield words


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
