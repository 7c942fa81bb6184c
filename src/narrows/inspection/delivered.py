"""What a reply gave its caller, as the texts that agents send back with the next call.

An agent puts the model's words into its history: what it said and thought as an assistant's texts, what it called as
tool calls. Those texts are no news to this session. It must not know a wire format, so it knows them by the fields of
events: how a client puts the pieces of a field together is not the same everywhere (one message, one block a stretch, a
part that is said again whole), so each way is given. Agents write the arguments of calls anew, too, and cut the white
space at the ends of words; that is not what makes a text another one.

It keeps pieces until the reply has ended, and so many characters of them at most; what is beyond is not given, and so
will be new.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

from narrows.model.reply import Event
from narrows.model.text import Role

MOST: Final = 1 << 18
"""Characters of a reply that are kept."""

MOST_VALUES: Final = 1_024
"""Keys and values of one call's arguments that are given by themselves."""

PREFIXES: Final = 16
"""Of a text that broke off: so many of its last pieces may not have reached the caller."""

PREFIXED: Final = 1 << 16
"""Characters of a text beyond which it is not given without its last pieces: each is the whole text again."""

Said = tuple[Role, str]
Given = tuple[Sequence[Role], str]

_ASSISTANT: Final = (Role.ASSISTANT,)
_CALL: Final = (Role.TOOL_CALL,)
_ANY: Final = (Role.ASSISTANT, Role.TOOL_CALL, Role.TOOL_RESULT)
"""Ids, by which calls and their results name each other, and what no dialect classifies."""

_ID: Final = "envelope:id"
_SPOKEN: Final = frozenset({"content", "reasoning", "refusal", "audio_transcript", "signature", "citations"})
_AGAIN: Final = ("repeat:", "copy:")
_GROWING: Final = ("tool_", "copy:")
_JSON: Final = ("tool_call:", "tool_call_input:")


_OWNERS: Final[dict[str, tuple[Role, ...]]] = {
    "content": _ASSISTANT,
    "envelope": (),
    _ID: _ANY,
    "other": _ANY,
    **dict.fromkeys(sorted(_SPOKEN), _ASSISTANT),
}
"""Whose words a field is when it comes back, of the fields that most replies have."""


class _Mark(NamedTuple):
    """Stands among the pieces of a field where it has ended, or where an event of this name came between."""

    name: str = ""


_END: Final = _Mark()

_Key = tuple[int, str]
_Pieces = list[str | _Mark]


def answered(event: Event) -> list[Given]:
    """What a reply of this one event gave: texts, each with the roles in which it may come back."""
    found: list[Given] = []
    if event.hidden:
        return found
    left = MOST
    for delta in event.deltas:
        field, text = delta.field, delta.text
        left -= len(text)
        if left < 0 or field == "envelope":
            continue
        if field == _ID and delta.container is event.data is not None:
            continue  # The reply's own name: later requests refer to it, their history does not hold it.
        if field == "content" and text and text.strip() == text:
            found.append((_ASSISTANT, text))
        else:
            _give(field, text, found)
    return found


class Delivered:
    """One reply. `take` each event as it leaves; then `texts`."""

    __slots__ = ("_begun", "_fields", "_left", "_whole")

    def __init__(self) -> None:
        self._fields: dict[_Key, _Pieces] = {}
        self._whole: list[tuple[str, str]] = []
        self._left = MOST
        self._begun = False

    def take(self, event: Event) -> None:
        """Keeps what leaves with an event."""
        if event.hidden:
            return
        if event.before:
            for choice, field, text in event.before:
                self._piece((choice, field), text)
        if event.last and not self._begun:
            self._whole += [(delta.field, delta.text) for delta in event.deltas if self._takes(delta.text)]
            return
        self._begun = True
        grew = False
        for delta in event.deltas:
            field = delta.field
            if field == "content" or field in _SPOKEN or field.startswith(_GROWING):
                grew = True
                self._piece((delta.choice, field), delta.text)
            elif self._takes(delta.text):
                self._whole.append((field, delta.text))
        if event.ends:
            self._mark(event.ends, _END)
        elif not grew and event.name:
            self._mark(self._fields, _Mark(event.name))

    def texts(self, *, broken: bool = False) -> list[Said]:
        """The texts and their roles, some of them more than once. `broken`: the reply has not come to its end, so that
        the caller may not have received its last pieces."""
        found: list[Given] = []
        for field, text in self._whole:
            _give(field, text, found)
        for (_, field), pieces in self._fields.items():
            for text in dict.fromkeys(_wholes(pieces)):
                _give(field, text, found)
            if broken:
                found += _cut(field, pieces)
        return [(role, text) for roles, text in found for role in roles]

    def _mark(self, keys: Iterable[_Key], mark: _Mark) -> None:
        for key in keys:
            if key in self._fields:
                self._fields[key].append(mark)

    def _takes(self, text: str) -> bool:
        self._left -= len(text)
        return bool(text) and self._left >= 0

    def _piece(self, key: _Key, text: str) -> None:
        self._left -= len(text)
        if self._left >= 0:
            pieces = self._fields.get(key)
            if pieces is None:
                pieces = self._fields[key] = []
            pieces.append(text)


