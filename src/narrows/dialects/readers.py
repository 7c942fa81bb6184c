"""The two ways a reply arrives: whole, as one JSON document, and as a stream of events. Dialects fill in the meaning.

What is sent is always the parsed tree, re-serialised with the texts its deltas have by then.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from narrows.dialects import sse
from narrows.dialects.envelope import Envelope, is_random
from narrows.dialects.fields import ID
from narrows.dialects.reply_json import decode_object
from narrows.dialects.templates import Filled, Template
from narrows.model.call import Json
from narrows.model.reply import Delta, Event
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

JSON: Final = b"application/json"
EVENT_STREAM: Final = b"text/event-stream; charset=utf-8"

Refuse = Callable[[Deny, str], bytes]
Classify = Callable[[Json, Event], Iterable[str] | None]
"""Fills in the event of a whole reply; gives the ids, beside the reply's own, under which the provider keeps parts."""

_MOST_VAIN: Final = 8
"""Templates made in vain, one after the other, of which each doubles the events until the next one is made."""

_encode: Final = msgspec.json.Encoder().encode


class BufferedReader:
    """A reply of one document: one event, when the body has ended. The engine bounds its size. Further ids that a later
    call may refer to are hidden events before it."""

    __slots__ = ("_classify", "_parts", "_refuse")

    def __init__(self, classify: Classify, refuse: Refuse) -> None:
        self._classify = classify
        self._refuse = refuse
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
        """The event. Raises ReplyInvalid."""
        return self.read(b"".join(self._parts))

    def read(self, data: bytes) -> list[Event]:
        """The same of a document that is here as a whole."""
        tree = decode_object(data)
        event = Event(tree, last=True)
        kept = self._classify(tree, event)
        return [*named(kept), event] if kept else [event]

    def write(self, event: Event) -> bytes:
        """The document."""
        if event.hidden:
            return b""
        for delta in event.deltas:
            delta.container[delta.key] = delta.text
        return _encode(event.data)

    def say(self, choice: int, field: str, text: str) -> Event | None:  # noqa: ARG002 - a document has no room for it
        """Everything is in the one event."""
        return None

    def fail(self, deny: Deny, request_id: str) -> bytes:
        """Nothing of the document was sent, so this is the refusal's body."""
        return self._refuse(deny, request_id)


def named(kept: Iterable[str]) -> list[Event]:
    """Hidden events that do nothing but name what the provider keeps."""
    return [Event(None, None, _names(name), response_id=name, hidden=True) for name in kept]


def _names(name: str) -> list[Delta]:
    return [] if is_random(name) else [Delta(0, ID, name, {}, "id")]


