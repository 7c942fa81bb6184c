"""Other views of a prompt: what an encoded or disguised text says to a model that reads it.

A view is searched for denied phrases; it never changes what is sent. A pass of automata over the text tells which
finders have something to do (`triggers`): usually none, so that prose costs next to nothing. Views of views are made
once more (DEPTH). What is made is bounded: at most WINDOWS views of a kind and text, and FACTOR times the text's own
length together; where that ends it, the answer says so (`complete`), and the caller treats it as an unreadable text.

What comes with every call, such as a system prompt, is looked at once in a while: the views of texts seen lately are
remembered under a digest, so that no text is kept for it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from narrows.inspection import disguises, encodings, escapes, letters
from narrows.inspection.lately import Lately, digest
from narrows.inspection.spans import WINDOWS, Decoded, Finder, Rewriting, few
from narrows.inspection.triggers import Group, MakesGates, Trigger, Triggers

DEPTH: Final = 2
"""Layers that are taken off: base64 of percent escapes, but not of a third encoding."""

FACTOR: Final = 4
SPARE: Final = 16_384
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
    group: Group
    trigger: str
    """What gives it away (RE2)."""
    find: Finder
    again: bool = True
    """Whether it may be taken off a view of the same kind."""
    ends: bool = False
    """Whether nothing more is taken off its views."""
    words: bool = False
    """Whether it looks for words, so that long encoded data is not for it."""


_BLOB: Final = re.compile(r"[A-Za-z0-9+/=_-]{256,}|(?:[A-Za-z0-9+/=_-]{40,}\s{1,2}){4,}")
"""Data, not words: leetspeak or ROT13 in it is chance."""

_IN_BLOBS: Final = bytes(0x23 if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "+/=_-") else 0x20
                         for code in range(256))  # fmt: skip
_LONG: Final = b"#" * 40
"""Without a run of this kind there is no blob."""

NOTHING: Final = Views((), complete=True)


class Viewer:
    """Makes the views of texts. Has no state but what it has learnt of characters and remembers of texts; threads may
    share it."""

    __slots__ = ("_ends", "_known", "_rows", "_triggers")

    def __init__(
        self,
        fold_character: Callable[[str], str],
        without: frozenset[str] = frozenset(),
        gates: MakesGates | None = None,
    ) -> None:
        """`fold_character` is what one character is seen as; `without` names kinds that are not looked for; `gates`
        makes what tells which kinds there may be."""
        self._rows = tuple(row for row in _rows(fold_character) if row.kind not in without)
        self._ends = frozenset(row.kind for row in self._rows if row.ends)
        self._triggers = Triggers([Trigger(row.group, row.trigger) for row in self._rows], gates)
        self._known: Lately[Views] = Lately()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it looks for."""
        return tuple(row.kind for row in self._rows)

    def views(self, text: str) -> Views:
        """The views of a text, of at most DEPTH layers; without those that say nothing new."""
        key = digest(text)
        views = self._known.get(key)
        if views is None:
            hits = self._triggers.hits(text)
            views = self._made(text, hits) if hits else NOTHING
            self._known.put(key, views, sum([len(view.text) for view in views.views]))
        return views

    def _made(self, text: str, hits: list[int]) -> Views:
        made = _Made(text)
        for index, found in self._found(text, hits, ()):
            kind = self._rows[index].kind
            made.add([View(kind, decoded.text, decoded.start, decoded.end) for decoded in found])
        layer = made.views[:]
        for _ in range(1, DEPTH):
            if not made.complete:
                break
            done = len(made.views)
            for view in layer:
                if view.kind not in self._ends and (inner := self._triggers.hits(view.text)):
                    outer, start, end = view.kind, view.start, view.end
                    for index, found in self._found(view.text, inner, outer.split("+")):
                        kind = f"{outer}+{self._rows[index].kind}"
                        made.add([View(kind, decoded.text, start, end) for decoded in found])
            layer = made.views[done:]
        return Views(tuple(made.views), made.complete) if made.views or not made.complete else NOTHING

    def _found(self, text: str, hits: list[int], layers: Sequence[str]) -> list[tuple[int, list[Decoded]]]:
        """What the rows that were hit find in a text, or in a view of which these layers have been taken off."""
        words: str | None = None
        worded = hits
        taken: list[tuple[int, list[Decoded]]] = []
        for index in hits:
            row = self._rows[index]
            if layers and not row.again and row.kind in layers:
                continue
            if not row.words:
                found = row.find(text)
            else:
                if words is None:
                    words = _BLOB.sub(_blank, text) if _has_blobs(text) else text
                    if words != text:
                        worded = self._triggers.hits(words)
                if index not in worded:
                    continue
                found = row.find(words)
            if type(found) is not list or len(found) > WINDOWS:
                found = few(found)
            if found:
                taken.append((index, found))
        return taken


