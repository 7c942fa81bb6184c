"""Replies of Anthropic's messages, whole and streamed."""

from typing import Any

import msgspec
import pytest

from narrows.model.refusal import Code
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import MESSAGE, MESSAGE_STREAM, STREAMS, reader, replay, said, sse


def test_a_whole_reply() -> None:
    reads = reader("messages", stream=False)
    (event,) = replay(reads, msgspec.json.encode(MESSAGE))
    assert said([event]) == "Rain"
    assert said([event], "reasoning") == "Clouds"
    assert said([event], "signature") == "c2ln"
    assert said([event], "tool_name:2") == "get_weather"
    assert said([event], "tool_call_input:2") == "Oslocity"
    assert "It rains" in said([event], "citations")
    assert event.usage == Usage(prompt=10, completion=3, cached=4)
    assert (event.finish, event.last) == ("tool_use", True)
    assert msgspec.json.decode(reads.write(event)) == MESSAGE


def test_a_message_whose_thread_the_provider_keeps_is_named() -> None:
    for more, name in (({}, None), ({"thread": {"type": "create"}}, "msg_1")):
        (event,) = replay(reader("messages", stream=False, **more), msgspec.json.encode(MESSAGE))
        assert event.response_id == name
        events = replay(reader("messages", stream=True, **more), STREAMS["messages"])
        assert events[0].response_id == name


def test_a_stream() -> None:
    reads = reader("messages", stream=True)
    events = replay(reads, STREAMS["messages"])
    assert said(events) == "Rain 🙂"
    assert said(events, "tool_name:1") == "get_weather"
    assert said(events, "tool_call:1") == '{"city":'
    assert events[-1].last
    assert events[-2].finish == "tool_use"
    usage = Usage()
    for event in events:
        usage = usage.merge(event.usage or Usage())
    assert usage == Usage(prompt=10, completion=7, cached=4)
    assert b"".join(reads.write(event) for event in events) == STREAMS["messages"]


@pytest.mark.parametrize(
    ("delta", "field"),
    [
        ({"type": "text_delta", "text": "x"}, "content"),
        ({"type": "thinking_delta", "thinking": "x"}, "reasoning"),
        ({"type": "signature_delta", "signature": "x"}, "signature"),
        ({"type": "input_json_delta", "partial_json": "x"}, "tool_call:4"),
        ({"type": "citations_delta", "citation": {"cited_text": "x"}}, "citations"),
        ({"type": "new_delta", "novel": "x"}, "other"),
    ],
)
def test_fields_of_deltas(delta: dict[str, Any], field: str) -> None:
    reads = reader("messages", stream=True)
    (event,) = reads.feed(sse({"type": "content_block_delta", "index": 4, "delta": delta}, named=True))
    assert (event.deltas[0].field, event.deltas[0].text) == (field, "x")


@pytest.mark.parametrize("events", [(), MESSAGE_STREAM[:4], MESSAGE_STREAM[:-1]])
def test_a_stream_that_ends_too_early(events: tuple[Any, ...]) -> None:
    with pytest.raises(ReplyInvalid, match="before the reply was complete"):
        replay(reader("messages", stream=True), sse(*events, named=True))


def test_an_upstreams_error_in_mid_stream() -> None:
    reads = reader("messages", stream=True)
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy", "trace": "internal"}}
    events = reads.feed(sse(*MESSAGE_STREAM[:4], error, named=True))
    assert events[-1].finish == "error"
    assert b"internal" not in reads.write(events[-1])
    assert reads.write(events[-1]).startswith(b"event: error\n")
    with pytest.raises(ReplyInvalid, match="reported an error"):
        reads.close()


def test_a_refusal_in_mid_stream() -> None:
    failed = reader("messages", stream=True).fail(Deny(Code.OUTPUT_LIMIT, "too much"), "req_1")
    assert failed.startswith(b'event: error\ndata: {"type":"error"')
    assert b"message_stop" not in failed
    assert b"req_1" in failed


def test_a_stop_reason_that_is_not_the_apis_is_a_text() -> None:
    (event,) = replay(reader("messages", stream=False), b'{"content":[],"stop_reason":"my ssn is"}')
    assert said([event], "other") == "my ssn is"


def test_a_block_that_is_none() -> None:
    with pytest.raises(ReplyInvalid, match="content block"):
        replay(reader("messages", stream=False), b'{"content":["x"]}')


def test_a_count() -> None:
    (event,) = replay(reader("count_tokens", stream=False), b'{"input_tokens":11}')
    assert event.usage == Usage(prompt=11)
