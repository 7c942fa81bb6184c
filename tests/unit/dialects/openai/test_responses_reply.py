"""Replies of the responses API, whole and streamed."""

from typing import Any

import msgspec
import openai
import pytest

from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import RESPONSE, RESPONSE_STREAM, STREAMS, reader, replay, response_event, said, sse


def stream(*events: dict[str, Any] | str, **request: Any) -> list[Event]:
    return replay(reader("responses", stream=True, **request), sse(*events, named=True))


def test_a_whole_reply() -> None:
    (event,) = replay(reader("responses", stream=False), msgspec.json.encode(RESPONSE))
    assert said([event]) == "Rain"
    assert said([event], "reasoning") == "Clouds"
    assert said([event], "refusal") == "No"
    assert said([event], "tool_name:2") == "get_weather"
    assert said([event], "tool_call:2") == '{"a":1}'
    assert "Met" in said([event], "other")
    assert event.usage == Usage(9, 3, 4, 1)
    assert (event.model, event.finish, event.response_id) == ("gpt-5-mini-2025-08-07", "completed", None)
    (event,) = replay(reader("responses", stream=False, store=True), msgspec.json.encode(RESPONSE))
    assert event.response_id == "resp_1"


def test_a_stream_says_everything_once_and_repeats_under_another_name() -> None:
    events = stream(*RESPONSE_STREAM)
    assert said(events) == "Rain"
    assert said(events, "repeat:content") == "RainRain"
    assert said(events, "tool_call:2") == '{"a"'
    assert said(events, "repeat:tool_call:2") == '{"a":1}{"a":1}'
    assert [event.last for event in events] == [False] * 7 + [True]
    assert events[-1].usage == Usage(9, 3, 4, 1)
    assert events[-1].finish == "completed"


def test_events_are_sent_as_they_were_parsed() -> None:
    reads = reader("responses", stream=True)
    assert b"".join(reads.write(event) for event in replay(reads, STREAMS["responses"])) == STREAMS["responses"]


@pytest.mark.parametrize(
    ("kind", "field", "key"),
    [
        ("response.output_text.delta", "content", "delta"),
        ("response.refusal.delta", "refusal", "delta"),
        ("response.refusal.done", "repeat:refusal", "refusal"),
        ("response.reasoning_text.delta", "reasoning", "delta"),
        ("response.reasoning_summary_text.done", "repeat:reasoning", "text"),
        ("response.custom_tool_call_input.delta", "tool_call:3", "delta"),
        ("response.mcp_call_arguments.done", "repeat:tool_call:3", "arguments"),
        ("response.code_interpreter_call_code.delta", "tool_call:3", "delta"),
        ("response.something_new.delta", "other", "delta"),
    ],
)
def test_fields_of_events(kind: str, field: str, key: str) -> None:
    reads = reader("responses", stream=True)
    (event,) = reads.feed(sse(response_event(kind, 1, output_index=3, **{key: "x"}), named=True))
    assert [(delta.field, delta.text) for delta in event.deltas] == [(field, "x")]


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed"])
def test_what_ends_a_stream(kind: str) -> None:
    events = stream(response_event(f"response.{kind}", 0, response={**RESPONSE, "status": kind}))
    assert events[-1].last
    assert events[-1].finish == kind


def test_a_stored_response_is_named() -> None:
    assert stream(*RESPONSE_STREAM, store=True)[-1].response_id == "resp_1"
    assert stream(*RESPONSE_STREAM)[-1].response_id is None


@pytest.mark.parametrize("events", [(), RESPONSE_STREAM[:3], (*RESPONSE_STREAM[:3], "[DONE]")])
def test_a_stream_that_ends_too_early(events: tuple[Any, ...]) -> None:
    with pytest.raises(ReplyInvalid, match="ended its stream"):
        stream(*events)


def test_an_upstreams_error_in_mid_stream() -> None:
    reads = reader("responses", stream=True)
    error = response_event("error", 4, message="out of memory", code="server_error", trace="internal")
    events = reads.feed(sse(*RESPONSE_STREAM[:3], error, named=True))
    assert events[-1].finish == "error"
    assert "out of memory" in said(events, "error")
    assert b"internal" not in reads.write(events[-1])
    with pytest.raises(ReplyInvalid, match="reported an error"):
        reads.close()


def test_an_output_item_that_is_none() -> None:
    with pytest.raises(ReplyInvalid, match="output item"):
        replay(reader("responses", stream=False), b'{"output":["x"]}')


def test_the_sdk_takes_a_refusal_in_mid_stream_for_an_error() -> None:
    reads = reader("responses", stream=True)
    reads.feed(sse(*RESPONSE_STREAM[:3], named=True))
    failed = reads.fail(Deny(Code.OUTPUT_LIMIT, "too much"), "req_1")
    assert failed.startswith(b"event: error\n")
    tree = msgspec.json.decode(failed.partition(b"data: ")[2])
    typed = openai.types.responses.ResponseErrorEvent.model_validate(tree)
    assert (typed.code, typed.message, typed.sequence_number) == ("output_limit", "too much", 3)
    assert tree["error"]["message"] == "too much"
