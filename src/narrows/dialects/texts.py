"""Collects the texts of a reply as deltas, each with the place that takes it back. `fields` names them.

A number is a text, too, wherever no API says that a number belongs there: a card is `4111111111111111` as well as
`"4111111111111111"`. Changed, it becomes a string; unchanged, it stays as it was. Where the API has a number, it is one
only if no such figure is so large. A long list of nothing but numbers is one text, its source.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from narrows.dialects.fields import ENVELOPE_TEXT, NUMBER
from narrows.model.names import named
from narrows.model.reply import Delta
from narrows.model.text import Opaque
from narrows.model.usage import Usage

LARGEST_FIGURE: Final = 10**13
"""No count, index or time of an API is larger: times in milliseconds have thirteen digits."""

LONG: Final = 16
"""Numbers of a list that are texts one by one."""

_HOLDERS: Final = frozenset({"content", "text", "value"})
"""Of the API's names those whose value goes by the name of what holds it."""

_NUMBERS: Final = frozenset({int, float, Raw})
_PLAIN: Final = frozenset({int, float})
_encode: Final = msgspec.json.Encoder().encode

API_KEYS: Final = frozenset(
    {
        "accepted_prediction_tokens", "annotations", "arguments", "audio", "audio_tokens", "bytes", "cache_creation",
        "cache_creation_input_tokens", "cache_n", "cache_read_input_tokens", "cache_write_tokens", "cached_tokens",
        "citations", "cited_text", "code", "completion_tokens", "completion_tokens_details", "content", "description",
        "details", "document_index", "document_title", "effort", "end_char_index", "end_index", "enum",
        "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens", "error", "file_id", "filename", "format", "function",
        "generate_summary", "id", "index", "input", "input_tokens", "input_tokens_details", "items", "logprob",
        "logprobs", "message", "mode", "name", "object", "offset", "output", "output_tokens", "output_tokens_details",
        "param", "parameters", "predicted_ms", "predicted_n", "predicted_per_second", "predicted_per_token_ms",
        "prompt_ms", "prompt_n", "prompt_per_second", "prompt_per_token_ms", "prompt_tokens", "prompt_tokens_details",
        "properties", "reason", "reasoning", "reasoning_tokens", "rejected_prediction_tokens", "required", "role",
        "schema", "server_tool_use", "service_tier", "start_char_index", "start_index", "status", "strict", "summary",
        "text", "text_offset", "thinking_tokens", "title", "token", "token_logprobs", "tokens", "tool_usage",
        "top_logprobs", "total_tokens", "type", "url", "usage", "value", "verbosity", "web_fetch_requests",
        "web_search_requests",
    }
)  # fmt: skip
"""Names that the APIs themselves give to members; nobody's secret is spelled like one."""

FIGURES: Final = frozenset(
    {
        "accepted_prediction_tokens", "audio_tokens", "cache_creation_input_tokens", "cache_n",
        "cache_read_input_tokens", "cache_write_tokens", "cached_tokens", "completion_time", "completion_tokens",
        "created", "document_index", "end_block_index", "end_char_index", "end_index", "end_page_number",
        "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens", "index", "input_tokens", "output_tokens",
        "predicted_ms", "predicted_n", "predicted_per_second", "predicted_per_token_ms", "prompt_ms", "prompt_n",
        "prompt_per_second", "prompt_per_token_ms", "prompt_time", "prompt_tokens", "queue_time", "reasoning_tokens",
        "rejected_prediction_tokens", "search_result_index", "start_block_index", "start_char_index", "start_index",
        "start_page_number", "thinking_tokens", "total_time", "total_tokens", "web_fetch_requests",
        "web_search_requests",
    }
)  # fmt: skip
"""Of these the numbers, where an API has usage, timings or citations."""

_FIGURED: Final = FIGURES & API_KEYS
_INTEGERS: Final = frozenset({int})

MEMBERS: Final = frozenset(
    {
        "action", "annotation", "annotation_index", "background", "billing", "call_id", "caller", "choices", "citation",
        "completed_at", "container", "container_id", "content_block", "content_filter_results", "content_index",
        "context_management", "conversation", "created", "created_at", "data", "delta", "embedding",
        "encrypted_content", "expires_at", "finish_reason", "frequency_penalty", "function_call", "images",
        "incomplete_details", "instructions", "is_error", "item", "item_id", "max_output_tokens", "max_tool_calls",
        "metadata", "model", "moderation", "native_finish_reason", "obfuscation", "output_index", "outputs",
        "parallel_tool_calls", "part", "partial_json", "phase", "presence_penalty", "previous_response_id", "prompt",
        "prompt_cache_key", "prompt_cache_retention", "prompt_filter_results", "prompt_logprobs", "prompt_token_ids",
        "provider", "queries", "reasoning_content", "reasoning_details", "refusal", "response", "result", "results",
        "safety_identifier", "sequence_number", "signature", "source", "stop_details", "stop_reason", "stop_sequence",
        "store", "summary_index", "system_fingerprint", "temperature", "thinking", "timings", "token_ids",
        "tool_calls", "tool_choice", "tool_use_id", "tools", "top_p", "transcript", "truncation", "user", "x_groq",
    }
)  # fmt: skip
"""Further names of members in replies, where the APIs name the members."""