class StreamReader(ABC):
    """A reply of server-sent events. Events that stand before a fault are still given; the fault comes after them, so
    what a caller sees does not depend on how the bytes were split.

    Reading runs ahead of writing: a segment's events are all read before the first of them is written. So what reading
    knows (which fields are open) and what writing knows (`latest`: the last event sent with each open field, for
    `say`) are kept apart.
    """

    __slots__ = ("_fault", "_frames", "_pause", "_template", "_used", "_vain", "ahead", "envelope", "latest", "over")

    def __init__(self) -> None:
        self._frames = sse.SseDecoder()
        self.envelope = Envelope()
        self._fault: ReplyInvalid | None = None
        self._template: Template | None = None
        self._used = False
        self._vain = self._pause = 0
        self.ahead: list[Event] = []
        self.latest: dict[tuple[int, str], Event] = {}
        self.over = False

    @property
    def content_type(self) -> bytes:
        """Always an event stream."""
        return EVENT_STREAM

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Raises ReplyInvalid."""
        return self._events(self._frames.feed(data))

    def close(self) -> list[Event]:
        """The events still held. Raises ReplyInvalid if the stream ended too early."""
        events = self._events(self._frames.close())
        if not self.over:
            if self._fault is not None:
                raise self._fault
            events += self.ending()
        return events

    def write(self, event: Event) -> bytes:
        """The event as one frame. Remembers which event was written last with each field, as long as it is open."""
        latest, hidden, filled = self.latest, event.hidden, event.data
        if type(filled) is Filled:
            if not (self.envelope.has_changed or event.ends or hidden):
                delta = event.deltas[0]
                latest[delta.choice, delta.field] = event
                return filled.template.frame(filled.time, event.deltas)
            filled.template.open(event, filled.time)
        for delta in event.deltas:
            delta.container[delta.key] = delta.text
            if not hidden:
                latest[delta.choice, delta.field] = event
        if self.envelope.has_changed:
            self.envelope.mend(event)
        if event.ends:
            for key in event.ends:
                latest.pop(key, None)
        if hidden:
            return b""
        if event.name is None:
            return b"data: %b\n\n" % _encode(event.data)
        return sse.encode(event.name, _encode(event.data))

    def say(self, choice: int, field: str, text: str) -> Event | None:
        """An event with this text of this field and nothing else, to be written next."""
        event = self.latest.get((choice, field))
        if event is None:
            return None
        if type(event.data) is Filled:
            event.data.template.open(event, event.data.time)
        return self.form(event, choice, field, text)

    @abstractmethod
    def read_event(self, name: str | None, tree: Json) -> Event | None:
        """What one event means; sets `over` after the last one. Events in `ahead` are given before it; None: it is held
        back and will be given so. Raises ReplyInvalid."""

    @abstractmethod
    def form(self, event: Event, choice: int, field: str, text: str) -> Event | None:
        """`text` in the form of `event`, which is the last one written with this field."""

    @abstractmethod
    def fail(self, deny: Deny, request_id: str) -> bytes:
        """An error event in the dialect's shape."""

    def is_constant(self, event: Event) -> bool:  # noqa: ARG002 - the dialects that know say so
        """Whether an event that is like this one, but for the text of its one delta, would be read as this one was and
        change nothing that the reader knows."""
        return False

    def read_text(self, data: bytes) -> Event | None:  # noqa: ARG002 - the dialects that have such events use it
        """An event whose data is not JSON by the dialect's own definition (`[DONE]`)."""
        return None

    def kept(self) -> Iterable[str]:
        """Further ids that the last event names, under which the provider keeps parts."""
        return ()

    def ending(self) -> list[Event]:
        """The upstream has ended without saying so: events that complete the reply, or ReplyInvalid."""
        raise ReplyInvalid("the model server ended its stream before the reply was complete")

    def fail_with(self, fault: ReplyInvalid) -> None:
        """Raises `fault` as soon as the events read so far have been given."""
        self._fault = fault

    def _events(self, frames: list[sse.Frame]) -> list[Event]:
        if self._fault is not None:
            raise self._fault
        events: list[Event] = []
        try:
            for name, data in frames:
                if self.over or self._fault is not None:
                    break
                template = self._template
                if template is not None and name == template.name:
                    event = template.read(data)
                    if event is not None:
                        self._used = True
                        events.append(event)
                        continue
                event = self._read(name, data)
                if self.ahead:
                    events += self.ahead
                    self.ahead = []
                if event is None:
                    continue
                if event.name is not None and event.name not in self.envelope.names:
                    self.envelope.read_name(event)
                if event.last:
                    events += named(self.kept())
                events.append(event)
        except ReplyInvalid as fault:
            self._fault = fault
        if self._fault is not None and not events:
            raise self._fault
        return events

    def _read(self, name: str | None, data: bytes) -> Event | None:
        """One event in full."""
        event = None if data.startswith(b"{") else self.read_text(data)
        if event is None:
            event = self.read_event(name, decode_object(data))
            self._learn(event, name, data)
        return event

    def _learn(self, event: Event | None, name: str | None, data: bytes) -> None:
        """Takes an event that was read in full as the template of those that follow it. Whatever else is read ends
        that: it may have changed what the next event means. A stream in which this is in vain is tried ever less."""
        if self._template is not None:
            self._template = None
            self._waste(wasted=not self._used)
        if self._pause:
            self._pause -= 1
            return
        if event is None or event.name != name or not event.deltas or type(event.data) is not dict:
            return
        if name is not None and name not in self.envelope.names:
            return  # The first of its name brings that along as a text.
        delta = event.deltas[0]
        if delta.text and not self.envelope.has_changed and self.is_constant(event):
            self._used = False
            self._template = Template.of(event, data)
            if self._template is None:
                self._waste(wasted=True)

    def _waste(self, *, wasted: bool) -> None:
        self._vain = min(self._vain + 1, _MOST_VAIN) if wasted else 0
        self._pause = (1 << self._vain) - 1
