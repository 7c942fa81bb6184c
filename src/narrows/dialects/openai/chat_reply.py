"""Replies of chat completions and completions, whole or streamed: the same choices, under `message`, `delta`, `text`.

Not texts: role words, known finish reasons, and figures that the API has. Everything else is, the envelope once.
"""

from collections.abc import Mapping
from typing import Any, Final

from narrows.dialects.envelope import WORDS, Envelope, collect_word
from narrows.dialects.fields import COPY, TOOL_NAME, grows
from narrows.dialects.forms import alone
from narrows.dialects.openai.usual_reply import FINISHED, read_usual
from narrows.dialects.readers import StreamReader
from narrows.dialects.reading import ROLES
from narrows.dialects.refusals import error_in, openai_refusal
from narrows.dialects.reply_media import collect_media, read_blob
from narrows.dialects.texts import (
    FIGURES,
    LARGEST_FIGURE,
    collect,
    collect_key,
    collect_logprobs,
    collect_source,
    holds_figures,
    openai_usage,
)
from narrows.model.call import Asked, Json
from narrows.model.reply import Delta, Event
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

DONE: Final = "[DONE]"
_DONE_FRAME: Final = b"data: [DONE]\n\n"

_ENVELOPE: Final = frozenset({"id", "object", "model", "system_fingerprint", "service_tier", "obfuscation"})

_NONE: Final[Mapping[str, str]] = {}
_NO_FIGURES: Final[frozenset[str]] = frozenset()
_FIELDS: Final = {
    "text": "content",
    "reasoning_content": "reasoning",
    "reasoning": "reasoning",
    "refusal": "refusal",
    "annotations": "citations",
    "citations": "citations",
    "signature": "signature",
    "reasoning_opaque": "signature",
    "encrypted_content": "signature",
}
_REASONING_COPY: Final = COPY + "reasoning"
_DETAILS: Final = {"text": "details", "summary": "details", "data": "signature", "signature": "signature"}
"""Members of a piece of OpenRouter's `reasoning_details`; its text stands beside it in `reasoning`, too."""

_CALL_TYPES: Final = frozenset({"function", "custom"})
_SAID: Final = frozenset({"message", "delta"})
_EXPIRES: Final = frozenset({"expires_at"})
_ABSENT: Final = frozenset({"finish_reason", "logprobs", "service_tier", "stop_reason", "system_fingerprint", "usage"})
"""Members that stand in each chunk as null until there is something to say."""

_COUNTED: Final = frozenset({"usage", "timings"})
_OUTER: Final = frozenset({"id", "object", "created", "model", "system_fingerprint", "service_tier"})
_INNER: Final = frozenset({"index", "type"})
"""Members that an event shares with the next one, of the chunk and of what it holds."""

_MOST_OPEN: Final = 1_024
"""Fields that may be open at a time; each text of a further one stands for itself."""


def read_completion(tree: Json, event: Event, *, stored: bool = False, envelope: Envelope | None = None) -> None:
    """Fills in `event` from a whole reply or one chunk of the stream with this `envelope`. Raises ReplyInvalid."""
    if envelope is not None or not read_usual(tree, event, words=True):
        _read_members(tree, event, envelope)
    if stored and type(tree.get("id")) is str:
        event.response_id = tree["id"]


def read_unlabelled(tree: Json, event: Event) -> None:
    """The same of a whole reply of which nobody looks at the words of its envelope."""
    if not read_usual(tree, event, words=False):
        _read_members(tree, event, None)


def _read_members(tree: Json, event: Event, envelope: Envelope | None) -> None:
    known = _NONE if envelope is None else envelope.known
    for key, value in tree.items():
        kind = type(value)
        if kind is str and key in _ENVELOPE:
            if key == "model":
                event.model = value
            if envelope is not None:
                if known.get(key) != value:
                    envelope.read(event.deltas, tree, key, value)
            elif value not in WORDS:
                collect_word(event.deltas, 0, tree, key)
        elif kind is list and key == "choices":
            for choice in value:
                _read_choice(event, choice)
        elif key == "created" and kind is int and value < LARGEST_FIGURE:
            continue
        elif value is not None or key not in _ABSENT:
            _read_member(event, tree, key, value)


def _read_member(event: Event, tree: Json, key: str, value: Any) -> None:
    """A member of the reply itself beside its choices and its envelope: figures for the most part."""
    if key == "usage":
        event.usage = openai_usage(value)
        if type(value) is dict and holds_figures(value):
            return
    collect(event.deltas, 0, "other", tree, key, FIGURES if key in _COUNTED else _NO_FIGURES)
    collect_key(event.deltas, 0, tree, key)


