"""Replies of Anthropic's messages, whole and streamed."""

from typing import Any

import msgspec
import pytest

from narrows.dialects.anthropic.replies import read_usage
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
    assert said([event], "tool_call_input:2") == '{"city":"Oslo"}'
    assert "It rains" in said([event], "citations")
    assert event.usage == Usage(prompt=10, completion=3, cached=4, cache_write=1)
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
    assert usage == Usage(prompt=10, completion=7, cached=4, cache_write=1)
    assert b"".join(reads.write(event) for event in events) == STREAMS["messages"]


def test_every_part_of_usage() -> None:
    usage = {
        "input_tokens": 3,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 4},
        "server_tool_use": {"web_search_requests": 1},
    }
    assert read_usage(usage) == Usage(153, 9, cached=100, reasoning=4, cache_write=50, cache_write_long=20)
    assert read_usage("many") is None


@pytest.mark.parametrize("value", [-1, True, 1.5, "3", None, {}, 10**13, 10**40])
def test_a_figure_that_is_no_count_says_nothing(value: Any) -> None:
    parts = ("cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation", "output_tokens_details")
    assert read_usage({"input_tokens": 3, "output_tokens": 9, **dict.fromkeys(parts, value)}) == Usage(3, 9)
    assert read_usage({"input_tokens": value, "output_tokens": value, "cache_read_input_tokens": 5}) == Usage(cached=5)


def test_a_later_event_that_names_only_a_part_of_the_prompt_does_not_lose_the_rest() -> None:
    first = {"input_tokens": 3, "cache_read_input_tokens": 100, "output_tokens": 1}
    for later, whole in (
        ({"input_tokens": 3, "output_tokens": 9}, Usage(103, 9, cached=100)),
        ({"input_tokens": 5, "cache_read_input_tokens": 200, "output_tokens": 9}, Usage(205, 9, cached=200)),
        ({"input_tokens": -5, "output_tokens": None}, Usage(103, 1, cached=100)),
        ("many", Usage(103, 1, cached=100)),
    ):
        usage = Usage()
        sent = (
            {"type": "message_start", "message": {"role": "assistant", "content": [], "usage": first}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": later},
            {"type": "message_stop"},
        )
        for event in replay(reader("messages", stream=True), sse(*sent, named=True)):
            usage = usage.merge(event.usage or Usage())
        assert usage == whole


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
    assert (field, "x") in [(delta.field, delta.text) for delta in event.deltas]


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


START: dict[str, Any] = {"type": "message_start", "message": {"content": []}}
STOP: dict[str, Any] = {"type": "message_stop"}
CONTENT = (0, "content")


def block(index: int, kind: str, *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": {"type": kind}},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text(index: int, *pieces: str) -> list[dict[str, Any]]:
    return block(index, "text", *({"type": "text_delta", "text": piece} for piece in pieces))


def ends(*events: dict[str, Any]) -> list[tuple[str, set[tuple[int, str]]]]:
    read = replay(reader("messages", stream=True), sse(START, *events, STOP, named=True))
    return [(event.name or "", set(event.ends)) for event in read if event.ends]


def test_adjacent_text_blocks_are_one_text() -> None:
    assert ends(*text(0, "a"), *text(1, "b"), {"type": "ping"}, *text(2)) == [("content_block_stop", {CONTENT})]
    assert ends(*text(0, "a"), {"type": "message_delta", "delta": {}}) == [("content_block_stop", {CONTENT})]
    calls = block(1, "tool_use", {"type": "input_json_delta", "partial_json": "{}"})
    assert ends(*text(0, "a"), *calls, *text(2, "b")) == [
        ("content_block_stop", {CONTENT}), ("content_block_stop", {(0, "tool_call:1")}),
        ("content_block_stop", {CONTENT}),
    ]  # fmt: skip


def test_the_stop_of_a_text_block_waits_for_what_follows_and_a_ping_does_not() -> None:
    reads = reader("messages", stream=True)
    events = (START, *text(0, "a"), {"type": "ping"}, *text(1, "b"), STOP)
    seen = [[read.name for read in reads.feed(sse(event, named=True))] for event in events]
    assert seen == [
        ["message_start"], ["content_block_start"], ["content_block_delta"], [], ["ping"],
        ["content_block_stop", "content_block_start"], ["content_block_delta"], [],
        ["content_block_stop", "message_stop"],
    ]  # fmt: skip


def test_held_text_goes_into_the_block_that_is_open() -> None:
    reads = reader("messages", stream=True)
    for event in reads.feed(sse(START, *text(0, "a"), *text(1), STOP, named=True)):
        if event.ends:
            said = reads.say(*CONTENT, "held")
            assert said is not None
            assert said.data == {
                "type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "held"},
            }  # fmt: skip
        reads.write(event)
    assert reads.say(*CONTENT, "late") is None


def test_thinking_ends_with_its_signature() -> None:
    thinking = block(
        0, "thinking", {"type": "thinking_delta", "thinking": "a"}, {"type": "signature_delta", "signature": "s"}
    )
    assert ends(*thinking) == [("content_block_delta", {(0, "reasoning")})]
    assert ends(*thinking[:2], thinking[3]) == [("content_block_stop", {(0, "reasoning")})]


def test_servers_that_leave_stops_out() -> None:
    calls = block(1, "tool_use", {"type": "input_json_delta", "partial_json": "{}"})
    assert ends(*text(0, "a")[:-1], *calls[:-1]) == [
        ("content_block_start", {CONTENT}), ("message_stop", {(0, "tool_call:1")}),
    ]  # fmt: skip


def test_arguments_that_are_an_object_already_are_its_source() -> None:
    event = {"type": "content_block_start", "index": 3, "content_block": {"type": "tool_use", "input": {"k": "v"}}}
    (read,) = reader("messages", stream=True).feed(sse(event, named=True))
    (source,) = [delta for delta in read.deltas if delta.field == "tool_call_input:3"]
    assert source.text == '{"k":"v"}'
    source.text = '{"k":"[US_SSN]","a":1.50,"a":2}'
    written = reader("messages", stream=True).write(read)
    assert b'"input":{"k":"[US_SSN]","a":1.50,"a_2":2}' in written
    assert read.ends == ()
