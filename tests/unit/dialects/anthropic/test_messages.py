"""Requests of Anthropic's messages."""

import re
import typing
from typing import Any

import anthropic
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
        ({"tools": [{"type": "bash_20250124x", "name": "bash"}]}, {"server_tools"}),
        ({"tools": [{"type": ["custom"], "name": "x"}]}, {"server_tools"}),
        ({"tools": [{"type": "custom", "name": "mine"}, {"name": "mine"}]}, set()),
        ({"mcp_servers": [{"type": "url", "url": "https://x", "name": "x"}]}, {"server_tools"}),
        ({"mcp_servers": []}, set()),
        ({"container": "container_1"}, {"server_tools", "stored_files"}),
        ({"container": {"id": "container_1"}}, {"server_tools", "stored_files"}),
        ({"container": {"skills": [{"type": "anthropic", "skill_id": "pptx"}]}}, {"server_tools"}),
        ({"fallbacks": [{"model": "claude-y"}]}, {"models"}),
        ({"fallbacks": "default"}, {"models"}),
        ({"fallbacks": []}, set()),
        ({"thread": {"type": "create"}}, {"store"}),
        ({"thread": None}, set()),
    ],
)
def test_parameters_that_widen_a_call(more: dict[str, Any], parameters: set[str]) -> None:
    assert asked("messages", body(**more)).parameters == parameters


RUN_BY_THE_CALLER = [
    "custom", "bash_20241022", "bash_20250124", "text_editor_20241022", "text_editor_20250124", "text_editor_20250429",
    "text_editor_20250728", "computer_20241022", "computer_20250124", "computer_20251124", "memory_20250818",
    "computer_toolset_20260801", "browser_toolset_20260801",
]  # fmt: skip
RUN_BY_THE_PROVIDER = [
    "web_search_20250305", "web_search_20260209", "web_search_20260318", "web_fetch_20250910", "web_fetch_20260318",
    "code_execution_20250522", "code_execution_20250825", "code_execution_20260521", "mcp_toolset", "advisor_20260301",
    "tool_search_tool_regex_20251119", "tool_search_tool_bm25_20251119",
]  # fmt: skip


def added(definition: Any) -> dict[str, Any]:
    """A tool that stands in a message, not in the request's own list."""
    tool = {"type": "tool_definition", "definition": definition}
    return body(messages=[{"role": "user", "content": [{"type": "tool_addition", "tool": tool}]}])


@pytest.mark.parametrize("kind", RUN_BY_THE_CALLER)
def test_tools_that_the_caller_runs_widen_nothing(kind: str) -> None:
    assert not asked("messages", body(tools=[{"type": kind, "name": "x"}])).parameters
    assert not asked("messages", added({"type": kind, "name": "x"})).parameters


@pytest.mark.parametrize("kind", RUN_BY_THE_PROVIDER)
def test_tools_that_the_provider_runs_widen_the_call_wherever_they_are_defined(kind: str) -> None:
    assert asked("messages", body(tools=[{"type": kind, "name": "x"}])).parameters == {"server_tools"}
    assert asked("messages", added({"type": kind, "name": "x"})).parameters == {"server_tools"}


def test_every_tool_of_the_official_sdk_is_told_apart() -> None:
    definitions = typing.get_args(anthropic.types.beta.BetaToolUnionParam)
    kinds = {word for each in definitions for word in words(typing.get_type_hints(each)["type"])}
    assert {undated(kind) for kind in kinds} == {undated(kind) for kind in RUN_BY_THE_CALLER + RUN_BY_THE_PROVIDER}


def words(hint: Any) -> set[str]:
    """The words of an annotation's literals."""
    if typing.get_origin(hint) is typing.Literal:
        return set(typing.get_args(hint))
    return {word for inner in typing.get_args(hint) for word in words(inner)}


def undated(kind: str) -> str:
    return re.sub(r"_[0-9]{8}$", "", kind)


def test_a_tool_in_a_message_that_is_only_named_or_is_none() -> None:
    named = body(messages=[{"role": "user", "content": [{"type": "tool_addition", "tool": {"name": "x"}}]}])
    assert [text.value for text in asked("messages", named).texts] == ["tool_addition", "name", "x"]
    for wrong in ("bash", ["x"], {"Type": "bash_20250124"}):
        assert isinstance(read("messages", added(wrong)), Deny)
    variant = {"type": "tool_addition", "tool": {"Definition": {"type": "web_search_20250305"}}}
    assert isinstance(read("messages", body(messages=[{"role": "user", "content": [variant]}])), Deny)


def test_an_advisor_is_another_model() -> None:
    tool = {"type": "advisor_20260301", "name": "advisor", "model": "claude-opus-5"}
    assert asked("messages", body(tools=[tool])).parameters == {"server_tools", "models"}


def test_a_thread_that_is_continued_is_a_reference() -> None:
    result = asked("messages", body(thread={"type": "continue", "previous_message_id": "msg_1"}))
    assert (result.references, result.parameters) == (("msg_1",), {"store"})


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"model": ""}, "$.model"),
        ({"messages": None}, "$.messages"),
        ({"max_tokens": -1}, "$.max_tokens"),
        ({"thread": "x"}, "$.thread"),
        ({"thread": {"previous_message_id": 5}}, "$.thread.previous_message_id"),
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


def test_the_cap_holds_for_every_fallback() -> None:
    fallbacks = [
        {"model": "claude-y", "max_tokens": 9_000, "thinking": thinking(8_000)},
        {"model": "claude-z", "max_tokens": 40},
        {"model": "claude-w", "max_tokens": None, "thinking": thinking(3_000)},
        "odd",
    ]
    forwarded = sent("messages", body(fallbacks=fallbacks), 2_000)
    assert forwarded["fallbacks"] == [
        {"model": "claude-y", "max_tokens": 2_000, "thinking": thinking(1_999)},
        {"model": "claude-z", "max_tokens": 40},
        {"model": "claude-w", "max_tokens": None, "thinking": thinking(1_999)},
        "odd",
    ]
    assert sent("messages", body(fallbacks="default"), 2_000)["fallbacks"] == "default"


def test_a_request_that_only_fills_the_cache_stays_one() -> None:
    assert sent("messages", body(max_tokens=0), 50) == body(max_tokens=0)


def test_the_cap_under_other_names() -> None:
    assert sent("messages", body(n_predict=7, max_tokens=90), 50) == body(max_tokens=7)


def test_the_rest_is_sent_untouched() -> None:
    assert sent("messages", {**MESSAGES, "x_new": [1]}) == {**MESSAGES, "x_new": [1]}


def test_the_end_user_and_the_speed() -> None:
    result = asked("messages", body(metadata={"user_id": "u-1"}, speed="fast", service_tier="auto"))
    assert (result.end_user, result.tier) == ("u-1", "fast")
    result = asked("messages", body(metadata={"user_id": None}, speed="standard", service_tier="standard_only"))
    assert (result.end_user, result.tier) == (None, None)
    assert asked("messages", body(metadata="u-1")).end_user is None
    assert asked("messages", body(metadata={"user_id": "u" * 513})).end_user is None
    assert asked("messages", body()).end_user is None