class _Made:
    """The views of one text, as far as they are made."""

    __slots__ = ("_room", "_seen", "complete", "views")

    def __init__(self, text: str) -> None:
        self.views: list[View] = []
        self.complete = True
        self._room = FACTOR * len(text) + SPARE
        self._seen = {text}

    def add(self, taken: list[View]) -> None:
        """Those that are new, as long as there is room."""
        for view in taken:
            if view.text in self._seen:
                continue
            if len(view.text) > self._room:
                self.complete = False
                continue
            self._room -= len(view.text)
            self._seen.add(view.text)
            self.views.append(view)


def _has_blobs(text: str) -> bool:
    """Whether there may be a blob. What is not ASCII counts as one character that is in none."""
    return len(text) > len(_LONG) and _LONG in text.encode("ascii", "replace").translate(_IN_BLOBS)


def _blank(blob: re.Match[str]) -> str:
    return " " * len(blob.group())


def _rows(fold_character: Callable[[str], str]) -> tuple[_Row, ...]:
    alphabet = letters.Alphabet(fold_character, scripts=False)
    scripts = letters.Alphabet(fold_character, scripts=True)
    wide, signs, runs, digits = Group.WIDE, Group.SIGNS, Group.RUNS, Group.DIGITS
    return (
        _rewritten("letters", wide, letters.FOLDED, alphabet.fold, scripts.fold_words),
        _rewritten("turned", wide, letters.UPSIDE_DOWN, letters.turned),
        _rewritten("tags", wide, letters.TAGS, letters.from_tags, letters.from_tags_apart),
        _Row("hidden", wide, letters.HIDDEN_BYTES, letters.find_hidden_bytes),
        _rewritten("escapes", signs, escapes.ESCAPES, escapes.unescape)._replace(again=True),
        _Row("base64", signs, encodings.BASE64, encodings.find_base64),
        _Row("base32", signs, encodings.BASE32, encodings.find_base32),
        _Row("hexadecimal", digits, encodings.HEXADECIMAL, encodings.find_hexadecimal),
        _Row("codes", digits, encodings.CODES, encodings.find_codes),
        _Row("morse", runs, encodings.MORSE_CODE, encodings.find_morse),
        _rewritten("punycode", signs, disguises.PUNYCODE, disguises.from_punycode),
        _worded("leet", signs, disguises.LEET, disguises.leet, disguises.leet_with_l),
        _Row("apart", runs, disguises.APART, disguises.find_apart, again=False),
        _worded("joined", runs, disguises.JOINED, disguises.words_apart),
        _worded("cut", signs, disguises.CUT, disguises.whole_words),
        _worded("rot13", signs, disguises.ROT13, disguises.rot13),
        _worded("reversed", signs, disguises.REVERSED, disguises.backwards, disguises.words_backwards),
        _rewritten("spaces", runs, disguises.UNEVEN, disguises.even_spaces)._replace(ends=True),
    )


def _rewritten(kind: str, group: Group, trigger: str, *rewrites: Callable[[str], str]) -> _Row:
    return _Row(kind, group, trigger, Rewriting(trigger, *rewrites), again=False)


def _worded(kind: str, group: Group, trigger: str, *rewrites: Callable[[str], str]) -> _Row:
    return _Row(kind, group, trigger, Rewriting(trigger, *rewrites), again=False, words=True)
