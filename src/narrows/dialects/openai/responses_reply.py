"""Replies of the responses API: a whole response, its items and their parts, wherever they stand.

What stands in a place of repetitions is named `repeat:<field>`; what a response repeats of its request, `repeat:echo`.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from narrows.dialects.envelope import collect_word
from narrows.dialects.fields import TOOL_NAME
from narrows.dialects.openai.responses import is_name_alone
from narrows.dialects.reply_media import collect_media, read_blob
from narrows.dialects.texts import FIGURES, collect, collect_key, collect_logprobs, collect_source, openai_usage
from narrows.model.call import Json
from narrows.model.reply import Delta, Event
from narrows.ports.dialect import ReplyInvalid

ENVELOPE: Final = frozenset(
    {
        "id", "object", "model", "type", "status", "role", "item_id", "call_id", "service_tier", "obfuscation",
        "previous_response_id", "truncation",
    }
)  # fmt: skip

WORDS: Final = frozenset(
    {
        "assistant", "auto", "cancelled", "code_interpreter_call", "completed", "computer_call", "custom_tool_call",
        "default", "developer", "disabled", "failed", "file_search_call", "flex", "function_call",
        "function_call_output", "image_generation_call", "in_progress", "incomplete", "interpreting",
        "local_shell_call", "mcp_approval_request", "mcp_call", "mcp_list_tools", "message", "output_text", "priority",
        "queued", "reasoning", "reasoning_text", "refusal", "response", "scale", "searching", "summary_text", "system",
        "text", "user", "web_search_call",
    }
)  # fmt: skip
"""What stands in the envelope of nearly every reply."""

_PARAMETERS: Final = FIGURES | frozenset(
    {
        "background", "completed_at", "created_at", "frequency_penalty", "max_output_tokens", "max_tool_calls",
        "presence_penalty", "temperature", "top_logprobs", "top_p",
    }
)  # fmt: skip
"""Members of a response in which it has numbers."""

_COUNTED: Final = frozenset({"usage", "annotations", "annotation"})
_PART_FIELDS: Final = {
    "output_text": "content",
    "text": "content",
    "refusal": "refusal",
    "reasoning_text": "reasoning",
    "summary_text": "reasoning",
}
_ECHO: Final = frozenset(
    {
        "instructions", "tools", "tool_choice", "text", "reasoning", "metadata", "user", "prompt", "prompt_cache_key",
        "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "conversation", "context_management",
        "include", "stop",
    }
)  # fmt: skip
"""Members of a response in which the request stands again."""

REPEAT: Final = "repeat:"
MOST_KEPT: Final = 256
"""Ids of one reply's items that a later call may refer to."""

OF_ITEMS: Final = {"encrypted_content": "signature", "annotations": "citations", "annotation": "citations"}
_NO_ITEM: Final = -1
"""Stands for the number of an item where a text belongs to none."""

Judge = Callable[[list[Delta], Any, int], None]
"""Takes deltas of one item, the item's id, and its index."""


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
                read_item(event, index, item, prefix)
                if judge is not None:
                    judge(deltas[start:], item.get("id"), index)
        elif type(value) is str and key in ENVELOPE:
            if value not in WORDS:
                collect_word(deltas, 0, tree, key)
        else:
            start = len(deltas)
            figures = _PARAMETERS if key in _PARAMETERS or key == "usage" else frozenset[str]()
            collect(deltas, 0, prefix + _field_of_response(key, prefix), tree, key, figures)
            if judge is not None:
                judge(deltas[start:], None, _NO_ITEM)
            collect_key(deltas, 0, tree, key)
    if type(tree.get("model")) is str:
        event.model = tree["model"]
    if type(tree.get("status")) is str:
        event.finish = tree["status"]
    event.usage = openai_usage(tree.get("usage"))
    if stored and type(tree.get("id")) is str:
        event.response_id = tree["id"]
    items = tree.get("output")
    kept = (kept_name(item, stored=stored) for item in items) if type(items) is list else ()
    return [name for name in kept if name is not None][:MOST_KEPT]


def _field_of_response(key: str, prefix: str) -> str:
    if key == "error":
        return "error"
    return "echo" if prefix and key in _ECHO else "other"


def kept_name(item: Json, *, stored: bool) -> str | None:
    """The id by which a later call may refer to an item: of all where the response is stored, else of those that stand
    for nothing but their id when they are sent back."""
    name = item.get("id")
    return name if type(name) is str and (stored or is_name_alone(item, item.get("type"))) else None


def read_item(event: Event, index: int, item: Json, prefix: str) -> None:
    """The texts of an output item: a message, reasoning, a call, or whatever else."""
    deltas = event.deltas
    reasoning = item.get("type") == "reasoning"
    for key, value in item.items():
        if key in ("content", "summary") and type(value) is list:
            for position, part in enumerate(value):
                if type(part) is dict:
                    read_part(event, part, f"{prefix}reasoning" if reasoning else "", prefix)
                else:
                    collect(deltas, 0, f"{prefix}other", value, position)
        elif key in ("arguments", "input"):
            read_passed(deltas, prefix + call_field(key, value, index), item, key)
        elif key == "name":
            collect(deltas, 0, f"{prefix}{TOOL_NAME}{index}", item, key)
        elif type(value) is str and key in ENVELOPE:
            if value not in WORDS:
                collect_word(deltas, 0, item, key)
        elif key == "outputs":
            collect_media(event, 0, item, key, key)
        elif key == "result" and type(value) is str and item.get("type") == "image_generation_call":
            read_blob(event, 0, item, key, "result")
        else:
            collect(deltas, 0, prefix + OF_ITEMS.get(key, "other"), item, key)
            collect_key(deltas, 0, item, key)


def read_passed(deltas: list[Delta], field: str, holder: Json, key: str) -> None:
    """What a call passes, as source or as an object."""
    if type(holder[key]) is str:
        collect(deltas, 0, field, holder, key)
    else:
        collect_source(deltas, 0, field, holder, key)


def call_field(kind: str, value: Any, index: int) -> str:
    """Where what a call passes belongs: arguments are the source of a JSON text, or an object; other input is text."""
    if type(value) is not str:
        return f"tool_call_input:{index}"
    return f"tool_call:{index}" if kind.endswith("arguments") else f"tool_call_text:{index}"


def read_part(event: Event, part: Json, field: str, prefix: str) -> None:
    """The texts of a content part; `field` overrides what its type says."""
    deltas = event.deltas
    said = part.get("type")
    kind = said if type(said) is str else ""
    named = field or prefix + _PART_FIELDS.get(kind, "other")
    for key, value in part.items():
        if key in ("text", "refusal"):
            collect(deltas, 0, named, part, key)
        elif key == "logprobs":
            collect_logprobs(deltas, 0, f"{prefix}logprobs", part, key)
        elif key != "type" or type(value) is not str or value not in _PART_FIELDS:
            if kind in _PART_FIELDS:
                figures = FIGURES if key in _COUNTED else frozenset[str]()
                collect(deltas, 0, prefix + OF_ITEMS.get(key, "other"), part, key, figures)
            else:
                collect_media(event, 0, part, key, "content")
            collect_key(deltas, 0, part, key)
