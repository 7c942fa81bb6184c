"""Replies of a `json` connection: one document, server-sent events, or a document a line.

Every string and key is a text, in the field named by its place (`$.items[*].body`), or those at the declared paths.
The tree of an event is held in a list of one, so that a reply which is only a string has a place, too.
"""

from typing import Any, Final

import msgspec

from narrows.dialects import sse
from narrows.dialects.jsonpath import Path, first, places
from narrows.dialects.readers import EVENT_STREAM, JSON
from narrows.dialects.reading import child
from narrows.dialects.refusals import problem
from narrows.dialects.reply_json import decode
from narrows.dialects.texts import Keys, collect, put_back
from narrows.model.reply import Delta, Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

LINES: Final = b"application/x-ndjson"
DONE: Final = "[DONE]"
_encode: Final = msgspec.json.Encoder().encode


class ReplyShape(msgspec.Struct, frozen=True):
    """Where a reply keeps what is governed; `texts` empty means everywhere."""

    texts: tuple[tuple[str, Path], ...] = ()
    prompt: Path | None = None
    completion: Path | None = None

    def event(self, tree: Any, name: str | None = None) -> Event:
        """The event of one document."""
        data = [tree]
        event = Event(data, name)
        if self.texts:
            for field, path in self.texts:
                for holder, key in places(tree, path):
                    collect(event.deltas, 0, field, holder, key)
        else:
            _everything(event.deltas, "$", data, 0)
        event.usage = self._usage(tree)
        return event

    def _usage(self, tree: Any) -> Usage | None:
        prompt, completion = _count(first(tree, self.prompt)), _count(first(tree, self.completion))
        return None if prompt is None and completion is None else Usage(prompt, completion)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _everything(deltas: list[Delta], field: str, container: Any, key: Any) -> None:
    value = container[key]
    if type(value) is str:
        if value:
            deltas.append(Delta(0, field, value, container, key))
    elif type(value) is list:
        for index in range(len(value)):
            _everything(deltas, field + "[*]", value, index)
    elif type(value) is dict:
        for name in value:
            _everything(deltas, child(field, name), value, name)
        slot = Keys(value)
        deltas += [Delta(0, field + "~", name, slot, name) for name in value if name]


class Document:
    """A reply of one document, whatever its type; a document a line where the whole is not one."""

    __slots__ = ("_parts", "_shape")

    def __init__(self, shape: ReplyShape) -> None:
        self._shape = shape
        self._parts: list[bytes] = []

    @property
    def content_type(self) -> bytes:
        """Always JSON."""
        return JSON

    def feed(self, data: bytes) -> list[Event]:
        """Keeps the piece."""
        self._parts.append(data)
        return []

    def close(self) -> list[Event]:
        """The one event. Raises ReplyInvalid."""
        event = self._shape.event(decode(b"".join(self._parts)))
        event.last = True
        return [event]

    def write(self, event: Event) -> bytes:
        """The document."""
        put_back(event.deltas)
        return _encode(event.data[0])

    def fail(self, deny: Deny, request_id: str) -> bytes:
        """Nothing of the document was sent, so this is the refusal's body."""
        return problem(deny, request_id)


class Documents:
    """A stream of documents, as server-sent events or as lines. Its end is the end of the transfer."""

    __slots__ = ("_fault", "_frames", "_lines", "_over", "_shape")

    def __init__(self, shape: ReplyShape, *, lines: bool) -> None:
        self._shape = shape
        self._lines = lines
        self._frames = sse.LineDecoder() if lines else sse.SseDecoder()
        self._fault: ReplyInvalid | None = None
        self._over = False

    @property
    def content_type(self) -> bytes:
        """That of the framing."""
        return LINES if self._lines else EVENT_STREAM

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Raises ReplyInvalid."""
        return self._events(self._frames.feed(data))

    def close(self) -> list[Event]:
        """The event that nothing ended."""
        return self._events(self._frames.close())

    def write(self, event: Event) -> bytes:
        """The event in its framing."""
        if event.data == DONE:
            return b"data: [DONE]\n\n"
        put_back(event.deltas)
        data = _encode(event.data[0])
        return data + b"\n" if self._lines else sse.encode(event.name, data)

    def fail(self, deny: Deny, request_id: str) -> bytes:
        """An `error` event, or a line with the problem."""
        body = problem(deny, request_id)
        return b'{"error":%b}\n' % body if self._lines else sse.encode("error", body)

    def _events(self, frames: list[sse.Frame]) -> list[Event]:
        events: list[Event] = []
        if self._fault is not None:
            raise self._fault
        for name, data in frames:
            if self._over:
                break
            try:
                events.append(self._event(name, data))
            except ReplyInvalid as fault:
                # What stood before the fault is given first, however the bytes were split.
                if not events:
                    raise
                self._fault = fault
                break
        return events

    def _event(self, name: str | None, data: bytes) -> Event:
        if not self._lines and data.startswith(b"[DONE]"):
            self._over = True
            return Event(DONE, last=True)
        event = self._shape.event(decode(data), name)
        if name:
            event.deltas.append(Delta(0, "event", name, _Name(event), name))
        return event


class _Name:
    """The place of an event's name."""

    __slots__ = ("_event",)

    def __init__(self, event: Event) -> None:
        self._event = event

    def __setitem__(self, _: str, text: str) -> None:
        self._event.name = text
