"""Other views of a prompt: what an encoded or disguised text says to a model that reads it.

A view is searched for denied phrases; it never changes what is sent. One pass of a linear automaton over the text tells
which finders have something to do: usually none, so that prose costs next to nothing. Views of views are made once more
(DEPTH). What is made is bounded: at most WINDOWS views of a kind and text, and FACTOR times the text's own length
together; where that ends it, the answer says so (`complete`), and the caller treats it as it treats an unreadable text.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec
import re2

from narrows.inspection import disguises, encodings, escapes, letters
from narrows.inspection.spans import Finder, few, options, rewriting

DEPTH: Final = 2
"""Layers that are taken off: base64 of percent escapes, but not of a third encoding."""

FACTOR: Final = 3
SPARE: Final = 4_096
"""All views of a text together have at most FACTOR times its characters, and SPARE."""


class View(msgspec.Struct, frozen=True, gc=False):
    """What stands at `start:end` of a text, as a reader sees it. `kind` names the layers taken off, outermost first:
    `base64`, `base64+escapes`."""

    kind: str
    text: str
    start: int
    end: int


class Views(NamedTuple):
    """The views of one text; `complete` is False where there were more than are made."""

    views: tuple[View, ...]
    complete: bool


class _Row(NamedTuple):
    kind: str
    trigger: str
    find: Finder
    again: bool = True
    """Whether it may be taken off a view of the same kind."""
    ends: bool = False
    """Whether nothing more is taken off its views."""
    words: bool = False
    """Whether it looks for words, so that long encoded data is not for it."""


_BLOB: Final = re.compile(r"[A-Za-z0-9+/=_-]{256,}|(?:[A-Za-z0-9+/=_-]{40,}\s{1,2}){4,}")
"""Data, not words: leetspeak or ROT13 in it is chance."""

_LONG: Final = r"[A-Za-z0-9+/=_-]{40}"
"""Without a run of this kind there is no blob."""

NOTHING: Final = Views((), complete=True)


class Viewer:
    """Makes the views of texts. Has no state but what it has learnt of characters; may be shared by threads."""

    __slots__ = ("_ends", "_rows", "_triggers")

    def __init__(self, fold_character: Callable[[str], str], without: frozenset[str] = frozenset()) -> None:
        """`fold_character` is what one character is seen as; `without` names kinds that are not looked for."""
        self._rows = tuple(row for row in _rows(fold_character) if row.kind not in without)
        self._ends = frozenset(row.kind for row in self._rows if row.ends)
        self._triggers = _Triggers([*(row.trigger for row in self._rows), _LONG])

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it looks for."""
        return tuple(row.kind for row in self._rows)

    def views(self, text: str) -> Views:
        """The views of a text, of at most DEPTH layers; without those that say nothing new."""
        room = FACTOR * len(text) + SPARE
        made: list[View] = []
        seen = {text}
        complete = True
        layer = [View("", text, 0, len(text))]
        for _ in range(DEPTH):
            if not complete:
                break
            next_layer: list[View] = []
            for source in layer:
                for view in self._taken_off(source):
                    if view.text in seen:
                        continue
                    if len(view.text) > room:
                        complete = False
                        continue
                    room -= len(view.text)
                    seen.add(view.text)
                    made.append(view)
                    if view.kind not in self._ends:
                        next_layer.append(view)
            layer = next_layer
        return Views(tuple(made), complete) if made or not complete else NOTHING

    def _taken_off(self, source: View) -> Iterator[View]:
        hits = self._triggers.hits(source.text)
        if not hits:
            return
        layers = source.kind.split("+")
        words = source.text
        if hits[-1] == len(self._rows):
            hits.pop()
            words = _BLOB.sub(_blank, source.text)
        worded = set(hits if words == source.text else self._triggers.hits(words))
        for index in hits:
            row = self._rows[index]
            if (row.words and index not in worded) or (not row.again and row.kind in layers):
                continue
            kind = f"{source.kind}+{row.kind}" if source.kind else row.kind
            for start, end, text in few(row.find(words if row.words else source.text)):
                if source.kind:
                    yield View(kind, text, source.start, source.end)
                else:
                    yield View(kind, text, start, end)


def _blank(blob: re.Match[str]) -> str:
    return " " * len(blob.group())


class _Triggers:
    """Which finders have something to do in a text."""

    __slots__ = ("_all", "_set")

    def __init__(self, patterns: list[str]) -> None:
        self._all = list(range(len(patterns)))
        self._set = re2.Set.SearchSet(options())
        for pattern in patterns:
            self._set.Add(pattern.encode())
        # RE2 reports a set that ran out of memory as "nothing matched": the absence of this one tells the two apart.
        self._set.Add(rb"\A")
        self._set.Compile()

    def hits(self, text: str) -> list[int]:
        found: list[int] | None = self._set.Match(text.encode("utf-8", "surrogatepass"))
        sentinel = len(self._all)
        if found is None or sentinel not in found:
            return list(self._all)
        return sorted(index for index in found if index != sentinel) if len(found) > 1 else []


def _rows(fold_character: Callable[[str], str]) -> tuple[_Row, ...]:
    alphabet = letters.Alphabet(fold_character, scripts=False)
    scripts = letters.Alphabet(fold_character, scripts=True)
    return (
        _rewritten("letters", letters.FOLDED, alphabet.fold, scripts.fold_words),
        _rewritten("turned", letters.UPSIDE_DOWN, letters.turned),
        _rewritten("tags", letters.TAGS, letters.from_tags, letters.from_tags_apart),
        _Row("hidden", letters.HIDDEN_BYTES, letters.find_hidden_bytes),
        _rewritten("escapes", escapes.ESCAPES, escapes.unescape, again=True),
        _Row("base64", encodings.BASE64, encodings.find_base64),
        _Row("base32", encodings.BASE32, encodings.find_base32),
        _Row("hexadecimal", encodings.HEXADECIMAL, encodings.find_hexadecimal),
        _Row("codes", encodings.CODES, encodings.find_codes),
        _Row("morse", encodings.MORSE_CODE, encodings.find_morse),
        _rewritten("punycode", disguises.PUNYCODE, disguises.from_punycode),
        _worded("leet", disguises.LEET, disguises.leet, disguises.leet_with_l),
        _Row("apart", disguises.APART, disguises.find_apart, again=False),
        _worded("joined", disguises.JOINED, disguises.words_apart),
        _worded("cut", disguises.CUT, disguises.whole_words),
        _worded("rot13", disguises.ROT13, disguises.rot13),
        _worded("reversed", disguises.REVERSED, disguises.backwards, disguises.words_backwards),
        _rewritten("spaces", disguises.UNEVEN, disguises.even_spaces)._replace(ends=True),
    )


def _rewritten(kind: str, trigger: str, *rewrites: Callable[[str], str], again: bool = False) -> _Row:
    return _Row(kind, trigger, rewriting(trigger, *rewrites), again)


def _worded(kind: str, trigger: str, *rewrites: Callable[[str], str]) -> _Row:
    return _Row(kind, trigger, rewriting(trigger, *rewrites), again=False, words=True)
