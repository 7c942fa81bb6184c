"""Replies of a `json` connection: one document, server-sent events, or a document a line.

Every string and key is a text, in the field named by its place (`$.items[*].body`), or those at the declared paths.
The tree of an event is held in a list of one, so that a reply which is only a string has a place, too.

A string of a streamed event goes on in the next one at the same path (`$.choices[0].text`), as in the APIs of models,
unless its member's name says that it does not (`id`, `type`, …). An element that says its own `index` is named by it.
A field ends with the object that says it is finished (`done: true`, a `finish_reason`), or with the stream.
"""

from typing import Any, Final

import msgspec

from narrows.dialects import sse
from narrows.dialects.fields import NUMBER, growing, grows, is_envelope
from narrows.dialects.forms import blank
from narrows.dialects.jsonpath import first, located, places
from narrows.dialects.readers import EVENT_STREAM, JSON
from narrows.dialects.refusals import problem
from narrows.dialects.reply_json import decode
from narrows.dialects.texts import Keys, Number, Source, count, is_long, is_number, is_too_large, literal, put_back
from narrows.model.names import named
from narrows.model.path import Path, child, element
from narrows.model.reply import Delta, Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

LINES: Final = b"application/x-ndjson"
DONE: Final = "[DONE]"
MOST_OPEN: Final = 1_024
"""Fields of a stream that may be open at a time; each text of a further one stands for itself."""

_FLAGS: Final = frozenset({"done", "is_done", "finished", "is_finished", "completed", "complete", "stop"})
_REASONS: Final = frozenset(
    {"finish_reason", "stop_reason", "done_reason", "finishReason", "stopReason", "generated_text"}
)
"""Members in which an object says that it is finished: by true, or by a word (the last is the whole text once more)."""

_encode: Final = msgspec.json.Encoder().encode


class ReplyShape(msgspec.Struct, frozen=True):
    """Where a reply keeps what is governed; `texts` empty means everywhere."""

    texts: tuple[Path, ...] = ()
    prompt: Path | None = None
    completion: Path | None = None

    def event(self, tree: Any, name: str | None = None, *, stream: bool = False) -> Event:
        """The event of one document. `stream`: the elements of lists are told apart."""
        data = [tree]
        event = Event(data, name)
        if self.texts:
            for path in self.texts:
                for holder, key, where in located(tree, path, _element if stream else None):
                    _everything(event.deltas, where, holder, key, stream=stream)
        else:
            _everything(event.deltas, "$", data, 0, stream=stream)
            if self.prompt is not None or self.completion is not None:
                self._leave_usage(event.deltas, tree)
        event.usage = self._usage(tree)
        return event

    def _leave_usage(self, deltas: list[Delta], tree: Any) -> None:
        """Counts stand where they were declared, and are no texts."""
        declared = {
            (id(holder), key)
            for path in (self.prompt, self.completion)
            if path is not None
            for holder, key in places(tree, path)
            if count(holder[key]) is not None
        }
        deltas[:] = [
            delta
            for delta in deltas
            if type(delta.container) is not Number or (id(delta.container.holder), delta.key) not in declared
        ]

    def _usage(self, tree: Any) -> Usage | None:
        prompt, completion = count(first(tree, self.prompt)), count(first(tree, self.completion))
        return None if prompt is None and completion is None else Usage(prompt, completion)


def _everything(
    deltas: list[Delta], field: str, container: Any, key: Any, *, stream: bool, name: str | None = None
) -> None:
    """`name`: what the value is called; None: it is the first, and its path is all that is known of it."""
    value = container[key]
    if name is None:
        name = named(key) if type(key) is str else ""
    if type(value) is str:
        if value:
            deltas.append(Delta(0, field, value, container, key, name))
    elif type(value) is list:
        if is_long(value):
            source = _encode(value).decode()
            deltas.append(Delta(0, NUMBER + field, source, Source(container, source), key, name))
            return
        for index in range(len(value)):
            place = _element(field, index, value[index]) if stream else field + "[*]"
            _everything(deltas, place, value, index, stream=stream, name=name)
    elif type(value) is dict:
        for inner in value:
            _everything(deltas, child(field, inner), value, inner, stream=stream, name=named(inner, name))
        slot = Keys(value, deltas)
        deltas += [Delta(0, field + "~", inner, slot, inner) for inner in value if inner]
    elif is_number(value) and not (type(key) is str and is_envelope(key) and not is_too_large(value)):
        text = literal(value)
        deltas.append(Delta(0, NUMBER + field, text, Number(container, text), key, name))


