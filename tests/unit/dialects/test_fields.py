"""Which fields grow, and what kind of text they are."""

import pytest

from narrows.dialects.fields import growing, grows, is_envelope, is_json
from narrows.model.reply import Delta


@pytest.mark.parametrize(
    "field",
    [
        "content", "reasoning", "refusal", "audio_transcript", "tool_call:0", "tool_call_text:3", "copy:reasoning",
        "$", "$.text", "$.choices[0].delta.content", "$['a b']", "$.type[0]",
    ],
)  # fmt: skip
def test_fields_that_grow(field: str) -> None:
    assert grows(field)


@pytest.mark.parametrize(
    "field",
    [
        "other", "logprobs", "citations", "signature", "error", "event", "tool_name:0", "tool_call_input:1",
        "repeat:content", "repeat:tool_call:0", "repeat:echo", "$.id", "$.message.role", "$.text~", "$~", "$.item_id",
    ],
)  # fmt: skip
def test_fields_whose_texts_stand_for_themselves(field: str) -> None:
    assert not grows(field)


def test_only_arguments_are_the_source_of_json() -> None:
    assert is_json("tool_call:12")
    assert is_json("tool_call_input:1")
    assert not any(map(is_json, ("tool_call_text:1", "tool_name:1", "content", "repeat:content")))


def test_names_of_members_that_never_go_on() -> None:
    assert all(map(is_envelope, ("id", "type", "created_at", "responseId", "finish_reason")))
    assert not any(map(is_envelope, ("text", "content", "token", "idea", "typed")))


def test_each_growing_field_once() -> None:
    deltas = [Delta(0, "content", "a"), Delta(1, "content", "b"), Delta(0, "other", "c"), Delta(0, "content", "d")]
    assert growing(deltas) == ((0, "content"), (1, "content"))
