"""Requests of Anthropic's messages."""

from typing import Any

import pytest

from narrows.model.refusal import Code
from narrows.model.text import Role
from narrows.model.verdict import Deny
from unit.dialects.payloads import MESSAGES, REQUESTS, asked, read, sent


def body(**more: Any) -> dict[str, Any]:
    return {"model": "claude-x", "max_tokens": 4096, "messages": [{"role": "user", "content": "Hi"}], **more}


def test_a_full_request() -> None:
    result = asked("messages", MESSAGES)
    assert (result.operation, result.output_cap, result.stream) == ("chat", 2048, False)
    roles = {text.value: text.role for text in result.texts}
    assert roles["Be brief."] is Role.SYSTEM
    assert roles["Hmm"] is Role.ASSISTANT
    assert roles["Oslo"] is Role.TOOL_CALL
    assert roles["Rain"] is Role.TOOL_RESULT
    assert roles["Plain notes"] is Role.USER
    assert roles["Weather"] is Role.TOOL_DEFINITION
    assert roles["ada"] is Role.USER
    assert [opaque.media_type for opaque in result.opaque] == ["image/png"]
    assert not result.parameters


def test_counting_tokens() -> None:
    result = asked("count_tokens", REQUESTS["count_tokens"])
    assert result.operation == "count_tokens"
    assert len(result.texts) > 5
    assert sent("count_tokens", REQUESTS["count_tokens"], 10) == REQUESTS["count_tokens"]


@pytest.mark.parametrize(
    ("more", "parameters"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, {"server_tools"}),
        ({"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}, {"server_tools"}),
        ({"tools": [{"type": "bash_20250124x", "name": "bash"}]}, {"server_tools"}),
        ({"tools": [{"type": ["custom"], "name": "x"}]}, {"server_tools"}),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, set()),
        ({"tools": [{"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}]}, set()),
        ({"tools": [{"type": "custom", "name": "mine"}, {"name": "mine"}]}, set()),
        ({"mcp_servers": [{"type": "url", "url": "https://x", "name": "x"}]}, {"server_tools"}),
        ({"mcp_servers": []}, set()),
        ({"container": "container_1"}, {"server_tools"}),
    ],
)
def test_parameters_that_widen_a_call(more: dict[str, Any], parameters: set[str]) -> None:
    assert asked("messages", body(**more)).parameters == parameters


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"model": ""}, "$.model"),
        ({"messages": None}, "$.messages"),
        ({"max_tokens": 0}, "$.max_tokens"),
        ({"stream": "x"}, "$.stream"),
        ({"system": 5}, "$.system"),
        ({"tools": [1]}, "$.tools[0]"),
        ({"tools": [{"Type": "x"}]}, "$.tools[0].Type"),
        ({"thinking": "on"}, "$.thinking"),
        ({"thinking": {"type": "enabled", "budget_tokens": "9"}}, "$.thinking.budget_tokens"),
    ],
)
def test_wrong_types_are_refused_with_the_place(more: dict[str, Any], param: str) -> None:
    deny = read("messages", body(**more))
    assert isinstance(deny, Deny)
    assert deny.code is Code.BODY_INVALID
    assert deny.param == param


def thinking(budget: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": budget, "display": "summarized"}


@pytest.mark.parametrize(
    ("budget", "cap", "result"),
    [
        (2000, 3000, thinking(2000)),
        (2000, 1500, thinking(1499)),
        (2000, 2000, thinking(1999)),
        (2000, 1025, thinking(1024)),
        (2000, 1024, {"type": "disabled"}),
        (2000, 50, {"type": "disabled"}),
        (2000, None, thinking(2000)),
    ],
)
def test_the_thinking_budget_stays_below_the_cap(budget: int, cap: int | None, result: dict[str, Any]) -> None:
    forwarded = sent("messages", body(thinking=thinking(budget)), cap)
    assert forwarded["thinking"] == result
    assert forwarded["max_tokens"] == min(4096, cap or 4096)


def test_the_cap_under_other_names() -> None:
    assert sent("messages", body(n_predict=7, max_tokens=90), 50) == body(max_tokens=7)


def test_the_rest_is_sent_untouched() -> None:
    assert sent("messages", {**MESSAGES, "x_new": [1]}) == {**MESSAGES, "x_new": [1]}
