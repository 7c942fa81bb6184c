"""Requests of chat completions: what they ask, what widens them, and what is sent."""

from typing import Any

import pytest

from narrows.config.schema import CapField
from narrows.model.refusal import Code
from narrows.model.text import Role
from narrows.model.verdict import Deny
from unit.dialects.payloads import CHAT, REQUESTS, asked, read, sent

PLAIN: dict[str, Any] = {"model": "llama-3", "messages": [{"role": "user", "content": "Hi"}]}


def test_a_full_request() -> None:
    result = asked("chat", CHAT)
    assert (result.operation, result.model, result.stream, result.choices) == ("chat", "gpt-4o-mini", False, 1)
    assert result.wants_usage
    assert not result.parameters
    assert [opaque.media_type for opaque in result.opaque] == ["image/png", "wav", "application/pdf"]
    roles = {text.value: text.role for text in result.texts}
    assert roles["Weather of a city"] is Role.TOOL_DEFINITION
    assert roles["Paris"] is Role.TOOL_DEFINITION
    assert roles["Perhaps rain"] is Role.ASSISTANT
    assert roles["ada@example.com"] is Role.USER
    assert roles["END"] is Role.USER


@pytest.mark.parametrize(
    ("more", "parameters"),
    [
        ({"store": True}, {"store"}),
        ({"store": False}, set()),
        ({"store": None}, set()),
        ({"n": 2}, {"n"}),
        ({"n": 1}, set()),
        ({"best_of": 3}, {"n"}),
        ({"modalities": ["text", "audio"]}, {"audio_output"}),
        ({"modalities": ["text"]}, set()),
        ({"web_search_options": {}}, {"server_tools"}),
        ({"search_parameters": {"mode": "auto"}}, {"server_tools"}),
        ({"models": ["other"]}, {"models"}),
        ({"fallbacks": [{"model": "other"}]}, {"models"}),
        ({"n_cmpl": 4}, {"n"}),
        ({"echo": True}, {"echo"}),
        ({"prompt_token_ids": [1, 2]}, {"token_ids"}),
        ({"input_ids": [1, 2]}, {"token_ids"}),
        ({"tools": [{"type": "web_search_preview"}]}, {"server_tools"}),
        ({"tools": [{"type": "mcp", "server_url": "https://x"}]}, {"server_tools"}),
        ({"tools": [{"name": "untyped"}]}, {"server_tools"}),
        ({"tools": [{"type": ["function"]}]}, {"server_tools"}),
        ({"tools": None}, set()),
    ],
)
def test_parameters_that_widen_a_call(more: dict[str, Any], parameters: set[str]) -> None:
    assert asked("chat", {**PLAIN, **more}).parameters == parameters


def test_how_many_choices() -> None:
    assert asked("chat", {**PLAIN, "n": 4}).choices == 4
    assert asked("chat", {**PLAIN, "n": 1, "n_cmpl": 6}).choices == 6


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"model": 5}, "$.model"),
        ({"messages": "Hi"}, "$.messages"),
        ({"messages": {}}, "$.messages"),
        ({"stream": "true"}, "$.stream"),
        ({"stream": 1}, "$.stream"),
        ({"max_tokens": 0}, "$.max_tokens"),
        ({"max_completion_tokens": "5"}, "$.max_completion_tokens"),
        ({"n_predict": -1}, "$.n_predict"),
        ({"n": 0}, "$.n"),
        ({"n": -2}, "$.n"),
        ({"store": "yes"}, "$.store"),
        ({"tools": {}}, "$.tools"),
        ({"tools": ["x"]}, "$.tools[0]"),
        ({"tools": [{"type": "function", "Type": "mcp"}]}, "$.tools[0].Type"),
        ({"functions": "f"}, "$.functions"),
        ({"stream_options": []}, "$.stream_options"),
        ({"response_format": "json"}, "$.response_format"),
        ({"modalities": "audio"}, "$.modalities"),
    ],
)
def test_wrong_types_are_refused_with_the_place(more: dict[str, Any], param: str) -> None:
    deny = read("chat", {**PLAIN, **more})
    assert isinstance(deny, Deny)
    assert deny.code is Code.BODY_INVALID
    assert deny.param == param
    assert param in deny.message


def test_a_body_without_messages() -> None:
    deny = read("chat", {"model": "m", "prompt": "Hi"})
    assert isinstance(deny, Deny)
    assert deny.param == "$.messages"


def test_unknown_fields_survive_untouched() -> None:
    body = {**CHAT, "x_new": {"deep": [1, {"a": None}]}}
    assert sent("chat", body) == body


@pytest.mark.parametrize(
    ("model", "given", "cap", "result"),
    [
        ("llama-3", {}, 50, {"max_tokens": 50}),
        ("llama-3", {"max_tokens": 20}, 50, {"max_tokens": 20}),
        ("llama-3", {"max_tokens": 90}, 50, {"max_tokens": 50}),
        ("llama-3", {"max_tokens": 90, "n_predict": 30, "max_new_tokens": 999}, 50, {"max_tokens": 30}),
        ("llama-3", {"max_completion_tokens": 90}, 50, {"max_tokens": 50}),
        ("o3-mini", {"max_tokens": 90}, 50, {"max_completion_tokens": 50}),
        ("o3-mini", {"max_tokens": None}, 50, {"max_completion_tokens": 50}),
        ("llama-3", {"max_tokens": 90, "n_predict": 30}, None, {"max_tokens": 90, "n_predict": 30}),
    ],
)
def test_the_cap(model: str, given: dict[str, Any], cap: int | None, result: dict[str, Any]) -> None:
    body = {**PLAIN, "model": model}
    assert sent("chat", {**body, **given}, cap) == {**body, **result}


def test_the_cap_follows_the_model_after_aliases_and_the_connection() -> None:
    assert sent("chat", PLAIN, 5, model="o1") == {**PLAIN, "model": "o1", "max_completion_tokens": 5}
    both = (CapField(models=("llama*",), field="both"),)
    assert sent("chat", PLAIN, 5, cap_fields=both) == {**PLAIN, "max_tokens": 5, "max_completion_tokens": 5}


def test_usage_is_asked_for_in_streams() -> None:
    body = {**PLAIN, "stream": True}
    assert sent("chat", body)["stream_options"] == {"include_usage": True}
    with_option = {**body, "stream_options": {"include_obfuscation": False, "include_usage": False}}
    assert sent("chat", with_option)["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert "stream_options" not in sent("chat", PLAIN)


def test_forwarding_leaves_the_body_as_it_was() -> None:
    body = {**PLAIN, "stream": True, "n_predict": 5}
    before = dict(body)
    sent("chat", body, 3, model="x")
    assert body == before


@pytest.mark.parametrize("name", ["chat", "completions", "responses", "embeddings"])
def test_the_end_user_and_the_service_tier(name: str) -> None:
    body = {key: value for key, value in REQUESTS[name].items() if key not in ("user", "service_tier")}
    result = asked(name, body)
    assert (result.end_user, result.tier) == (None, None)
    result = asked(name, {**body, "user": "ada", "service_tier": "priority"})
    assert (result.end_user, result.tier) == ("ada", "priority")
    result = asked(name, {**body, "user": "cache-7", "safety_identifier": "ada", "service_tier": "auto"})
    assert (result.end_user, result.tier) == ("ada", None)
    assert asked(name, {**body, "user": 7, "service_tier": "flex"}).end_user is None
