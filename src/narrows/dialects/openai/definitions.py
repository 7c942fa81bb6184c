"""Tool definitions of OpenAI's APIs. A tool that the server runs widens a call; functions run at the caller's.

Which is which: OpenAI's guides to each tool. What no guide names counts as run by the server.
"""

from typing import Any, Final

from narrows.dialects.reading import Invalid, Reading
from narrows.dialects.server_tools import read_server_tool
from narrows.dialects.strict_json import case_variant
from narrows.model.call import Json
from narrows.model.text import Role

CALLER_RUN: Final = frozenset({"function", "custom"})
"""Kinds that run at the caller's, in every API."""

RESPONSES_RUN: Final = CALLER_RUN | {"local_shell", "apply_patch", "computer", "computer_use_preview"}
"""The same in the responses API, beside `shell` and `tool_search` where they say so."""

_GOVERNED: Final = frozenset({"type", "function", "custom", "name", "tools", "environment", "execution", "model"})


def read_tools(
    reading: Reading, tools: list[Any], path: str, role: Role = Role.TOOL_DEFINITION, *, responses: bool = False
) -> None:
    """Texts of every definition; any kind but the caller's own is a `server_tools` parameter. Raises Invalid."""
    for index, tool in enumerate(tools):
        place = f"{path}[{index}]"
        if type(tool) is not dict:
            raise Invalid(place, "must be an object")
        _check_spelling(tool, place)
        kind = tool.get("type")
        if responses and kind == "namespace" and type(tool.get("tools")) is list:
            # A group of definitions under one name; each counts for itself.
            reading.schema(role, place, {key: value for key, value in tool.items() if key not in ("tools", "type")})
            read_tools(reading, tool["tools"], f"{place}.tools", role, responses=True)
        elif _runs_at_the_caller(tool, kind, place, responses=responses):
            reading.schema(role, place, tool)
        else:
            read_server_tool(reading, tool, place)


def _check_spelling(members: Json, place: str) -> None:
    variant = case_variant(members, _GOVERNED)
    if variant is not None:
        raise Invalid(f"{place}.{variant}", f"must be written {variant.casefold()!r}")


def _runs_at_the_caller(tool: Json, kind: Any, place: str, *, responses: bool) -> bool:
    if kind is None:
        return type(tool.get("function")) is dict
    if type(kind) is not str:
        return False
    if not responses:
        return kind in CALLER_RUN
    if kind == "shell":
        # Hosted in a container unless it says `local`.
        environment = tool.get("environment")
        if type(environment) is not dict:
            return False
        _check_spelling(environment, f"{place}.environment")
        return environment.get("type") == "local"
    if kind == "tool_search":
        return tool.get("execution") == "client"
    return kind in RESPONSES_RUN
