"""Requests of the responses API: items, references, and what is never let through."""

from typing import Any

import pytest

from narrows.model.refusal import Code
from narrows.model.text import Role
from narrows.model.verdict import Deny
from unit.dialects.payloads import RESPONSES, asked, read, sent


def body(**more: Any) -> dict[str, Any]:
    return {"model": "gpt-5", "input": "Hi", **more}


def test_a_full_request() -> None:
    result = asked("responses", RESPONSES)
    roles = {text.value: text.role for text in result.texts}
    assert roles["Be brief."] is Role.SYSTEM
    assert roles["What is this?"] is Role.USER
    assert roles["A dot"] is Role.ASSISTANT
    assert roles["Thought"] is Role.ASSISTANT
    assert roles["{}"] is Role.TOOL_CALL
    assert roles["Rain"] is Role.TOOL_RESULT
    assert roles["Sun"] is Role.TOOL_RESULT
    assert roles["Weather"] is Role.TOOL_DEFINITION
    assert len(result.opaque) == 2
    assert not result.parameters
    assert not result.references


@pytest.mark.parametrize(
    ("more", "references"),
    [
        ({"previous_response_id": "resp_1"}, ("resp_1",)),
        ({"conversation": "conv_1"}, ("conv_1",)),
        ({"conversation": {"id": "conv_1"}}, ("conv_1",)),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, ("msg_1",)),
        ({"input": [{"id": "msg_1"}]}, ("msg_1",)),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, ("rs_1",)),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gA"}]}, ()),
        ({"input": [{"type": "reasoning", "id": "rs_1", "content": [{"type": "reasoning_text", "text": "x"}]}]}, ()),
        ({"input": [{"type": "reasoning", "summary": []}]}, ()),
        ({"input": [{"type": "image_generation_call", "id": "ig_1"}]}, ("ig_1",)),
        ({"input": [{"type": "image_generation_call", "id": "ig_1", "result": "iVBO"}]}, ()),
        ({"previous_response_id": None, "conversation": None}, ()),
    ],
)
def test_references(more: dict[str, Any], references: tuple[str, ...]) -> None:
    assert asked("responses", body(**more)).references == references


@pytest.mark.parametrize(
    ("more", "parameters"),
    [
        ({"store": True}, {"store"}),
        ({}, set()),
        ({"prompt": {"id": "pmpt_1", "variables": {"x": "y"}}}, {"stored_prompt"}),
        ({"tools": [{"type": "web_search"}]}, {"server_tools"}),
        ({"tools": [{"type": "function", "name": "f"}]}, set()),
        ({"modalities": ["audio"]}, {"audio_output"}),
        ({"tools": [{"type": "local_shell"}, {"type": "apply_patch"}]}, set()),
        ({"input": [{"type": "additional_tools", "role": "developer", "tools": [{"type": "mcp"}]}]}, {"server_tools"}),
        ({"input": [{"type": "tool_search_output", "tools": [{"type": "web_search"}]}]}, {"server_tools"}),
        ({"input": [{"type": "tool_search_output", "tools": [{"type": "function", "name": "f"}]}]}, set()),
        ({"input": [{"type": "anything new", "tools": [{"type": "web_search"}]}]}, {"server_tools"}),
        ({"input": [{"type": "mcp_list_tools", "tools": [{"name": "f", "input_schema": {}}]}]}, set()),
    ],
)
def test_parameters_that_widen_a_call(more: dict[str, Any], parameters: set[str]) -> None:
    assert asked("responses", body(**more)).parameters == parameters


def test_background_is_always_refused() -> None:
    deny = read("responses", body(background=True))
    assert isinstance(deny, Deny)
    assert deny.code is Code.PARAMETER_NOT_ALLOWED
    assert deny.param == "$.background"
    assert not isinstance(read("responses", body(background=False)), Deny)


@pytest.mark.parametrize(
    "more",
    [
        {"background": "yes"},
        {"store": 1},
        {"input": 5},
        {"input": ["x"]},
        {"input": [{"role": "user", "Content": "x"}]},
        {"input": [{"type": "item_reference"}]},
        {"previous_response_id": 5},
        {"conversation": {}},
        {"conversation": ["c"]},
        {"max_output_tokens": 0},
        {"text": "x"},
        {"prompt": "pmpt_1"},
    ],
)
def test_what_is_no_request(more: dict[str, Any]) -> None:
    deny = read("responses", body(**more))
    assert isinstance(deny, Deny)
    assert deny.code is Code.BODY_INVALID


def test_nothing_is_stored_unless_the_caller_says_so() -> None:
    assert sent("responses", body())["store"] is False
    assert sent("responses", body(store=None))["store"] is False
    assert sent("responses", body(store=True))["store"] is True


def test_the_cap() -> None:
    assert sent("responses", body(max_tokens=9, max_output_tokens=50), 20) == body(store=False, max_output_tokens=9)


def test_the_rest_is_sent_untouched() -> None:
    assert sent("responses", RESPONSES) == {**RESPONSES, "store": False}
