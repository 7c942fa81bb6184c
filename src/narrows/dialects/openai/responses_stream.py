"""A streamed reply of the responses API.

A stream says everything up to three times: in deltas, in `….done`, and in the snapshot of the whole response. The
repetitions are texts, too, under `repeat:<field>`, so that a guard that counts what is new can leave them out; what a
snapshot repeats of the request is `repeat:echo`. A text that first comes where repetitions stand is none.

Only deltas grow, each at its place (item and part). A field ends when its place is done, or when deltas go on at
another place; whatever else an event says is whole.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from narrows.dialects.fields import TOOL_NAME, growing, grows
from narrows.dialects.openai.responses_reply import (
    ENVELOPE,
    MOST_KEPT,
    OF_ITEMS,
    REPEAT,
    call_field,
    kept_name,
    read_item,
    read_part,
    read_passed,
    read_response,
)
from narrows.dialects.readers import StreamReader
from narrows.dialects.refusals import error_in, openai_error
from narrows.dialects.repeats import Repeats
from narrows.dialects.reply_media import read_blob
from narrows.dialects.sse import encode
from narrows.dialects.texts import FIGURES, collect, collect_key, collect_logprobs, is_too_large
from narrows.model.call import Asked, Json
from narrows.model.reply import Delta, Event
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

_PICTURES: Final = frozenset({"partial_image_b64", "b64_json"})
"""Members of events in which pictures stand as base64."""

_SOUND: Final = frozenset({"response.audio", "response.output_audio"})
_INDEXES: Final = frozenset(
    {
        "sequence_number", "output_index", "content_index", "summary_index", "annotation_index", "partial_image_index",
        "command_index", "obfuscation_index",
    }
)  # fmt: skip
_PLACES: Final = frozenset({"annotations", "annotation"})

_ENDINGS: Final = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_DELTA_FIELDS: Final = {
    "response.output_text": "content",
    "response.refusal": "refusal",
    "response.reasoning_text": "reasoning",
    "response.reasoning_summary_text": "reasoning",
    "response.reasoning_summary_part": "reasoning",
    "response.content_part": "content",
    "response.audio.transcript": "audio_transcript",
}
_WHOLES: Final = frozenset({"response.output_item", "response.content_part", "response.reasoning_summary_part"})
"""What several fields or parts may be of."""

_SAID: Final = frozenset({"delta", "text", "refusal", "arguments", "input", "code", "transcript", "part"})
_UNJUDGED: Final = ("repeat:echo", "repeat:logprobs")
_FORM: Final = ("type", "item_id", "output_index", "content_index", "summary_index")
"""Members by which a delta says what it belongs to."""

_LATER: Final = -1
"""Stands for the number of an event that the gate adds, until it is written."""

_MOST_OPEN: Final = 1_024
"""Fields whose deltas may go on at a time."""

_Place = tuple[str, int, int]
"""Where deltas go on: the word for what they are of, the item, the part."""

_encode: Final = msgspec.json.Encoder().encode


class ResponseStream(StreamReader):
    """Events up to the one that carries the finished response."""

    __slots__ = ("_added", "_kept", "_last", "_number", "_open", "_repeats", "_sent", "_stored")

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._stored = "store" in asked.parameters
        self._number = 0
        self._kept: set[str] = set()
        self._last: Iterable[str] = ()
        self._repeats = Repeats()
        self._open: dict[str, _Place] = {}
        self._added = 0
        self._sent = -1

    def read_event(self, name: str | None, tree: Json) -> Event:
        """One event; its name and its `type` are the same word."""
        kind = tree.get("type")
        if type(kind) is not str:
            kind = name or ""
        number = tree.get("sequence_number")
        if type(number) is int:
            self._number = number + 1
        event = Event(tree, name or kind or None)
        if kind == "error" or (not kind and tree.get("error")):
            return self._failed(tree, event)
        response = tree.get("response")
        if type(response) is dict:
            self._last = read_response(response, event, stored=self._stored, prefix=REPEAT, judge=self._judge)
            self._read_rest(tree, event, "response")
        else:
            self._read_event(kind, tree, event)
        if kind in _ENDINGS:
            self.over = event.last = True
            self._end(event, list(self._open))
        elif type(response) is dict:
            self._end(event, [])
        return event

    def write(self, event: Event) -> bytes:
        """The event as one frame, numbered anew if events were added before it."""
        tree = event.data
        if tree is not None:
            number = tree.get("sequence_number")
            if type(number) is int:
                if number == _LATER:
                    self._added += 1
                    number = self._sent + 1
                else:
                    number += self._added
                tree["sequence_number"] = self._sent = number
        written = super().write(event)
        if tree is not None and type(tree.get("delta")) is not str:
            # Nothing is said again in the form of what is no delta; snapshots are large.
            for delta in event.deltas:
                self.latest.pop((delta.choice, delta.field), None)
        return written

    def form(self, event: Event, choice: int, field: str, text: str) -> Event | None:
        """A delta at the same place."""
        latest = event.data
        tree = {key: latest[key] for key in _FORM if type(latest.get(key)) in (str, int)}
        tree["delta"] = text
        if "logprobs" in latest:
            tree["logprobs"] = []
        if type(latest.get("sequence_number")) is int:
            tree["sequence_number"] = _LATER
        return Event(tree, event.name, [Delta(choice, field, text, tree, "delta")])

    def kept(self) -> Iterable[str]:
        """Items that only the last event names."""
        return [name for name in self._last if name not in self._kept][: MOST_KEPT - len(self._kept)]

    def read_text(self, data: bytes) -> Event | None:
        """`[DONE]` is not part of this API; servers that send it all the same send it too early here."""
        if data.startswith(b"[DONE]"):
            raise ReplyInvalid("the model server ended its stream before the response was complete")
        return None

    def fail(self, deny: Deny, request_id: str) -> bytes:  # noqa: ARG002 - the shape has no place for it
        """An `error` event: its own fields for typed readers, and `error` for the SDKs, which raise on it."""
        error = openai_error(deny)
        tree = {
            "type": "error",
            "code": error["code"],
            "message": error["message"],
            "param": error["param"],
            "sequence_number": self._number + self._added,
            "error": error,
        }
        return encode("error", _encode(tree))

    def _read_event(self, kind: str, tree: Json, event: Event) -> None:
        item, part = tree.get("item"), tree.get("part")
        name = item.get("id") if type(item) is dict else tree.get("item_id")
        index = self._repeats.number(name, tree.get("output_index"))
        stem, _, action = kind.rpartition(".")
        goes_on = action == "delta" and type(tree.get("delta")) is str and self._go_on(stem, index, tree)
        repeat = REPEAT if action == "done" else ""
        if type(item) is dict:
            read_item(event, index, item, repeat)
            if repeat:
                self._keep(item, event)
        if type(part) is dict:
            read_part(event, part, f"{repeat}reasoning" if "reasoning" in stem else "", repeat)
        words = self._read_members(stem, action, index, tree, event)
        if action != "delta":
            self._judge(event.deltas, name, index)
        event.deltas += words
        if not goes_on:
            self._end(event, self._done(kind, action, stem, index))

    def _read_members(self, stem: str, action: str, index: int, tree: Json, event: Event) -> list[Delta]:
        """Gives apart what the event says of itself: whether that is new, is another question."""
        repeat = REPEAT if action == "done" else ""
        known, words = self.envelope.known, list[Delta]()
        for key, value in tree.items():
            if type(value) is str and key in ENVELOPE:
                if known.get(key) != value:
                    self.envelope.read(words, tree, key, value)
                continue
            if key in ("item", "part") and type(value) is dict:
                continue
            if type(value) is int and key in _INDEXES and not is_too_large(value):
                continue
            if type(value) is str and (key in _PICTURES or (key == "delta" and stem in _SOUND)):
                read_blob(event, 0, tree, key, stem)
            elif key in _SAID and (key == "delta" or action != "delta"):
                read_passed(event.deltas, repeat + self._field(stem, index), tree, key)
            elif key == "name":
                collect(event.deltas, 0, f"{repeat}{TOOL_NAME}{index}", tree, key)
            elif key == "logprobs":
                collect_logprobs(event.deltas, 0, f"{repeat}logprobs", tree, key)
            else:
                figures = FIGURES if key in _PLACES else frozenset[str]()
                collect(event.deltas, 0, repeat + OF_ITEMS.get(key, "other"), tree, key, figures)
                collect_key(words, 0, tree, key)
        return words

    def _go_on(self, stem: str, index: int, tree: Json) -> bool:
        """A delta says something; whether it makes a field grow. Deltas of the same field at another place have ended
        before."""
        position = tree.get("content_index", tree.get("summary_index"))
        part = position if type(position) is int else 0
        field = self._field(stem, index)
        self._repeats.grow(index, (field, part), tree["delta"])
        if not grows(field):
            return False
        place, before = (stem, index, part), self._open.get(field)
        if before == place:
            return True
        if before is not None:
            self._end_before(field)
        elif len(self._open) >= _MOST_OPEN:
            self._end_before(next(iter(self._open)))
        self._open[field] = place
        return True

    def _done(self, kind: str, action: str, stem: str, index: int) -> list[str]:
        """Open fields that an event which is no delta ends: an item's or a part's are done with it, and the fields of
        other items when a new one begins."""
        if kind == "response.output_item.added":
            return [field for field, place in self._open.items() if place[1] != index]
        if action != "done":
            return []
        whole = stem in _WHOLES
        return [field for field, place in self._open.items() if place[1] == index and (whole or place[0] == stem)]

    def _end(self, event: Event, fields: list[str]) -> None:
        """The event ends these fields, and whatever it says itself."""
        for field in fields:
            del self._open[field]
            event.ends += ((0, field),)
        for key in growing(event.deltas):
            if key not in event.ends:
                if key[1] in self._open:
                    self._end_before(key[1])
                event.ends += (key,)

    def _end_before(self, field: str) -> None:
        """The field ends before this event, which has another text of it."""
        del self._open[field]
        self.ahead.append(Event(None, hidden=True, ends=((0, field),)))

    def _keep(self, item: Json, event: Event) -> None:
        """Names an item that is done, if a later call may refer to it."""
        name = kept_name(item, stored=self._stored)
        if name is not None and len(self._kept) < MOST_KEPT:
            self._kept.add(name)
            event.response_id = name

    def _judge(self, deltas: list[Delta], name: Any, index: int) -> None:
        """Takes the mark of a repetition off texts that the stream has not said before: they stand in their own field
        where no delta spoke, and apart where the deltas said something else."""
        deltas = [delta for delta in deltas if not delta.field.startswith(_UNJUDGED)]
        item = self._repeats.number(name, index)
        new = self._repeats.new(item, [delta.text for delta in deltas])
        for delta, is_new in zip(deltas, new, strict=True):
            if is_new and delta.field.startswith(REPEAT):
                own = delta.field.removeprefix(REPEAT)
                delta.field = "other" if self._repeats.spoken(item, own) else own

    def _field(self, stem: str, index: int) -> str:
        return _DELTA_FIELDS.get(stem) or (call_field(stem, "", index) if "call" in stem else "other")

    def _read_rest(self, tree: Json, event: Event, done: str) -> None:
        for key, value in tree.items():
            if type(value) is int and key in _INDEXES and not is_too_large(value):
                continue
            if type(value) is str and key in ENVELOPE:
                self.envelope.read(event.deltas, tree, key, value)
            elif key != done:
                collect(event.deltas, 0, "other", tree, key)
                collect_key(event.deltas, 0, tree, key)

    def _failed(self, tree: Json, event: Event) -> Event:
        """The upstream's own error in mid-stream: rendered anew, then the stream counts as broken off."""
        error = error_in(tree, "the model server reported an error")
        number = tree.get("sequence_number")
        if type(number) is not int:
            number = self._number
            self._number += 1
        inner = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
        event.data = {
            "type": "error",
            "code": error.code,
            "message": error.message,
            "param": error.param,
            "sequence_number": number,
            "error": inner,
        }
        event.name = "error"
        event.finish = "error"
        collect(event.deltas, 0, "error", event.data, "error")
        collect(event.deltas, 0, "error", event.data, "message")
        self.fail_with(ReplyInvalid("the model server reported an error in mid-stream"))
        return event
