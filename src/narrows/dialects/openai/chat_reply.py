"""Replies of chat completions and completions, whole or streamed: the same choices, under `message`, `delta`, `text`.

Not texts: the envelope (ids, model name, object and role words, known finish reasons). Everything else is.
"""

from typing import Any, Final

from narrows.dialects.readers import StreamReader
from narrows.dialects.reading import ROLES
from narrows.dialects.refusals import error_in, openai_refusal
from narrows.dialects.texts import collect, openai_usage
from narrows.model.call import Asked, Json
from narrows.model.reply import Delta, Event
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

DONE: Final = "[DONE]"
_DONE_FRAME: Final = b"data: [DONE]\n\n"

_ENVELOPE: Final = frozenset({"id", "object", "model", "system_fingerprint", "service_tier", "obfuscation"})

_FINISHED: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_FIELDS: Final = {
    "text": "content",
    "reasoning_content": "reasoning",
    "reasoning": "reasoning",
    "refusal": "refusal",
}


def read_completion(tree: Json, event: Event, *, stored: bool = False) -> None:
    """Fills in `event` from a whole reply or one chunk. Raises ReplyInvalid."""
    for key, value in tree.items():
        kind = type(value)
        if kind is str and key in _ENVELOPE:
            if key == "model":
                event.model = value
        elif kind is list and key == "choices":
            for choice in value:
                _read_choice(event, choice)
        elif kind is not int and value is not None:
            if key == "usage":
                event.usage = openai_usage(value)
            collect(event.deltas, 0, "other", tree, key)
    if stored and type(tree.get("id")) is str:
        event.response_id = tree["id"]


def _read_choice(event: Event, choice: Any) -> None:
    if type(choice) is not dict:
        raise ReplyInvalid("the model server sent a choice that is not an object")
    index = _index(choice)
    for key, value in choice.items():
        if value is None or type(value) is int:
            continue
        if key in ("delta", "message"):
            if type(value) is dict:
                _read_message(event.deltas, index, value)
            else:
                collect(event.deltas, index, "content", choice, key)
        elif key == "text":
            collect(event.deltas, index, "content", choice, key)
        elif key == "finish_reason" and type(value) is str:
            event.finish = value
            if value not in _FINISHED:
                collect(event.deltas, index, "other", choice, key)
        else:
            collect(event.deltas, index, "logprobs" if key == "logprobs" else "other", choice, key)


def _index(choice: Json) -> int:
    index = choice.get("index")
    return index if type(index) is int else 0


def _read_message(deltas: list[Delta], index: int, message: Json) -> None:
    for key, value in message.items():
        if not value:
            continue
        if key == "content" and type(value) is str:
            deltas.append(Delta(index, "content", value, message, key))
        elif key == "role" and type(value) is str and value in ROLES:
            continue
        elif key == "content":
            _read_parts(deltas, index, message, value)
        elif key == "tool_calls" and type(value) is list:
            for position, call in enumerate(value):
                _read_call(deltas, index, position, value, call)
        elif key == "function_call" and type(value) is dict:
            read_function(deltas, index, 0, value)
        elif key == "audio" and type(value) is dict:
            _read_audio(deltas, index, value)
        else:
            collect(deltas, index, _FIELDS.get(key, "other"), message, key)


def _read_parts(deltas: list[Delta], index: int, message: Json, parts: Any) -> None:
    """Content in parts, as some servers send it."""
    for position, part in enumerate(parts if type(parts) is list else ()):
        if type(part) is dict and part.get("type") == "text":
            for key in part:
                if key != "type":
                    collect(deltas, index, "content" if key == "text" else "other", part, key)
        else:
            collect(deltas, index, "other", parts, position)
    if type(parts) is not list:
        collect(deltas, index, "content", message, "content")


def _read_call(deltas: list[Delta], index: int, position: int, calls: list[Any], call: Any) -> None:
    if type(call) is not dict:
        collect(deltas, index, "other", calls, position)
        return
    number = call.get("index")
    if type(number) is not int:
        number = position
    for key, value in call.items():
        if key in ("function", "custom") and type(value) is dict:
            read_function(deltas, index, number, value)
        elif key not in ("id", "type") or type(value) is not str:
            collect(deltas, index, "other", call, key)


def read_function(deltas: list[Delta], index: int, number: int, function: Json) -> None:
    """The name and the arguments of a tool call."""
    for key in function:
        if key in ("arguments", "input"):
            collect(deltas, index, f"tool_call:{number}", function, key)
        else:
            collect(deltas, index, f"tool_name:{number}" if key == "name" else "other", function, key)


def _read_audio(deltas: list[Delta], index: int, audio: Json) -> None:
    """Spoken output: its transcript is a text, its data is sound."""
    for key, value in audio.items():
        if key not in ("id", "data") or type(value) is not str:
            collect(deltas, index, "audio_transcript" if key == "transcript" else "other", audio, key)


class CompletionStream(StreamReader):
    """Chunks up to `[DONE]`. A usage event that the gate asked for is hidden from a caller that did not."""

    __slots__ = ("_finished", "_seen", "_stored", "_wants_usage")

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._wants_usage = asked.wants_usage
        self._stored = "store" in asked.parameters
        self._seen: set[int] = set()
        self._finished: set[int] = set()

    def read_text(self, data: bytes) -> Event | None:
        """`[DONE]`."""
        if data.startswith(b"[DONE]"):
            self.over = True
            return Event(DONE, last=True)
        return None

    def read_event(self, name: str | None, tree: Json) -> Event:
        """One chunk."""
        event = Event(tree, name)
        if tree.get("error"):
            return self._failed(tree, event)
        read_completion(tree, event, stored=self._stored)
        for delta in event.deltas:
            self._seen.add(delta.choice)
        if event.finish is not None:
            self._finished.update(_index(choice) for choice in tree["choices"] if choice.get("finish_reason"))
        if not self._wants_usage and "usage" in tree:
            if tree["usage"] is None:
                del tree["usage"]
            elif not tree.get("choices"):
                event.hidden = True
        return event

    def ending(self) -> list[Event]:
        """Some servers leave `[DONE]` out: the reply is complete if every choice has said why it ended."""
        if not self._finished or not self._seen <= self._finished:
            return super().ending()
        self.over = True
        return [Event(DONE, last=True)]

    def write(self, event: Event) -> bytes:
        """The event as one frame."""
        return _DONE_FRAME if event.data == DONE else super().write(event)

    def fail(self, deny: Deny, request_id: str) -> bytes:  # noqa: ARG002 - the shape has no place for it
        """The error that the SDKs look for in a stream."""
        return b"data: %b\n\n" % openai_refusal(deny)

    def _failed(self, tree: Json, event: Event) -> Event:
        """The upstream's own error in mid-stream: rendered anew, then the stream counts as broken off."""
        error = error_in(tree, "the model server reported an error")
        event.data = {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}
        collect(event.deltas, 0, "error", event.data, "error")
        event.finish = "error"
        self.fail_with(ReplyInvalid("the model server reported an error in mid-stream"))
        return event