class Keys:
    """The place of an object's keys: setting one renames it where it stands. Two that are named alike get numbers
    (`[EMAIL_ADDRESS]`, `[EMAIL_ADDRESS]_2`), so that no member is lost. Deltas whose place is a member that is renamed
    find it under its new name."""

    __slots__ = ("_deltas", "_names", "_tree")

    def __init__(self, tree: dict[str, Any], deltas: Sequence[Delta] = ()) -> None:
        self._tree = tree
        self._deltas = deltas
        self._names: dict[str, tuple[str, str]] = {}

    def __setitem__(self, key: str, text: str) -> None:
        first = key
        known, key = self._names.get(key, (key, key))  # What was asked for last, and what it is called since.
        if text == known:
            return
        name, count = text, 1
        while name in self._tree:
            count += 1
            name = f"{text}_{count}"
        members = list(self._tree.items())
        self._tree.clear()
        self._tree.update((name if member == key else member, value) for member, value in members)
        self._names[first] = (text, name)
        for delta in self._deltas:
            if delta.container is self._tree and delta.key == key:
                delta.key = name


class Number:
    """The place of a number."""

    __slots__ = ("_literal", "holder")

    def __init__(self, holder: Any, literal: str) -> None:
        self.holder = holder
        self._literal = literal

    def __setitem__(self, key: Any, text: str) -> None:
        if text != self._literal:
            self.holder[key] = text


class Source:
    """The place of a list or an object that is a text as a whole: its JSON source. Members that become alike get
    numbers, so that none is lost."""

    __slots__ = ("_container", "_source")

    def __init__(self, container: Any, source: str) -> None:
        self._container = container
        self._source = source

    def __setitem__(self, key: Any, text: str) -> None:
        if text != self._source:
            try:
                self._container[key] = _DECODER.decode(text)
            except ValueError:
                self._container[key] = text


