"""Texts that a model reads one after the other, joined, so that a phrase cut in two is found.

Joined are the parts of one content, the messages of one role, and the string values of one tool call. Of a long text
only what lies near a joint takes part (MARGIN): inside it a phrase is found anyhow. So all that is joined is at most
4 MARGIN characters for each text, and time is linear.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from narrows.model.text import Role, Text

MARGIN: Final = 256
"""Characters at each end of a text that can be part of a phrase across a joint."""

MOST_VALUES: Final = 1_024
"""String values of one tool call that are joined, the first ones."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Characters `start:end` of the text at `path`."""

    path: str
    start: int
    end: int


class _Piece(NamedTuple):
    begin: int
    """Where it begins in the joined text."""
    text: int
    """Which text it is of."""
    start: int
    """Where in that text it begins."""
    scale: bool
    """Whether characters are those of the text; if not, it was an escaped string, and only its whole place is known."""
    end: int


class Joined:
    """Several texts as one; `places` says where something in it comes from."""

    __slots__ = ("_pieces", "_texts", "role", "text")

    def __init__(self, role: Role, text: str, pieces: Sequence[_Piece], texts: Sequence[Text]) -> None:
        self.role = role
        self.text = text
        self._pieces = pieces
        self._texts = texts

    def places(self, start: int, end: int) -> tuple[Place, ...]:
        """Where the characters from start to end come from: one place for each text that has a share in them."""
        found: list[Place] = []
        begins = [piece.begin for piece in self._pieces]
        index = max(0, bisect_right(begins, start) - 1)
        while index < len(self._pieces) and self._pieces[index].begin < end:
            piece = self._pieces[index]
            length = (begins[index + 1] if index + 1 < len(begins) else len(self.text)) - piece.begin
            left, right = max(start - piece.begin, 0), min(end - piece.begin, length)
            if left < right:
                found.append(self._place(piece, left, right))
            index += 1
        return tuple(found)

    def _place(self, piece: _Piece, left: int, right: int) -> Place:
        path = self._texts[piece.text].path
        if not piece.scale:
            return Place(path, piece.start, piece.end)
        return Place(path, min(piece.start + left, piece.end), min(piece.start + right, piece.end))

    def across(self, start: int, end: int) -> bool:
        """Whether it spans a joint. What does not was found in its own text."""
        return len(self.places(start, end)) > 1


class _Value(NamedTuple):
    text: int
    start: int
    end: int
    value: str
    scale: bool


def join(texts: Sequence[Text], fresh: Container[int] | None = None) -> list[Joined]:
    """The texts of a request, joined: without anything between them, and with a space where there is no white space.

    `fresh` are the indexes of the texts that are new; only joints at which one of them stands are made. None: all.
    """
    joined: list[Joined] = []
    for role, run in _runs_of_texts(texts, fresh):
        joined += _both(role, run, texts)
    for index, text in enumerate(texts):
        if text.role is Role.TOOL_CALL and (fresh is None or index in fresh) and text.value.lstrip()[:1] in ("{", "["):
            for values in _runs(list(_strings(index, text.value))):
                joined += _both(text.role, values, texts)
    return joined


def _runs_of_texts(texts: Sequence[Text], fresh: Container[int] | None) -> list[tuple[Role, list[_Value]]]:
    """Stretches of texts of one role that follow each other, cut where neither of two is fresh.

    A history is long, and what is new in it is not: no more is made of it than an index for each role.
    """
    last: dict[Role, int] = {}
    chains: dict[Role, list[list[int]]] = {}
    for index, text in enumerate(texts):
        if not text.value:
            continue
        role = text.role
        before = last.get(role)
        last[role] = index
        if before is None or (fresh is not None and index not in fresh and before not in fresh):
            continue
        pieces = chains.setdefault(role, [])
        if pieces and pieces[-1][-1] == before:
            pieces[-1].append(index)
        else:
            pieces.append([before, index])
    found: list[tuple[Role, list[_Value]]] = []
    for role in last:
        for piece in chains.get(role, ()):
            values = [_Value(index, 0, len(texts[index].value), texts[index].value, scale=True) for index in piece]
            found += [(role, run) for run in _runs(values)]
    return found


def _runs(chain: Sequence[_Value]) -> Iterator[list[_Value]]:
    """Stretches of values that follow each other; a long value ends one and begins the next."""
    run: list[_Value] = []
    for value in chain:
        if not run:
            run = [_tail(value)]
        elif len(value.value) > 2 * MARGIN:
            yield [*run, _head(value)]
            run = [_tail(value)]
        else:
            run.append(value)
    if len(run) > 1:
        yield run


def _head(value: _Value) -> _Value:
    kept = value.value[:MARGIN]
    return value._replace(value=kept, end=value.start + MARGIN if value.scale else value.end)


def _tail(value: _Value) -> _Value:
    if len(value.value) <= 2 * MARGIN:
        return value
    kept = value.value[-MARGIN:]
    return value._replace(value=kept, start=value.end - MARGIN if value.scale else value.start)


def _both(role: Role, run: Sequence[_Value], texts: Sequence[Text]) -> Iterator[Joined]:
    yield _joined(role, run, texts, spaced=False)
    if any(not _touches(before, after) for before, after in pairwise(run)):
        yield _joined(role, run, texts, spaced=True)


def _touches(before: _Value, after: _Value) -> bool:
    """Whether white space stands between the two."""
    return before.value[-1].isspace() or after.value[0].isspace()


def _joined(role: Role, run: Sequence[_Value], texts: Sequence[Text], *, spaced: bool) -> Joined:
    parts: list[str] = []
    pieces: list[_Piece] = []
    length = 0
    for index, value in enumerate(run):
        if spaced and index and not _touches(run[index - 1], value):
            parts.append(" ")
            length += 1
        pieces.append(_Piece(length, value.text, value.start, value.scale, value.end))
        parts.append(value.value)
        length += len(value.value)
    return Joined(role, "".join(parts), pieces, texts)


_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?', re.DOTALL)


def _strings(index: int, source: str) -> Iterator[_Value]:
    """The string values of a JSON text, without its keys, in order."""
    count = 0
    for literal in _STRING.finditer(source):
        if literal[2] is not None or not literal[1]:
            continue
        escaped = "\\" in literal[1]
        value = _unescaped(literal[1]) if escaped else literal[1]
        if value:
            yield _Value(index, *literal.span(1), value, scale=not escaped)
            count += 1
        if count == MOST_VALUES:
            return


def _unescaped(inner: str) -> str:
    try:
        value = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        return inner
    return value if isinstance(value, str) else inner