def _wholes(pieces: _Pieces) -> Iterator[str]:
    """The texts that a field may have become: all of it; each stretch up to an end; each stretch up to an event of one
    name, since some of them end a block and some say nothing."""
    yield "".join(_texts(pieces))
    for mark in dict.fromkeys((_END, *(piece for piece in pieces if isinstance(piece, _Mark)))):
        run: list[str] = []
        for piece in pieces:
            if isinstance(piece, str):
                run.append(piece)
            elif run and piece in (_END, mark):
                yield "".join(run)
                run = []
        yield "".join(run)


def _texts(pieces: _Pieces) -> list[str]:
    return [piece for piece in pieces if isinstance(piece, str)]


def _cut(field: str, pieces: _Pieces) -> Iterator[Given]:
    """What a caller may have of a field that broke off: all of it, or since its last end, without its last pieces."""
    ends = [index for index, piece in enumerate(pieces) if piece == _END]
    for run in (_texts(pieces), _texts(pieces[ends[-1] :]) if ends else []):
        lengths = list(accumulate(len(piece) for piece in run))
        if lengths and lengths[-1] <= PREFIXED:
            text = "".join(run)
            for length in lengths[-PREFIXES - 1 : -1]:
                yield _roles(field), text[:length]


def _give(field: str, text: str, found: list[Given]) -> None:
    """Adds a text in every form and role in which it may come back."""
    roles: Sequence[Role] | None = _OWNERS.get(field)
    if roles is None:
        for prefix in _AGAIN:
            field = field.removeprefix(prefix)
        roles = _roles(field)
    if not roles or not text:
        return
    found.append((roles, text))
    stripped = text.strip()
    if stripped != text:
        found += [(roles, form) for form in (stripped, text.rstrip(), text.lstrip()) if form]
    if field.startswith(_JSON):
        found += [(roles, form) for form in _spelled(text) if form]


def _roles(field: str) -> Sequence[Role]:
    """Whose words a field is when it comes back; none for what does not."""
    if field.startswith("tool_"):
        return _CALL
    known = _OWNERS.get(field)
    if known is None:
        return _ASSISTANT if field.startswith("reasoning") else ()
    return known


def _spelled(source: str) -> list[str]:
    """Arguments as JSON encoders write them, and their keys and values alone."""
    try:
        value = json.loads(source)
        exact = json.loads(source, parse_int=_Literal, parse_float=_Literal)
    except (ValueError, RecursionError):
        return []
    forms = [
        json.dumps(value, ensure_ascii=ascii, separators=separators)
        for ascii in (True, False)  # noqa: A001 - what it is
        for separators in ((", ", ": "), (",", ":"))
    ]
    return forms + _values(exact)


class _Literal(str):
    """A number as it was written."""

    __slots__ = ()


def _values(value: Any) -> list[str]:
    """Keys, strings, numbers and switches below a value, the first ones."""
    found: list[str] = []
    waiting = [value]
    while waiting and len(found) < MOST_VALUES:
        one = waiting.pop()
        if isinstance(one, dict):
            found += one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif one is True or one is False:
            found.append("true" if one else "false")
        elif one is not None:
            found.append(one)
    return [str(one) for one in found]