def _apart(members: list[tuple[str, Any]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in members:
        name, count = key, 1
        while name in tree:
            count += 1
            name = f"{key}_{count}"
        tree[name] = value
    return tree


def _literally(literal: str) -> Raw:
    return Raw(literal)


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_apart, parse_float=_literally, parse_int=_literally)


def literal(value: Any) -> str:
    """A number as JSON spells it."""
    kind = type(value)
    return str(value) if kind is int else bytes(value).decode() if kind is Raw else _encode(value).decode()


def is_number(value: Any) -> bool:
    return type(value) in _NUMBERS


def is_too_large(value: Any) -> bool:
    """Whether a number is none of the API's figures, though it stands where one belongs."""
    return type(value) is int and value >= LARGEST_FIGURE


def is_vector(value: list[Any]) -> bool:
    """Whether a list holds nothing but numbers that an API's figures can be; C speed, as vectors are long."""
    kinds = {*map(type, value)}
    return kinds <= _PLAIN and (int not in kinds or max(map(abs, value)) < LARGEST_FIGURE)


def is_long(value: list[Any]) -> bool:
    """Whether a list is a long one of nothing but numbers; C speed, as vectors are long."""
    return len(value) > LONG and type(value[0]) in _NUMBERS and _NUMBERS.issuperset(map(type, value))


def holds_figures(members: dict[str, Any]) -> bool:
    """Whether an object is nothing but figures where an API has usage: `collect` would find no text in it. C speed, as
    every reply has one."""
    return (
        _FIGURED.issuperset(members)
        and _INTEGERS.issuperset(map(type, members.values()))
        and max(members.values(), default=0) < LARGEST_FIGURE
    )


def collect_source(deltas: list[Delta], choice: int, field: str, container: Any, key: Any) -> None:
    """What a call passes as an object already, as the source it would have in a stream; nothing where it is empty."""
    value = container[key]
    if value or type(value) in _NUMBERS:
        source = _encode(value).decode()
        deltas.append(Delta(choice, field, source, Source(container, source), key))


def collect(
    deltas: list[Delta],
    choice: int,
    field: str,
    container: Any,
    key: Any,
    figures: frozenset[str] | None = frozenset(),
    above: str = "",
) -> None:
    """Every string and number below `container[key]`, and every key of its objects that is no word of the APIs. A value
    comes before its key, so that it is put back before the key may change. `figures` are members in which the API has
    numbers here, None for all; `above` is the name of what the value is in."""
    value = container[key]
    kind = type(value)
    if kind is str:
        if value:
            deltas.append(Delta(choice, field, value, container, key, _name(key, above)))
    elif kind is list:
        if (figures is None or key in figures) and is_vector(value):
            return
        name = _name(key, above)
        if is_long(value):
            source = _encode(value).decode()
            deltas.append(Delta(choice, NUMBER + field, source, Source(container, source), key, name))
            return
        for index in range(len(value)):
            collect(deltas, choice, field, value, index, figures, name)
    elif kind is dict:
        name = _name(key, above)
        for inner, item in value.items():
            if type(item) is int and item < LARGEST_FIGURE and (figures is None or inner in figures):
                continue  # A figure where the API has one; every reply has some in its usage.
            collect(deltas, choice, field, value, inner, figures, name)
        if not value.keys() <= API_KEYS:
            slot = Keys(value, deltas)
            deltas += [Delta(choice, field, name, slot, name) for name in value if name and name not in API_KEYS]
    elif kind in _NUMBERS and ((figures is not None and key not in figures) or is_too_large(value)):
        text = literal(value)
        deltas.append(Delta(choice, NUMBER + field, text, Number(container, text), key, _name(key, above)))


def _name(key: Any, above: str) -> str:
    """What a value is called."""
    if type(key) is not str:
        return above
    if key in API_KEYS:
        return above if key in _HOLDERS else ""
    return named(key, above)


def collect_key(deltas: list[Delta], choice: int, tree: dict[str, Any], key: str) -> None:
    """The name of a member in an object of an API, where it is none that the API gives."""
    if key and key not in API_KEYS and key not in MEMBERS:
        deltas.append(Delta(choice, ENVELOPE_TEXT, key, Keys(tree, deltas), key))


def blob(path: str, media_type: str, data: str) -> Opaque:
    """A part that nobody can inspect, by hash and size: of the bytes, where it is base64 or a `data:` URL."""
    if data[:5].lower() == "data:":
        head, _, data = data[5:].partition(",")
        media_type = head.partition(";")[0]
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        content = data.encode("utf-8", "replace")
    return Opaque(path, media_type[:128], hashlib.sha256(content).hexdigest(), len(content))


class Token:
    """The place of a token in log probabilities: its bytes stand beside it, and go where it is changed."""

    __slots__ = ("_entry",)

    def __init__(self, entry: dict[str, Any]) -> None:
        self._entry = entry

    def __setitem__(self, key: str, text: str) -> None:
        if self._entry[key] != text:
            self._entry[key] = text
            self._entry["bytes"] = []


def collect_logprobs(deltas: list[Delta], choice: int, field: str, container: Any, key: Any) -> None:
    """The same of log probabilities, which repeat the tokens of a text, as strings and as bytes."""
    start = len(deltas)
    collect(deltas, choice, field, container, key, None)
    for delta in deltas[start:]:
        if delta.key == "token" and type(delta.container) is dict and delta.container.get("bytes"):
            delta.container = Token(delta.container)


def put_back(deltas: list[Delta]) -> None:
    """Writes the texts the deltas have now to where they came from."""
    for delta in deltas:
        delta.container[delta.key] = delta.text


def figure(tree: Any, name: str, inner: str | None = None) -> int | None:
    """A count at a member, or at a member of it; None where there is none."""
    value = tree.get(name) if type(tree) is dict else None
    if inner is not None:
        value = value.get(inner) if type(value) is dict else None
    return count(value)


def count(value: Any) -> int | None:
    """A count of tokens. What is negative, no whole number, or larger than any figure of an API, says nothing."""
    return value if type(value) is int and 0 <= value < LARGEST_FIGURE else None


def openai_usage(usage: Any) -> Usage | None:
    """Usage in either of OpenAI's two wordings (chat's and responses'). Some compatible servers leave reasoning out of
    the output's figure, and only the total holds it: what is not the prompt is output."""
    if type(usage) is not dict:
        return None
    if "input_tokens" in usage and "prompt_tokens" not in usage:
        prompt, completion = count(usage["input_tokens"]), count(usage.get("output_tokens"))
        read, written = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    else:
        prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
        read, written = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    total = usage.get("total_tokens")
    if prompt is not None and completion is not None and type(total) is int and prompt + completion < total:
        completion = completion if count(total) is None else total - prompt
    if not read and not written:
        return Usage(prompt, completion)
    return Usage(
        prompt,
        completion,
        figure(read, "cached_tokens"),
        figure(written, "reasoning_tokens"),
        figure(read, "cache_write_tokens"),
        figure(read, "audio_tokens"),
        figure(written, "audio_tokens"),
    )
