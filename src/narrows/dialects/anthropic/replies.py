"""Replies of Anthropic's messages, whole or streamed.

Adjacent text blocks of a message are one stream, `content`: citations split sentences. Tool calls are numbered by
their block. Not texts: words of the API (types, roles, known stop reasons), and figures that it has.

Whether `content` goes on after a text block tells only the event after it. So the stop of a text block is held back
until then: what a guard still holds goes into the next block if that is text, too, and else before the stop.
"""

from typing import Any, Final

from narrows.dialects.envelope import collect_word
from narrows.dialects.fields import TOOL_NAME, growing, grows
from narrows.dialects.readers import StreamReader
from narrows.dialects.refusals import anthropic_refusal, error_in
from narrows.dialects.reply_media import collect_media
from narrows.dialects.sse import encode
from narrows.dialects.texts import FIGURES, collect, collect_key, collect_source, count, figure, is_too_large
from narrows.model.call import Asked, Json
from narrows.model.reply import Delta, Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

_ENVELOPE: Final = frozenset({"id", "type", "role", "model"})
_BLOCK_ENVELOPE: Final = frozenset({"id", "type", "tool_use_id"})
_WORDS: Final = frozenset(
    {
        "assistant", "citations_delta", "code_execution_tool_result", "container_upload", "document", "image",
        "input_json_delta", "mcp_tool_result", "mcp_tool_use", "message", "redacted_thinking", "server_tool_use",
        "signature_delta", "text", "text_delta", "thinking", "thinking_delta", "tool_use", "web_fetch_tool_result",
        "web_search_tool_result",
    }
)  # fmt: skip
_COUNTED: Final = frozenset({"citations", "citation"})
_STOP_REASONS: Final = frozenset(
    {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"}
)
_REPORTED: Final = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "output_tokens",
    "output_tokens_details",
)
_BLOCK_FIELDS: Final = {
    "text": "content",
    "thinking": "reasoning",
    "signature": "signature",
    "data": "signature",
    "citations": "citations",
    "citation": "citations",
}
_CONTENT: Final = (0, "content")
_REASONING: Final = (0, "reasoning")
_DELTAS: Final = {
    "content": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "tool_call": ("input_json_delta", "partial_json"),
}
"""By field, the delta that carries it, and its member."""


def read_message(tree: Json, event: Event, *, stored: bool = False) -> None:
    """Fills in `event` from a message; `stored`: the provider keeps it under its id. Raises ReplyInvalid."""
    for key, value in tree.items():
        if key == "content" and type(value) is list:
            for index, block in enumerate(value):
                if type(block) is not dict:
                    raise ReplyInvalid("the model server sent a content block that is not an object")
                read_block(event, index, block)
        elif key == "usage":
            event.usage = read_usage(value)
            collect(event.deltas, 0, "other", tree, key, FIGURES)
        elif key == "stop_reason":
            _read_stop(event, tree)
        elif key not in _ENVELOPE or type(value) is not str:
            collect(event.deltas, 0, "other", tree, key)
            collect_key(event.deltas, 0, tree, key)
        elif value not in _WORDS:
            collect_word(event.deltas, 0, tree, key)
    if type(tree.get("model")) is str:
        event.model = tree["model"]
    if stored and type(tree.get("id")) is str:
        event.response_id = tree["id"]


def read_count(tree: Json, event: Event) -> None:
    """Fills in `event` from a count of tokens."""
    event.usage = Usage(prompt=figure(tree, "input_tokens"))
    for key in tree:
        collect(event.deltas, 0, "other", tree, key, FIGURES)
        collect_key(event.deltas, 0, tree, key)


