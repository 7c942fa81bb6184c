"""Collects the texts of a reply as deltas, each with the place that takes it back. `fields` names them."""

from types import NoneType
from typing import Any, Final

from msgspec import Raw

from narrows.model.reply import Delta
from narrows.model.usage import Usage

_NO_TEXT: Final = frozenset({int, bool, float, Raw, NoneType})

API_KEYS: Final = frozenset(
    {
        "accepted_prediction_tokens", "annotations", "arguments", "audio", "audio_tokens", "bytes", "cache_creation",
        "cache_creation_input_tokens", "cache_n", "cache_read_input_tokens", "cached_tokens", "citations",
        "cited_text", "code", "completion_tokens", "completion_tokens_details", "content", "description", "details",
        "document_index", "document_title", "effort", "end_char_index", "end_index", "enum",
        "ephemeral_1h_input_tokens",
        "ephemeral_5m_input_tokens", "error", "file_id", "filename", "format", "function", "generate_summary", "id",
        "index", "input", "input_tokens", "input_tokens_details", "items", "logprob", "logprobs", "message", "mode",
        "name", "object", "offset", "output", "output_tokens", "output_tokens_details", "param", "parameters",
        "predicted_ms", "predicted_n", "predicted_per_second", "predicted_per_token_ms", "prompt_ms", "prompt_n",
        "prompt_per_second", "prompt_per_token_ms", "prompt_tokens", "prompt_tokens_details", "properties", "reason",
        "reasoning", "reasoning_tokens", "rejected_prediction_tokens", "required", "role", "schema", "server_tool_use",
        "service_tier", "start_char_index", "start_index", "status", "strict", "summary", "text", "text_offset",
        "title", "token", "token_logprobs", "tokens", "tool_usage", "top_logprobs", "total_tokens", "type", "url",
        "usage", "value", "verbosity", "web_fetch_requests", "web_search_requests",
    }
)  # fmt: skip
"""Names that the APIs themselves give to members; nobody's secret is spelled like one."""


class Keys:
    """The place of an object's keys: setting one renames it where it stands. Two that are named alike get numbers
    (`[EMAIL_ADDRESS]`, `[EMAIL_ADDRESS]_2`), so that no member is lost."""

    __slots__ = ("_tree",)

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree

    def __setitem__(self, key: str, text: str) -> None:
        if text == key:
            return
        name, count = text, 1
        while name in self._tree:
            count += 1
            name = f"{text}_{count}"
        members = list(self._tree.items())
        self._tree.clear()
        self._tree.update((name if known == key else known, value) for known, value in members)


def collect(deltas: list[Delta], choice: int, field: str, container: Any, key: Any) -> None:
    """Every string below `container[key]`, and every key of its objects that is no word of the APIs. A value comes
    before its key, so that it is put back before the key may change."""
    value = container[key]
    if type(value) is str:
        if value:
            deltas.append(Delta(choice, field, value, container, key))
    elif type(value) is list:
        for index in range(len(value)):
            collect(deltas, choice, field, value, index)
    elif type(value) is dict:
        for name, inner in value.items():
            if type(inner) not in _NO_TEXT:
                collect(deltas, choice, field, value, name)
        if not value.keys() <= API_KEYS:
            slot = Keys(value)
            deltas += [Delta(choice, field, name, slot, name) for name in value if name and name not in API_KEYS]


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
    collect(deltas, choice, field, container, key)
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
    return _count(value)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def openai_usage(usage: Any) -> Usage | None:
    """Usage in either of OpenAI's two wordings (chat's and responses')."""
    if type(usage) is not dict:
        return None
    if "input_tokens" in usage and "prompt_tokens" not in usage:
        return Usage(
            figure(usage, "input_tokens"),
            figure(usage, "output_tokens"),
            figure(usage, "input_tokens_details", "cached_tokens"),
            figure(usage, "output_tokens_details", "reasoning_tokens"),
        )
    return Usage(
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        figure(usage, "prompt_tokens_details", "cached_tokens") if "prompt_tokens_details" in usage else None,
        figure(usage, "completion_tokens_details", "reasoning_tokens")
        if "completion_tokens_details" in usage
        else None,
    )