def _read_choice(event: Event, choice: Any) -> None:
    if type(choice) is not dict:
        raise ReplyInvalid("the model server sent a choice that is not an object")
    index = _index(choice)
    for key, value in choice.items():
        if value is None and key in _ABSENT:
            continue
        if key == "index" and type(value) is int and value < LARGEST_FIGURE:
            continue
        if key in _SAID:
            if type(value) is dict:
                _read_message(event, index, value)
            else:
                collect(event.deltas, index, "content", choice, key)
        elif key == "text":
            collect(event.deltas, index, "content", choice, key)
        elif key == "finish_reason" and type(value) is str:
            event.finish = value
            if value not in FINISHED:
                collect(event.deltas, index, "other", choice, key)
        elif key == "logprobs":
            collect_logprobs(event.deltas, index, key, choice, key)
        else:
            collect(event.deltas, index, "other", choice, key)
            collect_key(event.deltas, index, choice, key)


def _index(choice: Json) -> int:
    index = choice.get("index")
    return index if type(index) is int else 0


def _read_message(event: Event, index: int, message: Json) -> None:
    deltas = event.deltas
    for key, value in message.items():
        if not value:
            collect_key(deltas, index, message, key)
        elif key == "content" and type(value) is str:
            deltas.append(Delta(index, "content", value, message, key))
        elif key == "role" and type(value) is str and value in ROLES:
            continue
        elif key == "content":
            _read_parts(event, index, message, value)
        elif key in _LISTS and type(value) is list:
            for position, element in enumerate(value):
                _LISTS[key](deltas, index, position, value, element)
        elif key == "function_call" and type(value) is dict:
            read_function(deltas, index, 0, value)
        elif key == "audio" and type(value) is dict:
            _read_audio(event, index, value)
        elif key == "images":
            collect_media(event, index, message, key, key)
        elif key == "reasoning" and message.get("reasoning_content"):
            collect(deltas, index, _REASONING_COPY, message, key)
        else:
            field = _FIELDS.get(key, "other")
            collect(deltas, index, field, message, key, FIGURES if field == "citations" else frozenset())
            collect_key(deltas, index, message, key)


def _read_parts(event: Event, index: int, message: Json, parts: Any) -> None:
    """Content in parts, as some servers send it."""
    deltas = event.deltas
    for position, part in enumerate(parts if type(parts) is list else ()):
        kind = part.get("type") if type(part) is dict else None
        if kind in ("text", "thinking"):
            for key in part:
                if key != "type":
                    _read_part(deltas, index, part, key)
                    collect_key(deltas, index, part, key)
        else:
            collect_media(event, index, parts, position, "content")
    if type(parts) is not list:
        collect(deltas, index, "content", message, "content")


def _read_part(deltas: list[Delta], index: int, part: Json, key: str) -> None:
    """A member of a part that is text, or thinking in parts of its own (Mistral)."""
    inner = part[key]
    if key == "text":
        collect(deltas, index, "content", part, key)
    elif key == "thinking" and type(inner) is list:
        for position, thought in enumerate(inner):
            if type(thought) is not dict:
                collect(deltas, index, "reasoning", inner, position)
            elif thought.get("type") == "text":
                for name in thought:
                    if name != "type":
                        collect(deltas, index, "reasoning" if name == "text" else "other", thought, name)
                        collect_key(deltas, index, thought, name)
            else:
                collect(deltas, index, "other", inner, position)
    else:
        collect(deltas, index, "reasoning" if key == "thinking" else "other", part, key)


def _read_details(deltas: list[Delta], index: int, position: int, details: list[Any], piece: Any) -> None:
    if type(piece) is not dict:
        collect(deltas, index, "other", details, position)
        return
    number = piece.get("index")
    if type(number) is not int:
        number = position
    for key in piece:
        field = _DETAILS.get(key, "other")
        field = f"{COPY}reasoning_details:{number}" if field == "details" else field
        collect(deltas, index, field, piece, key, FIGURES)
        collect_key(deltas, index, piece, key)


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
        elif key == "id" and type(value) is str:
            collect_word(deltas, index, call, key)
        elif key == "type" and type(value) is str and value in _CALL_TYPES:
            continue
        elif not (key == "index" and type(value) is int):
            collect(deltas, index, "other", call, key)
            collect_key(deltas, index, call, key)


def read_function(deltas: list[Delta], index: int, number: int, function: Json) -> None:
    """The name and the arguments of a tool call. Arguments are the source of a JSON text; a custom tool's input is any
    text; some servers send arguments as an object."""
    for key, value in function.items():
        if key not in ("arguments", "input"):
            collect(deltas, index, f"{TOOL_NAME}{number}" if key == "name" else "other", function, key)
            collect_key(deltas, index, function, key)
        elif type(value) is not str:
            collect_source(deltas, index, f"tool_call_input:{number}", function, key)
        else:
            kind = "tool_call" if key == "arguments" else "tool_call_text"
            collect(deltas, index, f"{kind}:{number}", function, key)


_LISTS: Final = {"tool_calls": _read_call, "reasoning_details": _read_details}


def _read_audio(event: Event, index: int, audio: Json) -> None:
    """Spoken output: its transcript is a text, its data is sound."""
    for key, value in audio.items():
        if key == "id" and type(value) is str:
            collect_word(event.deltas, index, audio, key)
        elif key == "data" and type(value) is str:
            read_blob(event, index, audio, key, "audio")
        else:
            field = "audio_transcript" if key == "transcript" else "other"
            collect(event.deltas, index, field, audio, key, _EXPIRES)
            collect_key(event.deltas, index, audio, key)


