"""Tool definitions: the caller's own, and those that the server runs."""

from typing import Any

import pytest

from narrows.dialects.openai.definitions import read_tools
from narrows.dialects.reading import Reading
from narrows.model.text import Role
from unit.dialects.payloads import FUNCTION


def read(tool: Any) -> Reading:
    reading = Reading()
    read_tools(reading, [tool], "$.tools")
    return reading


def test_a_function() -> None:
    reading = read(FUNCTION)
    assert not reading.parameters
    assert {text.role for text in reading.texts} == {Role.TOOL_DEFINITION}
    texts = {text.path: text.value for text in reading.texts}
    assert texts["$.tools[0].function.name"] == "get_weather"
    assert texts["$.tools[0].function.parameters.properties.city~"] == "city"
    assert texts["$.tools[0].function.parameters.properties.city.enum[1]"] == "Oslo"


@pytest.mark.parametrize(
    "kind",
    ["web_search", "web_search_preview", "file_search", "code_interpreter", "computer_use_preview", "image_generation",
     "mcp", "local_shell", "shell", "anything new", "Function", ""],
)  # fmt: skip
def test_whatever_the_server_runs_widens_the_call(kind: str) -> None:
    assert read({"type": kind}).parameters == {"server_tools"}


def test_the_callers_own() -> None:
    assert not read({"type": "custom", "custom": {"name": "x"}}).parameters
    assert not read({"function": {"name": "x"}}).parameters
