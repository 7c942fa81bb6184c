"""Events of a stream that differ in one text alone are read and written without looking at the rest of them again.

A template is made of an event that was read in full. Its bytes, but for that text, the time in `created` and letters
that pad it, are what the bytes of another event are compared with: where they are equal, the other event is the same
object with another text, and is written as the same bytes around it. That the text stands where it seems to stand is
proved when the template is made: with marks in its places, the event has to read as the same object with the marks in
it, and nothing else may have changed. A JSON text is read from left to right, so what stands in front of a place is
read alike whatever follows; and what is put there is a whole string, or a whole number, by itself.
"""

from typing import Any, Final, Self

import msgspec

from narrows.dialects import sse
from narrows.dialects.fields import PADDING
from narrows.dialects.texts import LARGEST_FIGURE
from narrows.model.path import Step
from narrows.model.reply import Delta, Event

_MARK: Final = "\u2042narrows\u2042"
_PAD: Final = "\u2042padding\u2042"
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
        "_behind", "_choice", "_field", "_framed", "_head", "_key", "_middle", "_model", "_named", "_padding",
        "_path", "_size", "_tail", "_written", "name",
    )  # fmt: skip

    def __init__(self, event: Event, path: list[Step], read: list[bytes], written: list[bytes]) -> None:
        """`read` and `written`: the bytes before, between and behind the places (time, text, padding), as they come
        and as they go. Without a time the first of them is both before and between; without padding the last is
        empty."""
        delta = event.deltas[0]
        self._choice, self._field, self._key, self._named = delta.choice, delta.field, delta.key, delta.name
        self._model = event.model
        self.name = event.name
        self._path = path
        self._padding = event.deltas[1].key if len(event.deltas) > 1 else None
        # The quotes belong to the parts on the way in: what stands between them is read by itself.
        head, middle, behind, tail = read
        self._head, self._middle = (head, middle + b'"') if middle else (head + b'"', b"")
        self._behind, self._tail = (b'"' + behind + b'"', b'"' + tail) if self._padding else (b"", b'"' + behind)
        self._size = len(self._head) + len(self._middle) + len(self._behind) + len(self._tail)
        self._written = written
        self._framed = sse.encode(event.name, written[0])[:-2], written[3 if self._padding else 2] + b"\n\n"

    @classmethod
    def of(cls, event: Event, data: bytes) -> Self | None:
        """The template of an event out of its bytes; None where it has another delta than one text and what pads it,
        or that is not plain to see."""
        delta, tree = event.deltas[0], event.data
        padding = event.deltas[1] if len(event.deltas) == 2 else None
        if len(event.deltas) > 1 and (padding is None or padding.field != PADDING or padding.container is not tree):
            return None
        path = _path(tree, delta.container)
        if path is None:
            return None
        text, time, timed = delta.text, tree.get(_CREATED), False
        marked = _replaced(data, _encode(text), _encode(_MARK))
        if type(time) is int and 0 <= time < LARGEST_FIGURE:
            timed = True
            marked = _replaced(marked, b"%d" % time, b"%d" % _TIME)
        if padding is not None:
            marked = _replaced(marked, _encode(padding.text), _encode(_PAD))
        if not marked or not _is_proved(data, marked, path, event.deltas, timed=timed):
            return None
        delta.container[delta.key] = _MARK
        if timed:
            tree[_CREATED] = _TIME
        if padding is not None:
            tree[padding.key] = _PAD
        sent = _parts(_encode(tree), timed=timed, padded=padding is not None)
        delta.container[delta.key] = text
        if timed:
            tree[_CREATED] = time
        if padding is not None:
            tree[padding.key] = padding.text
        read = _parts(marked, timed=timed, padded=padding is not None)
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
        end, padding = len(data) - len(tail), b""
        if behind := self._behind:
            at = data.rfind(b'"', start, end) + 1
            padding, end = data[at:end], at - len(behind)
            if not padding.isalnum() or not data.endswith(behind, start, at):
                return None
        if start >= end:
            return None
        try:
            text = _text(data[start - 1 : end + 1])  # with its quotes
        except (msgspec.MsgspecError, ValueError):
            return None
        filled = Filled(self, time)
        # By position: names cost more than the rest of it.
        delta = Delta(self._choice, self._field, text, filled, self._key, self._named)
        if not behind:
            return Event(filled, self.name, [delta], None, self._model)
        padded = Delta(0, PADDING, padding.decode("ascii"), filled, self._padding)
        return Event(filled, self.name, [delta, padded], None, self._model)

    def frame(self, time: bytes, deltas: list[Delta]) -> bytes:
        """The event with these texts as it is sent."""
        head, tail = self._framed
        return self._around(head, time, deltas, tail)

    def _around(self, head: bytes, time: bytes, deltas: list[Delta], tail: bytes) -> bytes:
        _, middle, behind, _ = self._written
        text = _encode(deltas[0].text)
        if self._padding is None:
            return b"".join((head, time, middle, text, tail))
        return b"".join((head, time, middle, text, behind, _encode(deltas[1].text), tail))

    def open(self, event: Event, time: bytes) -> None:
        """Makes an event that was read here the one that it would have been: an object, and the place of its text."""
        deltas, written = event.deltas, self._written
        event.data = _decode(self._around(written[0], time, deltas, written[3] if self._padding else written[2]))
        deltas[0].container = _at(event.data, self._path)
        if self._padding is not None:
            deltas[1].container = event.data


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


def _is_proved(data: bytes, marked: bytes, path: list[Step], deltas: list[Delta], *, timed: bool) -> bool:
    """Whether the marks stand in place of the text, the time and the padding, and nothing else has changed."""
    delta = deltas[0]
    try:
        plain, tree = _decode(data), _decode(marked)
        holder, before = _at(tree, path), _at(plain, path)
        if holder[delta.key] != _MARK or before[delta.key] != delta.text or (timed and tree[_CREATED] != _TIME):
            return False
        holder[delta.key] = delta.text
        if timed:
            tree[_CREATED] = plain[_CREATED]
        for padding in deltas[1:]:
            if tree[padding.key] != _PAD or plain[padding.key] != padding.text:
                return False
            tree[padding.key] = padding.text
    except (msgspec.MsgspecError, ValueError, RecursionError, LookupError, TypeError):
        return False
    return bool(_encode(tree) == _encode(plain))


def _parts(data: bytes, *, timed: bool, padded: bool) -> list[bytes] | None:
    """What stands before, between and behind the marks; None where they stand in another order."""
    before, found, behind = data.partition(_encode(_MARK))
    middle = tail = b""
    if found and timed:
        before, found, middle = before.partition(b"%d" % _TIME)
    if found and padded:
        behind, found, tail = behind.partition(_encode(_PAD))
    return [before, middle, behind, tail] if found else None