def _rank(field: str) -> int:
    """The order in which a model writes: it thinks, speaks, and calls tools."""
    if field == "reasoning" or field.startswith(COPY):
        return 0
    return 2 if field.startswith("tool_") else 1


def _goes_on_after(field: str, begun: str) -> bool:
    """Whether a model that begins to write one field has finished the other."""
    rank, next_rank = _rank(field), _rank(begun)
    return rank < next_rank or (rank == next_rank == 2 and field.partition(":")[2] != begun.partition(":")[2])


class CompletionStream(StreamReader):
    """Chunks up to `[DONE]`. A usage event that the gate asked for is hidden from a caller that did not.

    A field ends where its choice says why it finished, or where the model goes on to what it writes later: it has
    thought when it speaks, and has spoken when it calls a tool; a call has ended when the next one begins (clients take
    it as complete then). If a field is gone on with all the same, it ends once more.
    """

    __slots__ = ("_finished", "_known", "_open", "_seen", "_stored", "_wants_usage")

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._wants_usage = asked.wants_usage
        self._stored = "store" in asked.parameters
        self._seen: set[int] = set()
        self._finished: set[int] = set()
        self._known: set[tuple[int, str]] = set()
        self._open: dict[tuple[int, str], None] = {}

    def read_text(self, data: bytes) -> Event | None:
        """`[DONE]`."""
        if data.startswith(b"[DONE]"):
            self.over = True
            return self._done()
        return None

    def read_event(self, name: str | None, tree: Json) -> Event:
        """One chunk."""
        event = Event(tree, name)
        if tree.get("error"):
            return self._failed(tree, event)
        read_completion(tree, event, stored=self._stored, envelope=self.envelope)
        known = self._known
        for delta in event.deltas:
            key = (delta.choice, delta.field)
            if key not in known:
                self._begin(event, key)
        if event.finish is not None:
            finished = {_index(choice) for choice in tree["choices"] if choice.get("finish_reason")}
            self._finished |= finished
            self._end(event, [key for key in self._open if key[0] in finished])
        if not self._wants_usage and "usage" in tree:
            if tree["usage"] is None:
                del tree["usage"]
            elif not tree.get("choices"):
                event.hidden = True
        return event

    def is_constant(self, event: Event) -> bool:
        """A chunk of a field that is open, with nothing in it but that and the envelope."""
        delta = event.deltas[0]
        return (
            event.finish is None
            and event.usage is None
            and event.response_id is None
            and not (event.hidden or event.ends or event.opaque)
            and (delta.choice, delta.field) in self._open
        )

    def ending(self) -> list[Event]:
        """Some servers leave `[DONE]` out: the reply is complete if every choice has said why it ended."""
        if not self._finished or not self._seen <= self._finished:
            return super().ending()
        self.over = True
        return [self._done()]

    def write(self, event: Event) -> bytes:
        """The event as one frame."""
        return _DONE_FRAME if event.data == DONE else super().write(event)

    def form(self, event: Event, choice: int, field: str, text: str) -> Event | None:
        """A chunk of the same shape, of this choice alone, that finishes nothing."""
        said = alone(event, choice, field, text, _OUTER, _INNER)
        if said is not None:
            said.data["choices"][0]["finish_reason"] = None
        return said

    def fail(self, deny: Deny, request_id: str) -> bytes:  # noqa: ARG002 - the shape has no place for it
        """The error that the SDKs look for in a stream."""
        return b"data: %b\n\n" % openai_refusal(deny)

    def _done(self) -> Event:
        return Event(DONE, last=True, ends=tuple(self._open))

    def _begin(self, event: Event, key: tuple[int, str]) -> None:
        """A field begins, or one that does not grow is seen: a tool's name, which begins a call, or another."""
        choice, field = key
        self._seen.add(choice)
        named = field.startswith(TOOL_NAME)
        if not named and not grows(field):
            if len(self._known) < _MOST_OPEN:
                self._known.add(key)
            return
        self._end(event, [other for other in self._open if other[0] == choice and _goes_on_after(other[1], field)])
        if not named and len(self._open) < _MOST_OPEN:
            self._open[key] = None
            self._known.add(key)
        elif key not in event.ends:
            event.ends += (key,)

    def _end(self, event: Event, keys: list[tuple[int, str]]) -> None:
        for key in keys:
            del self._open[key]
            self._known.discard(key)
        event.ends += tuple(keys)

    def _failed(self, tree: Json, event: Event) -> Event:
        """The upstream's own error in mid-stream: rendered anew, then the stream counts as broken off."""
        error = error_in(tree, "the model server reported an error")
        event.data = {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}
        collect(event.deltas, 0, "error", event.data, "error")
        event.finish = "error"
        self.fail_with(ReplyInvalid("the model server reported an error in mid-stream"))
        return event
