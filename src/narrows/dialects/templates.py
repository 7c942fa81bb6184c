"""Events of a stream that differ in one text alone are read and written without looking at the rest of them again.

A template is made of an event that was read in full. Its bytes, but for that text and the time in `created`, are what
the bytes of another event are compared with: where they are equal, the other event is the same object with another
text, and is written as the same bytes around it. That the text stands where it seems to stand is proved when the
template is made: with marks in its places, the event has to read as the same object with the marks in it, and nothing
else may have changed. A JSON text is read from left to right, so what stands in front of a place is read alike
whatever follows; and what is put there is a whole string, or a whole number, by itself.
"""

from typing import Any, Final, Self

import msgspec

from narrows.dialects import sse
from narrows.dialects.texts import LARGEST_FIGURE
from narrows.model.path import Step
from narrows.model.reply import Delta, Event

_MARK: Final = "\u2042narrows\u2042"
_TIME: Final = 1_234_567_809_071
_CREATED: Final = "created"
_DIGITS: Final = len(str(LARGEST_FIGURE)) - 1
"""Of a time that is one of the API's figures."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
_text: Final = msgspec.json.Decoder(str).decode


class Filled:
    """The place of an event's data: a template, and what it has in its places. Setting its text is nothing: the event's
    delta has it."""

    __slots__ = ("template", "time")

    def __init__(self, template: "Template", time: bytes) -> None:
        self.template = template
        self.time = time

    def __setitem__(self, key: Any, text: str) -> None:
        """The text is written from the delta."""


class Template:
    """What events of one stream have in common. `read` gives an event, or None for one that is not of this form."""

    __slots__ = (
        "_choice", "_field", "_framed", "_head", "_key", "_middle", "_model", "_named", "_path", "_size",
        "_tail", "_written", "name",
    )  # fmt: skip

    def __init__(self, event: Event, path: list[Step], read: list[bytes], written: list[bytes]) -> None:
        """`read` and `written`: the bytes before, between and behind the places, as they come and as they go. Without
        a time the first of them is both before and between."""
        delta = event.deltas[0]
        self._choice, self._field, self._key, self._named = delta.choice, delta.field, delta.key, delta.name
        self._model = event.model
        self.name = event.name
        self._path = path
        # The quotes belong to the parts on the way in: what stands between them is read by itself.
        head, middle, tail = read
        self._head, self._middle = (head, middle + b'"') if middle else (head + b'"', b"")
        self._tail = b'"' + tail
        self._size = len(self._head) + len(self._middle) + len(self._tail)
        self._written = written
        self._framed = sse.encode(event.name, written[0])[:-2], written[2] + b"\n\n"

    @classmethod
    def of(cls, event: Event, data: bytes) -> Self | None:
        """The template of an event with one delta, out of its bytes; None where it is not plain to see."""
        delta, tree = event.deltas[0], event.data
        path = _path(tree, delta.container)
        if path is None:
            return None
        text, time, timed = delta.text, tree.get(_CREATED), False
        marked = _replaced(data, _encode(text), _encode(_MARK))
        if type(time) is int and 0 <= time < LARGEST_FIGURE:
            timed = True
            marked = _replaced(marked, b"%d" % time, b"%d" % _TIME)
        if not marked or not _is_proved(data, marked, path, delta, timed=timed):
            return None
        delta.container[delta.key] = _MARK
        if timed:
            tree[_CREATED] = _TIME
        sent = _parts(_encode(tree), timed=timed)
        delta.container[delta.key] = text
        if timed:
            tree[_CREATED] = time
        read = _parts(marked, timed=timed)
        return None if read is None or sent is None else cls(event, path, read, sent)

    def read(self, data: bytes) -> Event | None:
        """An event of this form."""
        head, middle, tail = self._head, self._middle, self._tail
        if len(data) <= self._size or not data.startswith(head) or not data.endswith(tail):
            return None
        start, time = len(head), b""
        if middle:
            at = data.find(middle, start, start + _DIGITS + len(middle))
            time = data[start:at]
            if at < 0 or not time.isdigit() or (time[0] == 48 and len(time) > 1):
                return None
            start = at + len(middle)
        end = len(data) - len(tail)
        if start >= end:
            return None
        try:
            text = _text(data[start - 1 : end + 1])  # with its quotes
        except (msgspec.MsgspecError, ValueError):
            return None
        filled = Filled(self, time)
        # By position: names cost more than the rest of it.
        delta = Delta(self._choice, self._field, text, filled, self._key, self._named)
        return Event(filled, self.name, [delta], None, self._model)

    def write(self, time: bytes, text: str) -> bytes:
        """The event's data with this text."""
        head, middle, tail = self._written
        return b"".join((head, time, middle, _encode(text), tail))

    def frame(self, time: bytes, text: str) -> bytes:
        """The event with this text as it is sent."""
        head, tail = self._framed
        return b"".join((head, time, self._written[1], _encode(text), tail))

    def open(self, event: Event, time: bytes) -> None:
        """Makes an event that was read here the one that it would have been: an object, and the place of its text."""
        delta = event.deltas[0]
        event.data = _decode(self.write(time, delta.text))
        delta.container = _at(event.data, self._path)


def _path(tree: Any, target: Any) -> list[Step] | None:
    """The way down to an object within another one."""
    if tree is target:
        return []
    members = tree.items() if type(tree) is dict else enumerate(tree) if type(tree) is list else ()
    for step, below in members:
        path = _path(below, target)
        if path is not None:
            return [step, *path]
    return None


def _at(tree: Any, path: list[Step]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def _replaced(data: bytes, value: bytes, mark: bytes) -> bytes:
    """The data with a mark in place of what stands in it once; nothing where that is not so."""
    return data.replace(value, mark) if data.count(value) == 1 and mark not in data else b""


def _is_proved(data: bytes, marked: bytes, path: list[Step], delta: Delta, *, timed: bool) -> bool:
    """Whether the marks stand in place of the text and the time, and nothing else has changed."""
    try:
        plain, tree = _decode(data), _decode(marked)
        holder, before = _at(tree, path), _at(plain, path)
        if holder[delta.key] != _MARK or before[delta.key] != delta.text or (timed and tree[_CREATED] != _TIME):
            return False
        holder[delta.key] = delta.text
        if timed:
            tree[_CREATED] = plain[_CREATED]
    except (msgspec.MsgspecError, ValueError, RecursionError, LookupError, TypeError):
        return False
    return bool(_encode(tree) == _encode(plain))


def _parts(data: bytes, *, timed: bool) -> list[bytes] | None:
    """What stands before, between and behind the marks; None where they stand the other way round."""
    before, found, tail = data.partition(_encode(_MARK))
    if not found or not timed:
        return [before, b"", tail] if found else None
    head, found, middle = before.partition(b"%d" % _TIME)
    return [head, middle, tail] if found else None