def read_block(event: Event, index: int, block: Json) -> None:
    """The texts of a content block, or of a delta to one."""
    deltas = event.deltas
    for key, value in block.items():
        if key == "partial_json" and type(value) is str:
            collect(deltas, 0, f"tool_call:{index}", block, key)
        elif key in ("input", "partial_json"):
            collect_source(deltas, 0, f"tool_call_input:{index}", block, key)
        elif key == "name":
            collect(deltas, 0, f"{TOOL_NAME}{index}", block, key)
        elif key in _BLOCK_FIELDS:
            collect(deltas, 0, _BLOCK_FIELDS[key], block, key, FIGURES if key in _COUNTED else frozenset())
        elif key in ("source", "content"):
            collect_media(event, 0, block, key, "content")
        elif key not in _BLOCK_ENVELOPE or type(value) is not str:
            collect(deltas, 0, "other", block, key)
            collect_key(deltas, 0, block, key)
        elif value not in _WORDS:
            collect_word(deltas, 0, block, key)


def read_usage(usage: Any) -> Usage | None:
    """Usage with the whole prompt counted: `input_tokens` alone leaves out what the cache served or took."""
    if type(usage) is not dict:
        return None
    prompt = figure(usage, "input_tokens")
    cached = figure(usage, "cache_read_input_tokens")
    written = figure(usage, "cache_creation_input_tokens")
    if prompt is not None:
        prompt += (cached or 0) + (written or 0)
    return Usage(
        prompt,
        figure(usage, "output_tokens"),
        cached,
        figure(usage, "output_tokens_details", "thinking_tokens"),
        written,
        cache_write_long=figure(usage, "cache_creation", "ephemeral_1h_input_tokens"),
    )


def _read_stop(event: Event, holder: Json) -> None:
    reason = holder["stop_reason"]
    if type(reason) is str:
        event.finish = reason
    if type(reason) is not str or reason not in _STOP_REASONS:
        collect(event.deltas, 0, "other", holder, "stop_reason")


def _kind_of_block(tree: Json) -> Any:
    block = tree.get("content_block")
    return block.get("type") if type(block) is dict else None


