"""Other views of a prompt: what an encoded or disguised text says to a model that reads it.

A view is searched for denied phrases; it never changes what is sent. Two passes of linear automata over the text tell
which finders have something to do: usually none, so that prose costs next to nothing. Views of views are made once more
(DEPTH). What is made is bounded: at most WINDOWS views of a kind and text, and FACTOR times the text's own length
together; where that ends it, the answer says so (`complete`), and the caller treats it as it treats an unreadable text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Final, NamedTuple

import msgspec
import re2

from narrows.inspection import disguises, encodings, escapes, letters
from narrows.inspection.spans import Finder, few, options, rewriting

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


class Group(Enum):
    """Triggers that are looked for together."""

    SIGNS = 1
    WORDS = 2
    DIGITS = 3
    """Only in texts with FEWEST_DIGITS."""
    WIDE = 4
    """Only in texts that are not ASCII."""


FEWEST_DIGITS: Final = 6


class _Row(NamedTuple):
    kind: str
    group: Group
    trigger: str
    """What gives it away (RE2)."""
    find: Finder
    wide: str = ""
    """What gives it away in a text that is not ASCII, if that is something else."""
    again: bool = True
    """Whether it may be taken off a view of the same kind."""
    ends: bool = False
    """Whether nothing more is taken off its views."""
    words: bool = False
    """Whether it looks for words, so that long encoded data is not for it."""


_BLOB: Final = re.compile(r"[A-Za-z0-9+/=_-]{256,}|(?:[A-Za-z0-9+/=_-]{40,}\s{1,2}){4,}")
"""Data, not words: leetspeak or ROT13 in it is chance."""

_LONG: Final = "[A-Za-z0-9+/=_-]{40}"
"""Without a run of this kind there is no blob."""

NOTHING: Final = Views((), complete=True)


class Viewer:
    """Makes the views of texts. Has no state but what it has learnt of characters; may be shared by threads."""

    __slots__ = ("_ends", "_long", "_rows", "_triggers")

    def __init__(self, fold_character: Callable[[str], str], without: frozenset[str] = frozenset()) -> None:
        """`fold_character` is what one character is seen as; `without` names kinds that are not looked for."""
        self._rows = tuple(row for row in _rows(fold_character) if row.kind not in without)
        self._ends = frozenset(row.kind for row in self._rows if row.ends)
        self._triggers = _Triggers(self._rows)
        self._long = re2.compile(_LONG.encode(), options())

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it looks for."""
        return tuple(row.kind for row in self._rows)

    def may_view(self, texts: Sequence[str]) -> bool:
        """Whether one of the texts can have views. Passes them as one, which costs less than one by one."""
        return bool(self._triggers.hits("\0".join(texts)))

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
        if self._long.search(words.encode("utf-8", "surrogatepass")) is not None:
            words = _BLOB.sub(_blank, words)
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
    """Which rows have something to do in a text.

    The triggers are passed in a few automata: those of one group share few states, so that text never seen before costs
    what known text costs. All together in one, most of the time would go into making states. A group that a glance can
    rule out is not asked.
    """

    __slots__ = ("_all", "_groups")

    def __init__(self, rows: Sequence[_Row]) -> None:
        self._all = list(range(len(rows)))
        asked: dict[Group, list[tuple[int, str]]] = {group: [] for group in Group}
        for index, row in enumerate(rows):
            asked[row.group].append((index, row.trigger))
            if row.wide:
                asked[Group.WIDE].append((index, row.wide))
        self._groups = {group: _Together(triggers) for group, triggers in asked.items() if triggers}

    def hits(self, text: str) -> list[int]:
        """Indexes of the rows, ascending."""
        data = text.encode("utf-8", "surrogatepass")
        found: set[int] = set()
        for group, together in self._groups.items():
            if _ruled_out(group, text, data):
                continue
            hits = together.hits(data)
            if hits is None:
                return list(self._all)
            found.update(hits)
        return sorted(found) if found else []


def _ruled_out(group: Group, text: str, data: bytes) -> bool:
    if group is Group.WIDE:
        return text.isascii()
    return group is Group.DIGITS and len(data) - len(data.translate(None, b"0123456789")) < FEWEST_DIGITS


class _Together:
    """Several triggers in one automaton."""

    __slots__ = ("_rows", "_set")

    def __init__(self, triggers: Sequence[tuple[int, str]]) -> None:
        self._rows = [row for row, _ in triggers]
        self._set = re2.Set.SearchSet(options())
        for _, pattern in triggers:
            self._set.Add(pattern.encode())
        # RE2 reports a set that ran out of memory as "nothing matched": the absence of this one tells the two apart.
        self._set.Add(rb"\A")
        self._set.Compile()

    def hits(self, data: bytes) -> list[int] | None:
        """The rows of those that match; None if that could not be told."""
        found: list[int] | None = self._set.Match(data)
        if found is None or len(self._rows) not in found:
            return None
        return [self._rows[index] for index in found if index != len(self._rows)] if len(found) > 1 else []


def _rows(fold_character: Callable[[str], str]) -> tuple[_Row, ...]:
    alphabet = letters.Alphabet(fold_character, scripts=False)
    scripts = letters.Alphabet(fold_character, scripts=True)
    wide, signs, words, digits = Group.WIDE, Group.SIGNS, Group.WORDS, Group.DIGITS
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
        _Row("morse", words, encodings.MORSE_CODE, encodings.find_morse, wide=encodings.MORSE_CODE),
        _rewritten("punycode", signs, disguises.PUNYCODE, disguises.from_punycode),
        _worded("leet", signs, disguises.LEET, disguises.leet, disguises.leet_with_l),
        _Row("apart", words, disguises.APART, disguises.find_apart, again=False),
        _worded("joined", signs, disguises.JOINED, disguises.words_apart)._replace(
            trigger=disguises.JOINED_HINT, wide=disguises.JOINED
        ),
        _worded("cut", signs, disguises.CUT, disguises.whole_words)._replace(
            trigger=disguises.CUT_HINT, wide=disguises.CUT
        ),
        _worded("rot13", words, disguises.ROT13, disguises.rot13),
        _worded("reversed", words, disguises.REVERSED, disguises.backwards, disguises.words_backwards),
        _rewritten("spaces", signs, disguises.UNEVEN, disguises.even_spaces)._replace(ends=True),
    )


def _rewritten(kind: str, group: Group, trigger: str, *rewrites: Callable[[str], str]) -> _Row:
    return _Row(kind, group, trigger, rewriting(trigger, *rewrites), again=False)


def _worded(kind: str, group: Group, trigger: str, *rewrites: Callable[[str], str]) -> _Row:
    return _Row(kind, group, trigger, rewriting(trigger, *rewrites), again=False, words=True)
