"""Replies of the responses API, whole or streamed.

A stream says everything up to three times: in deltas, in `….done`, and in the snapshot of the whole response. The
repetitions are texts, too, under `repeat:<field>`, so that a guard that counts what is new can leave them out; what a
snapshot repeats of the request is `repeat:echo`. A text that first comes where repetitions stand is none.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from narrows.dialects.openai.responses import is_name_alone
from narrows.dialects.readers import StreamReader
from narrows.dialects.refusals import error_in, openai_error
from narrows.dialects.repeats import Repeats
from narrows.dialects.sse import encode
from narrows.dialects.texts import collect, openai_usage
from narrows.model.call import Asked, Json
from narrows.model.reply import Delta, Event
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

_ENVELOPE: Final = frozenset(
    {
        "id", "object", "model", "type", "status", "role", "item_id", "call_id", "service_tier", "obfuscation",
        "previous_response_id", "truncation",
    }
)  # fmt: skip

_EVENT_ENVELOPE: Final = _ENVELOPE | {"partial_image_b64", "b64_json"}
"""Pictures are no texts; they stand in events as base64."""

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
_PART_FIELDS: Final = {
    "output_text": "content",
    "text": "content",
    "refusal": "refusal",
    "reasoning_text": "reasoning",
    "summary_text": "reasoning",
}
_SAID: Final = frozenset({"delta", "text", "refusal", "arguments", "input", "code", "transcript", "part"})
_ECHO: Final = frozenset(
    {
        "instructions", "tools", "tool_choice", "text", "reasoning", "metadata", "user", "prompt", "prompt_cache_key",
        "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "conversation", "context_management",
        "include", "stop",
    }
)  # fmt: skip
"""Members of a response in which the request stands again."""

_REPEAT: Final = "repeat:"
_UNJUDGED: Final = ("repeat:echo", "repeat:logprobs")
_MOST_KEPT: Final = 256
"""Ids of one reply's items that a later call may refer to."""

_NO_ITEM: Final = -1
"""Stands for the number of an item where a text belongs to none."""

Judge = Callable[[list[Delta], Any, int], None]
"""Takes deltas of one item, the item's id, and its index."""

_encode: Final = msgspec.json.Encoder().encode


def read_response(
    tree: Json, event: Event, *, stored: bool = False, prefix: str = "", judge: Judge | None = None
) -> Iterable[str]:
    """Fills in `event` from a response object; gives the ids of items that the provider keeps. `judge` is called with
    the deltas of each item. Raises ReplyInvalid."""
    deltas = event.deltas
    for key, value in tree.items():
        if key == "output" and type(value) is list:
            for index, item in enumerate(value):
                if type(item) is not dict:
                    raise ReplyInvalid("the model server sent an output item that is not an object")
                start = len(deltas)
                read_item(deltas, index, item, prefix)
                if judge is not None:
                    judge(deltas[start:], item.get("id"), index)
        elif type(value) is not str or key not in _ENVELOPE:
            start = len(deltas)
            collect(deltas, 0, prefix + _field_of_response(key, prefix), tree, key)
            if judge is not None:
                judge(deltas[start:], None, _NO_ITEM)
    if type(tree.get("model")) is str:
        event.model = tree["model"]
    if type(tree.get("status")) is str:
        event.finish = tree["status"]
    event.usage = openai_usage(tree.get("usage"))
    if stored and type(tree.get("id")) is str:
        event.response_id = tree["id"]
    items = tree.get("output")
    kept = (_kept(item, stored=stored) for item in items) if type(items) is list else ()
    return [name for name in kept if name is not None][:_MOST_KEPT]


def _field_of_response(key: str, prefix: str) -> str:
    if key == "error":
        return "error"
    return "echo" if prefix and key in _ECHO else "other"


def _kept(item: Json, *, stored: bool) -> str | None:
    """The id by which a later call may refer to an item: of all where the response is stored, else of those that stand
    for nothing but their id when they are sent back."""
    name = item.get("id")
    return name if type(name) is str and (stored or is_name_alone(item, item.get("type"))) else None


def read_item(deltas: list[Delta], index: int, item: Json, prefix: str) -> None:
    """The texts of an output item: a message, reasoning, a call, or whatever else."""
    reasoning = item.get("type") == "reasoning"
    for key, value in item.items():
        if key in ("content", "summary") and type(value) is list:
            for position, part in enumerate(value):
                if type(part) is dict:
                    read_part(deltas, part, f"{prefix}reasoning" if reasoning else "", prefix)
                else:
                    collect(deltas, 0, f"{prefix}other", value, position)
        elif key in ("arguments", "input"):
            collect(deltas, 0, f"{prefix}tool_call:{index}", item, key)
        elif key == "name":
            collect(deltas, 0, f"{prefix}tool_name:{index}", item, key)
        elif key == "result" and item.get("type") == "image_generation_call" and type(value) is str:
            continue
        elif type(value) is not str or key not in _ENVELOPE:
            collect(deltas, 0, f"{prefix}other", item, key)