class MessageStream(StreamReader):
    """Events from `message_start` to `message_stop`."""

    __slots__ = ("_open", "_reported", "_stop", "_stored")

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._reported: Json = {}
        self._stored = "store" in asked.parameters
        self._open: set[tuple[int, str]] = set()
        self._stop: Event | None = None

    def read_event(self, name: str | None, tree: Json) -> Event | None:
        """One event; its name and its `type` are the same word."""
        kind = tree.get("type")
        if type(kind) is not str:
            kind = name or ""
        event = Event(tree, name or kind or None)
        if self._stop is not None and kind != "ping":
            self._release(self._stop, kind, tree)
        if kind == "content_block_delta" and type(tree.get("delta")) is dict:
            index = tree.get("index")
            read_block(event, index if type(index) is int else 0, tree["delta"])
            if (
                len(tree) > 3
                or self.envelope.known.get("type") != kind
                or type(index) is not int
                or is_too_large(index)
            ):
                self._read_rest(tree, event, ("delta",))
            for delta in event.deltas:
                if (0, delta.field) not in self._open:
                    self._begin(event, delta.field)
            return event
        match kind:
            case "error":
                return self._failed(tree, event)
            case "message_stop":
                self.over = event.last = True
        self._read_parts(tree, event)
        return self._bounded(kind, tree, event)

    def write(self, event: Event) -> bytes:
        """The event as one frame."""
        if event.name == "content_block_start" and _kind_of_block(event.data) == "text":
            # From here a text has its place in this block, though nothing of it may have come yet.
            self.latest[_CONTENT] = event
        return super().write(event)

    def is_constant(self, event: Event) -> bool:
        """A delta of a field that is open, with nothing else in it."""
        delta = event.deltas[0]
        return (
            event.name == "content_block_delta"
            and event.finish is None
            and event.usage is None
            and not (event.last or event.ends or event.opaque)
            and (delta.choice, delta.field) in self._open
            and self._stop is None
        )

    def form(self, event: Event, choice: int, field: str, text: str) -> Event | None:
        """A delta of the block."""
        named, _, number = field.partition(":")
        if named not in _DELTAS:
            return None
        kind, member = _DELTAS[named]
        index = int(number) if number else event.data.get("index", 0)
        delta = {"type": kind, member: text}
        tree = {"type": "content_block_delta", "index": index, "delta": delta}
        return Event(tree, "content_block_delta", [Delta(choice, field, text, delta, member)])

    def fail(self, deny: Deny, request_id: str) -> bytes:
        """An `error` event."""
        return encode("error", anthropic_refusal(deny, request_id))

    def _release(self, stop: Event, kind: str, tree: Json) -> None:
        """The stop of a text block goes on; the text ends with it if no text block follows."""
        self._stop = None
        self.ahead.append(stop)
        if kind not in ("error", "content_block_delta") and (
            kind != "content_block_start" or _kind_of_block(tree) != "text"
        ):
            stop.ends += (_CONTENT,)
            self._open.discard(_CONTENT)

    def _begin(self, event: Event, field: str) -> None:
        if field == "signature" and _REASONING in self._open:
            # What is signed is complete.
            self._open.discard(_REASONING)
            event.ends += (_REASONING,)
        elif grows(field):
            self._open.add((0, field))

    def _bounded(self, kind: str, tree: Json, event: Event) -> Event | None:
        """What begins and what ends with an event that is no delta. None: it is the stop of a text block."""
        is_open = self._open
        if kind == "content_block_stop":
            waits = _CONTENT in is_open
            event.ends = tuple(sorted(is_open - {_CONTENT}))
            is_open.clear()
            if waits:
                is_open.add(_CONTENT)
                self._stop = event
                return None
        elif kind == "content_block_start":
            own = [(0, delta.field) for delta in event.deltas]
            begun = {key for key in own if grows(key[1])}
            if _kind_of_block(tree) == "text":
                begun.add(_CONTENT)
            event.ends = (*sorted(is_open - begun), *(key for key in own if key[1].startswith(TOOL_NAME)))
            self._open = begun
        elif kind != "ping":
            event.ends = (*sorted(is_open), *(key for key in growing(event.deltas) if key not in is_open))
            is_open.clear()
        return event

    def _read_parts(self, tree: Json, event: Event) -> None:
        message, block, delta, usage = (tree.get(key) for key in ("message", "content_block", "delta", "usage"))
        index = tree.get("index")
        read: list[str] = []
        if type(message) is dict:
            read_message(message, event, stored=self._stored)
            read.append("message")
            if "usage" in message:
                event.usage = self._usage(message["usage"])
        if type(block) is dict:
            read_block(event, index if type(index) is int else 0, block)
            read.append("content_block")
        if type(delta) is dict:
            read.append("delta")
            for key in delta:
                if key == "stop_reason":
                    _read_stop(event, delta)
                else:
                    collect(event.deltas, 0, "other", delta, key)
                    collect_key(event.deltas, 0, delta, key)
        if usage is not None:
            event.usage = self._usage(usage)
            read.append("usage")
            collect(event.deltas, 0, "other", tree, "usage", FIGURES)
        self._read_rest(tree, event, read)

    def _usage(self, usage: Any) -> Usage | None:
        """A figure that is said anew replaces its own kind only: the prompt is the sum of three of them, and not every
        event names all three."""
        if type(usage) is not dict:
            return None
        for name in _REPORTED:
            value = usage.get(name)
            if type(value) is dict or count(value) is not None:
                self._reported[name] = value
        return read_usage(self._reported)

    def _read_rest(self, tree: Json, event: Event, read: Any) -> None:
        for key, value in tree.items():
            if key == "type" and type(value) is str:
                self.envelope.read(event.deltas, tree, key, value)
            elif key not in read and (key != "index" or type(value) is not int or is_too_large(value)):
                collect(event.deltas, 0, "other", tree, key)
                collect_key(event.deltas, 0, tree, key)

    def _failed(self, tree: Json, event: Event) -> Event:
        """The upstream's own error in mid-stream: rendered anew, then the stream counts as broken off."""
        error = error_in(tree, "the model server reported an error")
        event.name = "error"
        event.data = {"type": "error", "error": {"type": error.type or "api_error", "message": error.message}}
        event.finish = "error"
        collect(event.deltas, 0, "error", event.data, "error")
        self.fail_with(ReplyInvalid("the model server reported an error in mid-stream"))
        return event
