"""Tool definitions: the caller's own, and those that the server runs."""

import typing
from typing import Any

import openai
import pytest

from narrows.dialects.openai.definitions import read_tools
from narrows.dialects.reading import Invalid, Reading
from narrows.model.text import Role
from unit.dialects.payloads import FUNCTION


def read(tool: Any, *, responses: bool = False) -> Reading:
    reading = Reading()
    read_tools(reading, [tool], "$.tools", responses=responses)
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


RUN_BY_THE_CALLER: list[dict[str, Any]] = [
    {"type": "function", "name": "f", "parameters": {}},
    {"type": "custom", "name": "c"},
    {"type": "local_shell"},
    {"type": "apply_patch"},
    {"type": "computer"},
    {"type": "computer_use_preview", "display_width": 1, "display_height": 1, "environment": "browser"},
    {"type": "shell", "environment": {"type": "local"}},
    {"type": "tool_search", "execution": "client"},
    {"type": "namespace", "name": "crm", "description": "d", "tools": [{"type": "function", "name": "f"}]},
    {"type": "namespace", "name": "crm", "description": "d", "tools": []},
]
RUN_BY_THE_PROVIDER: list[dict[str, Any]] = [
    {"type": "file_search"},
    {"type": "web_search"},
    {"type": "web_search_preview"},
    {"type": "mcp", "server_label": "x", "server_url": "https://x"},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "programmatic_tool_calling"},
    {"type": "image_generation"},
    {"type": "shell"},
    {"type": "shell", "environment": None},
    {"type": "shell", "environment": {"type": "container_auto"}},
    {"type": "shell", "environment": {}},
    {"type": "tool_search"},
    {"type": "tool_search", "execution": "server"},
    {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "f"}, {"type": "web_search"}]},
    {"type": "namespace", "name": "crm", "tools": [{"type": "namespace", "tools": [{"type": "mcp"}]}]},
    {"type": "namespace", "name": "crm", "tools": "x"},
    {"type": "anything new"},
    {"type": ["function"]},
    {},
]


@pytest.mark.parametrize("tool", RUN_BY_THE_CALLER, ids=str)
def test_in_responses_the_caller_runs_more_than_functions(tool: dict[str, Any]) -> None:
    assert not read(tool, responses=True).parameters


@pytest.mark.parametrize("tool", RUN_BY_THE_PROVIDER, ids=str)
def test_in_responses_the_provider_runs_the_rest(tool: dict[str, Any]) -> None:
    assert read(tool, responses=True).parameters == {"server_tools"}


def test_every_tool_of_the_official_sdk_is_in_one_of_the_tables() -> None:
    definitions = typing.get_args(openai.types.responses.ToolParam)
    kinds = {word for each in definitions for word in words(typing.get_type_hints(each)["type"])}
    known = [tool.get("type") for tool in (*RUN_BY_THE_CALLER, *RUN_BY_THE_PROVIDER)]
    dated = {"web_search_2025_08_26", "web_search_preview_2025_03_11"}
    assert {kind for kind in kinds if kind not in known} == dated


def words(hint: Any) -> set[str]:
    """The words of an annotation's literals."""
    if typing.get_origin(hint) is typing.Literal:
        return set(typing.get_args(hint))
    return {word for inner in typing.get_args(hint) for word in words(inner)}


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "Tools": []},
        {"type": "shell", "environment": {"type": "local", "Type": "container_auto"}},
        {"type": "namespace", "tools": [{"Type": "mcp"}]},
        {"type": "namespace", "tools": ["x"]},
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(tool: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read(tool, responses=True)


def test_the_texts_of_a_group_keep_their_places() -> None:
    inner = {"type": "function", "name": "find"}
    reading = read({"type": "namespace", "name": "crm", "tools": [inner]}, responses=True)
    texts = {text.path: text.value for text in reading.texts}
    assert texts == {"$.tools[0].name": "crm", "$.tools[0].tools[0].name": "find"}


def test_the_callers_own() -> None:
    assert not read({"type": "custom", "custom": {"name": "x"}}).parameters
    assert not read({"function": {"name": "x"}}).parameters
