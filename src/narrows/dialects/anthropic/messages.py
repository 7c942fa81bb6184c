"""Requests of `POST /v1/messages` and `POST /v1/messages/count_tokens`."""

import re
from collections.abc import Mapping
from typing import Any, Final

from narrows.dialects import governed
from narrows.dialects.cap_fields import set_cap
from narrows.dialects.messages import read_messages
from narrows.dialects.pieces import assemble
from narrows.dialects.reading import Invalid, Reading
from narrows.dialects.strict_json import case_variant
from narrows.model.call import Asked, Json
from narrows.model.text import Role
from narrows.ports.dialect import Forward

OPERATION: Final = "chat"
COUNT: Final = "count_tokens"
SPLIT: Final = ("system", "messages", "tools")
KEEP: Final = frozenset({"model", "stream", "thinking", *governed.CAP_ALIASES})
LEAST_THINKING: Final = 1024
"""The smallest `budget_tokens` that the API takes."""

_READ: Final = frozenset({"system", "messages", "tools", "mcp_servers", "container", *KEEP})
_WORDS: Final[Mapping[str, frozenset[str]]] = {"service_tier": frozenset({"auto", "standard_only"})}
_CALLER_RUN: Final = re.compile(r"custom|(?:bash|text_editor|computer|memory)_[0-9]{8}")
"""Tools that run at the caller's: its own, and those of which Anthropic defines the shape only."""

_GOVERNED_IN_TOOLS: Final = frozenset({"type", "name", "input_schema"})


def read(operation: str, body: Json) -> Asked:
    """What the body asks. Raises Refused."""
    reading = Reading()
    model = governed.model(body)
    stream = governed.flag(body, "stream")
    reading.content(Role.SYSTEM, "$.system", body.get("system"))
    read_messages(reading, governed.members(body, "messages"))
    if "tools" in body:
        _read_tools(reading, governed.optional_members(body, "tools"))
    for name in ("mcp_servers", "container"):
        if body.get(name) not in (None, []):
            reading.parameters.add("server_tools")
            reading.strings(Role.USER, f"$.{name}", body[name])
    if "thinking" in body:
        _read_thinking(reading, body)
    reading.unread(body, _READ, _WORDS)
    return reading.asked(operation, model, body, stream=stream, output_cap=governed.output_cap(body), wants_usage=True)


def forward(asked: Asked, model: str | None, cap: int | None) -> Forward:
    """The body to send. A thinking budget that the cap leaves no room for is cut, or thinking is switched off."""
    body = dict(asked.body)
    if model is not None:
        body["model"] = model
    if cap is not None and asked.operation == OPERATION:
        cap = cap if asked.output_cap is None else min(cap, asked.output_cap)
        set_cap(body, "max_tokens", cap)
        thinking = body.get("thinking")
        if type(thinking) is dict and thinking.get("budget_tokens", 0) >= cap:
            body["thinking"] = _thinking_below(thinking, cap)
    return assemble(body, SPLIT)


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
        if key != "type" or value not in ("enabled", "disabled", "adaptive"):
            reading.strings(Role.USER, f"$.thinking.{key}", value)


def _read_tools(reading: Reading, tools: list[Any]) -> None:
    """Texts of every definition; any type but the caller's own is a `server_tools` parameter."""
    for index, tool in enumerate(tools):
        place = f"$.tools[{index}]"
        if type(tool) is not dict:
            raise Invalid(place, "must be an object")
        variant = case_variant(tool, _GOVERNED_IN_TOOLS)
        if variant is not None:
            raise Invalid(f"{place}.{variant}", f"must be written {variant.casefold()!r}")
        kind = tool.get("type")
        if kind is not None and (type(kind) is not str or _CALLER_RUN.fullmatch(kind) is None):
            reading.parameters.add("server_tools")
        reading.schema(Role.TOOL_DEFINITION, place, tool)