def read_part(deltas: list[Delta], part: Json, field: str, prefix: str) -> None:
    """The texts of a content part; `field` overrides what its type says."""
    kind = part.get("type")
    named = field or prefix + (_PART_FIELDS.get(kind, "other") if type(kind) is str else "other")
    for key, value in part.items():
        if key in ("text", "refusal"):
            collect(deltas, 0, named, part, key)
        elif key == "logprobs":
            collect(deltas, 0, f"{prefix}logprobs", part, key)
        elif key != "type" or type(value) is not str or value not in _PART_FIELDS:
            collect(deltas, 0, f"{prefix}other", part, key)


class ResponseStream(StreamReader):
    """Events up to the one that carries the finished response."""

    __slots__ = ("_kept", "_last", "_number", "_repeats", "_stored")

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._stored = "store" in asked.parameters
        self._number = 0
        self._kept: set[str] = set()
        self._last: Iterable[str] = ()
        self._repeats = Repeats()

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
            self._last = read_response(response, event, stored=self._stored, prefix=_REPEAT, judge=self._judge)
            self._read_rest(tree, event, "response")
        else:
            self._read_event(kind, tree, event)
        if kind in _ENDINGS:
            self.over = event.last = True
        return event

    def kept(self) -> Iterable[str]:
        """Items that only the last event names."""
        return [name for name in self._last if name not in self._kept][: _MOST_KEPT - len(self._kept)]

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
            "sequence_number": self._number,
            "error": error,
        }
        return encode("error", _encode(tree))

    def _read_event(self, kind: str, tree: Json, event: Event) -> None:
        item, part = tree.get("item"), tree.get("part")
        name = item.get("id") if type(item) is dict else tree.get("item_id")
        index = self._repeats.number(name, tree.get("output_index"))
        stem, _, action = kind.rpartition(".")
        said = tree.get("delta")
        if action == "delta" and type(said) is str:
            position = tree.get("content_index", tree.get("summary_index"))
            place = (self._field(stem, index), position if type(position) is int else 0)
            self._repeats.grow(index, place, said)
        repeat = _REPEAT if action == "done" else ""
        if type(item) is dict:
            read_item(event.deltas, index, item, repeat)
            if repeat:
                self._keep(item, event)
        if type(part) is dict:
            read_part(event.deltas, part, f"{repeat}reasoning" if "reasoning" in stem else "", repeat)
        for key, value in tree.items():
            if type(value) is int or (type(value) is str and key in _EVENT_ENVELOPE):
                continue
            if key in ("item", "part") and type(value) is dict:
                continue
            if key in _SAID:
                collect(event.deltas, 0, repeat + self._field(stem, index), tree, key)
            elif key == "name":
                collect(event.deltas, 0, f"{repeat}tool_name:{index}", tree, key)
            elif key == "logprobs":
                collect(event.deltas, 0, f"{repeat}logprobs", tree, key)
            else:
                collect(event.deltas, 0, f"{repeat}other", tree, key)
        if action != "delta":
            self._judge(event.deltas, name, index)

    def _keep(self, item: Json, event: Event) -> None:
        """Names an item that is done, if a later call may refer to it."""
        name = _kept(item, stored=self._stored)
        if name is not None and len(self._kept) < _MOST_KEPT:
            self._kept.add(name)
            event.response_id = name

    def _judge(self, deltas: list[Delta], name: Any, index: int) -> None:
        """Takes the mark of a repetition off texts that the stream has not said before: they stand in their own field
        where no delta spoke, and apart where the deltas said something else."""
        deltas = [delta for delta in deltas if not delta.field.startswith(_UNJUDGED)]
        item = self._repeats.number(name, index)
        new = self._repeats.new(item, [delta.text for delta in deltas])
        for delta, is_new in zip(deltas, new, strict=True):
            if is_new and delta.field.startswith(_REPEAT):
                own = delta.field.removeprefix(_REPEAT)
                delta.field = "other" if self._repeats.spoken(item, own) else own

    def _field(self, stem: str, index: int) -> str:
        return _DELTA_FIELDS.get(stem) or (f"tool_call:{index}" if "call" in stem else "other")

    def _read_rest(self, tree: Json, event: Event, done: str) -> None:
        for key, value in tree.items():
            if key != done and (type(value) is not str or key not in _ENVELOPE):
                collect(event.deltas, 0, "other", tree, key)

    def _failed(self, tree: Json, event: Event) -> Event:
        """The upstream's own error in mid-stream: rendered anew, then the stream counts as broken off."""
        error = error_in(tree, "the model server reported an error")
        inner = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
        event.data = {
            "type": "error",
            "code": error.code,
            "message": error.message,
            "param": error.param,
            "sequence_number": self._number,
            "error": inner,
        }
        event.name = "error"
        event.finish = "error"
        collect(event.deltas, 0, "error", event.data, "error")
        collect(event.deltas, 0, "error", event.data, "message")
        self.fail_with(ReplyInvalid("the model server reported an error in mid-stream"))
        return event