def _element(field: str, position: int, value: Any) -> str:
    """The path of an element of a stream's event: by the number it gives itself, where it does."""
    index = value.get("index") if type(value) is dict else None
    return element(field, index if type(index) is int else position)


def _finished(places: list[str], where: str, value: Any) -> None:
    """The paths of every object that says that it is finished."""
    if type(value) is list:
        for index, inner in enumerate(value):
            _finished(places, _element(where, index, inner), inner)
    elif type(value) is dict:
        for name, inner in value.items():
            if name in _FLAGS:
                if inner is True:
                    places.append(where)
            elif name in _REASONS:
                if type(inner) is str and inner:
                    places.append(where)
            elif type(inner) is dict or type(inner) is list:
                _finished(places, child(where, name), inner)


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
        event.ends = growing(event.deltas)
        return [event]

    def write(self, event: Event) -> bytes:
        """The document."""
        put_back(event.deltas)
        return _encode(event.data[0])

    def say(self, choice: int, field: str, text: str) -> Event | None:  # noqa: ARG002 - a document has no room for it
        """Everything is in the one event."""
        return None

    def fail(self, deny: Deny, request_id: str) -> bytes:
        """Nothing of the document was sent, so this is the refusal's body."""
        return problem(deny, request_id)


class Documents:
    """A stream of documents, as server-sent events or as lines. Its end is the end of the transfer, which is a hidden
    event where the stream does not say `[DONE]`."""

    __slots__ = ("_fault", "_frames", "_grows", "_latest", "_lines", "_open", "_over", "_shape")

    def __init__(self, shape: ReplyShape, *, lines: bool) -> None:
        self._shape = shape
        self._lines = lines
        self._frames = sse.LineDecoder() if lines else sse.SseDecoder()
        self._fault: ReplyInvalid | None = None
        self._over = False
        self._open: dict[str, None] = {}
        self._grows: dict[str, bool] = {}
        self._latest: dict[str, Event] = {}

    @property
    def content_type(self) -> bytes:
        """That of the framing."""
        return LINES if self._lines else EVENT_STREAM

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Raises ReplyInvalid."""
        return self._events(self._frames.feed(data))

    def close(self) -> list[Event]:
        """The event that nothing ended, and the end."""
        events = self._events(self._frames.close())
        if not self._over and self._fault is None:
            self._over = True
            events.append(Event(None, hidden=True, last=True, ends=self._ended("$")))
        return events

    def write(self, event: Event) -> bytes:
        """The event in its framing."""
        latest = self._latest
        for delta in event.deltas:
            if self._does_grow(delta.field):
                latest[delta.field] = event
        for _, field in event.ends:
            latest.pop(field, None)
        if event.hidden:
            return b""
        if event.data == DONE:
            return b"data: [DONE]\n\n"
        put_back(event.deltas)
        data = _encode(event.data[0])
        return data + b"\n" if self._lines else sse.encode(event.name, data)

    def say(self, choice: int, field: str, text: str) -> Event | None:
        """A copy of the last event written with this field, with every other text empty."""
        event = self._latest.get(field)
        return None if event is None else blank(event, choice, field, text)

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
            return Event(DONE, last=True, ends=self._ended("$"))
        tree = decode(data)
        event = self._shape.event(tree, name, stream=True)
        for delta in event.deltas:
            if delta.field not in self._open:
                self._begin(event, delta.field)
        if name:
            event.deltas.append(Delta(0, "event", name, _Name(event), name))
        if self._open:
            places: list[str] = []
            _finished(places, "$", tree)
            for where in places:
                event.ends += self._ended(where)
        return event

    def _begin(self, event: Event, field: str) -> None:
        if self._does_grow(field):
            if len(self._open) < MOST_OPEN:
                self._open[field] = None
            elif (0, field) not in event.ends:
                event.ends += ((0, field),)

    def _does_grow(self, field: str) -> bool:
        known = self._grows.get(field)
        if known is None:
            if len(self._grows) >= MOST_OPEN:
                self._grows.clear()
            known = self._grows[field] = grows(field)
        return known

    def _ended(self, where: str) -> tuple[tuple[int, str], ...]:
        """Ends every open field at or below a path."""
        size = len(where)
        ended = [field for field in self._open if field.startswith(where) and field[size : size + 1] in ("", ".", "[")]
        for field in ended:
            del self._open[field]
        return tuple((0, field) for field in ended)


class _Name:
    """The place of an event's name."""

    __slots__ = ("_event",)

    def __init__(self, event: Event) -> None:
        self._event = event

    def __setitem__(self, _: str, text: str) -> None:
        self._event.name = text
