"""Tool definitions of OpenAI's APIs. A tool that the server runs widens a call; functions run at the caller's."""

from typing import Any, Final

from narrows.dialects.reading import Invalid, Reading
from narrows.dialects.strict_json import case_variant
from narrows.model.text import Role

CALLER_RUN: Final = frozenset({"function", "custom"})
_GOVERNED: Final = frozenset({"type", "function", "custom", "name"})


def read_tools(reading: Reading, tools: list[Any], path: str) -> None:
    """Texts of every definition; any type but the caller's own is a `server_tools` parameter. Raises Invalid."""
    for index, tool in enumerate(tools):
        place = f"{path}[{index}]"
        if type(tool) is not dict:
            raise Invalid(place, "must be an object")
        variant = case_variant(tool, _GOVERNED)
        if variant is not None:
            raise Invalid(f"{place}.{variant}", f"must be written {variant.casefold()!r}")
        kind = tool.get("type")
        if not (kind is None and type(tool.get("function")) is dict) and (
            type(kind) is not str or kind not in CALLER_RUN
        ):
            reading.parameters.add("server_tools")
        reading.schema(Role.TOOL_DEFINITION, place, tool)
