"""Requests of `POST /v1/messages` and `POST /v1/messages/count_tokens`.

Which tools run at the caller's and which at the provider's: the tool reference of Anthropic's documentation.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from narrows.dialects import governed
from narrows.dialects.cap_fields import set_cap
from narrows.dialects.messages import read_messages
from narrows.dialects.numbers import API_NUMBERS
from narrows.dialects.pieces import assemble
from narrows.dialects.reading import Invalid, Reading
from narrows.dialects.server_tools import read_server_tool
from narrows.dialects.strict_json import case_variant
from narrows.model.call import Asked, Json
from narrows.model.path import child
from narrows.model.text import Role
from narrows.ports.dialect import Forward

OPERATION: Final = "chat"
COUNT: Final = "count_tokens"
SPLIT: Final = ("system", "messages", "tools")
KEEP: Final = frozenset({"model", "stream", "thinking", "fallbacks", *governed.CAP_ALIASES})
LEAST_THINKING: Final = 1024
"""The smallest `budget_tokens` that the API takes."""

_READ: Final = frozenset({"system", "messages", "tools", "mcp_servers", "container", "thread", *KEEP})
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "service_tier": frozenset({"auto", "standard_only"}),
    "speed": frozenset({"standard", "fast"}),
}
_CALLER_RUN: Final = re.compile(
    r"custom|(?:bash|text_editor|computer|memory|computer_toolset|browser_toolset)_[0-9]{8}"
)
"""Tools that run at the caller's: its own, and those of which Anthropic defines the shape only."""

_CALLERS: Final = frozenset({"metadata", "speed", "service_tier"})
_GOVERNED_IN_TOOLS: Final = frozenset({"type", "name", "input_schema", "model"})
_THINKING: Final = frozenset({"enabled", "disabled", "adaptive", "between_tools"})
_RARE: Final = frozenset({"mcp_servers", "container", "fallbacks", "thread", "thinking"})


def read(operation: str, body: Json) -> Asked:
    """What the body asks. Raises Refused."""
    reading = Reading(_read_tool)
    model = governed.model(body)
    stream = governed.flag(body, "stream")
    reading.content(Role.SYSTEM, "$.system", body.get("system"))
    read_messages(reading, governed.members(body, "messages"))
    for index, tool in enumerate(governed.optional_members(body, "tools")):
        _read_tool(reading, tool, f"$.tools[{index}]")
    if not _RARE.isdisjoint(body):
        _read_rare(reading, body)
    reading.unread(body, _READ, _WORDS)
    cap = governed.output_cap(body, least=0)
    user = tier = None
    if not _CALLERS.isdisjoint(body):
        metadata = body.get("metadata")
        user = governed.end_user(metadata, "user_id") if type(metadata) is dict else None
        tier = governed.tier(body, "speed", "service_tier")
    return reading.asked(operation, model, body, stream, cap, wants_usage=True, end_user=user, tier=tier)


def forward(asked: Asked, model: str | None, cap: int | None) -> Forward:
    """The body to send. A thinking budget that the cap leaves no room for is cut, or thinking is switched off."""
    body = dict(asked.body)
    if model is not None:
        body["model"] = model
    if cap is not None and asked.operation == OPERATION:
        cap = cap if asked.output_cap is None else min(cap, asked.output_cap)
        set_cap(body, "max_tokens", cap)
        _cap_thinking(body, cap)
        if type(body.get("fallbacks")) is list:
            body["fallbacks"] = [_capped(attempt, cap) for attempt in body["fallbacks"]]
    return assemble(body, SPLIT)


def _capped(attempt: Any, cap: int) -> Any:
    """One attempt with another model, which may state a cap and a thinking budget of its own."""
    if type(attempt) is not dict:
        return attempt
    attempt = dict(attempt)
    own = attempt.get("max_tokens")
    if own is not None:
        cap = own = min(own, cap) if type(own) is int else cap
        attempt["max_tokens"] = own
    _cap_thinking(attempt, cap)
    return attempt


def _cap_thinking(body: Json, cap: int) -> None:
    thinking = body.get("thinking")
    if type(thinking) is dict and _budget(thinking) >= cap:
        body["thinking"] = _thinking_below(thinking, cap)


def _budget(thinking: Json) -> int:
    budget = thinking.get("budget_tokens")
    return budget if type(budget) is int else 0


def _thinking_below(thinking: Json, cap: int) -> Json:
    if cap <= LEAST_THINKING:
        return {"type": "disabled"}
    return {**thinking, "budget_tokens": cap - 1}


def _read_thinking(reading: Reading, body: Json) -> None:
    thinking = governed.section(body, "thinking")
    budget = thinking.get("budget_tokens")
    if budget is not None and (type(budget) is not int or budget < 1):
        raise Invalid("$.thinking.budget_tokens", "must be a positive integer")
    for key, value in thinking.items():
        if key != "type" or value not in _THINKING:
            reading.strings(Role.USER, child("$.thinking", key), value, numbers=key not in API_NUMBERS)


def _read_rare(reading: Reading, body: Json) -> None:
    """Members that few requests have: what widens a call, and thinking."""
    for name in ("mcp_servers", "container"):
        if body.get(name) not in (None, []):
            reading.parameters.add("server_tools")
            reading.strings(Role.USER, f"$.{name}", body[name])
    container = body.get("container")
    if type(container) is str or (type(container) is dict and container.get("id") is not None):
        reading.parameters.add("stored_files")
    if body.get("fallbacks") not in (None, []):
        reading.parameters.add("models")
        reading.strings(Role.USER, "$.fallbacks", body["fallbacks"])
    if body.get("thread") is not None:
        _read_thread(reading, governed.section(body, "thread"))
    if "thinking" in body:
        _read_thinking(reading, body)


def _read_thread(reading: Reading, thread: Json) -> None:
    """State that the provider keeps between calls, under the id of a reply."""
    reading.parameters.add("store")
    previous = thread.get("previous_message_id")
    if type(previous) is str:
        reading.references.append(previous)
    elif previous is not None:
        raise Invalid("$.thread.previous_message_id", "must be a string")
    reading.options("$.thread", {key: thread[key] for key in thread if key != "previous_message_id"})


def _read_tool(reading: Reading, tool: Any, place: str) -> None:
    """Texts of a definition; any type but the caller's own is a `server_tools` parameter. Raises Invalid."""
    if type(tool) is not dict:
        raise Invalid(place, "must be an object")
    variant = case_variant(tool, _GOVERNED_IN_TOOLS)
    if variant is not None:
        raise Invalid(f"{place}.{variant}", f"must be written {variant.casefold()!r}")
    kind = tool.get("type")
    if kind is None or (type(kind) is str and _CALLER_RUN.fullmatch(kind) is not None):
        reading.schema(Role.TOOL_DEFINITION, place, tool)
    else:
        read_server_tool(reading, tool, place)
