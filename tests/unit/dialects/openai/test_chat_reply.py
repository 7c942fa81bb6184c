"""Replies of chat completions, whole and streamed."""

from typing import Any

import msgspec
import pytest

from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import (
    CHAT_REPLY,
    CHAT_STREAM,
    REPLIES,
    STREAMS,
    USAGE_CHUNK,
    chunk,
    reader,
    replay,
    said,
    sse,
)


def whole(tree: dict[str, Any], name: str = "chat", **request: Any) -> Event:
    (event,) = replay(reader(name, stream=False, **request), msgspec.json.encode(tree))
    return event


def stream(*events: dict[str, Any] | str, **request: Any) -> tuple[list[Event], bytes]:
    reads = reader("chat", stream=True, **{"stream_options": None, **request})
    events_ = replay(reads, sse(*events))
    return events_, b"".join(reads.write(event) for event in events_)


def test_a_whole_reply() -> None:
    event = whole(CHAT_REPLY)
    fields = {delta.field: delta.text for delta in event.deltas}
    assert fields == {
        "content": "Rain",
        "reasoning": "Clouds",
        "tool_name:0": "get_weather",
        "tool_call:0": '{"a":1}',
        "logprobs": "Ra",
    }
    assert event.usage == Usage(9, 3, 4, 1)
    assert (event.model, event.finish, event.last) == ("gpt-4o-mini-2024-07-18", "stop", True)
    assert event.response_id is None
    assert whole(CHAT_REPLY, store=True).response_id == "chatcmpl-1"


def test_a_reply_is_sent_as_it_was_parsed() -> None:
    reads = reader("chat", stream=False)
    (event,) = replay(reads, msgspec.json.encode(CHAT_REPLY))
    assert msgspec.json.decode(reads.write(event)) == CHAT_REPLY


def test_a_completion() -> None:
    event = whole(REPLIES["completions"], "completions")
    assert said([event]) == "upon"
    assert event.finish == "length"


@pytest.mark.parametrize("choices", [["x"], [1], [None]])
def test_choices_that_are_none(choices: list[Any]) -> None:
    with pytest.raises(ReplyInvalid, match="choice"):
        whole({**CHAT_REPLY, "choices": choices})


def test_content_in_parts_and_odd_messages() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image", "x": "b"}, "c"]
    assert said([whole({"choices": [{"message": {"content": parts}}]})]) == "a"
    other = whole({"choices": [{"message": {"content": parts}}]}).deltas
    assert {delta.text for delta in other if delta.field == "other"} == {"image", "b", "x", "c"}
    assert said([whole({"choices": [{"message": "text"}]})]) == "text"


def test_a_stream() -> None:
    events, written = stream(*CHAT_STREAM)
    assert said(events) == "Hello 🙂"
    assert said(events, "reasoning") == "Hmm"
    assert said(events, "tool_name:0") == "get_weather"
    assert said(events, "tool_call:0") == '{"city"'
    assert [event.last for event in events].count(True) == 1
    assert events[-1].last
    assert events[-2].hidden
    assert events[-2].usage == Usage(5, 2)
    assert events[-3].finish == "tool_calls"
    assert written.endswith(b"data: [DONE]\n\n")


def test_the_usage_event_is_hidden_only_from_those_who_did_not_ask() -> None:
    _, quiet = stream(*CHAT_STREAM)
    assert b"usage" not in quiet
    _, asked_for = stream(*CHAT_STREAM, stream_options={"include_usage": True})
    assert b'"usage":{"prompt_tokens":5' in asked_for
    assert b'"usage":null' in asked_for


def test_masked_deltas_are_written() -> None:
    reads = reader("chat", stream=True)
    (event,) = reads.feed(sse(chunk({"content": "secret"})))
    event.deltas[0].text = "[MASKED]"
    assert b'"content":"[MASKED]"' in reads.write(event)


def test_choices_are_kept_apart() -> None:
    events, _ = stream(
        chunk({"content": "a"}),
        chunk({"content": "b"}, index=1),
        chunk({}, "stop"),
        chunk({}, "stop", 1),
        "[DONE]",
        n=2,
    )
    assert (said(events, choice=0), said(events, choice=1)) == ("a", "b")


def test_done_is_added_where_the_server_leaves_it_out_and_the_reply_is_complete() -> None:
    events, written = stream(chunk({"content": "a"}), chunk({}, "stop"), USAGE_CHUNK)
    assert events[-1].last
    assert written.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "events",
    [
        (),
        (chunk({"content": "a"}),),
        (chunk({"content": "a"}), chunk({"content": "b"}, index=1), chunk({}, "stop")),
    ],
)
def test_a_stream_that_ends_too_early(events: tuple[Any, ...]) -> None:
    with pytest.raises(ReplyInvalid, match="before the reply was complete"):
        stream(*events)


@pytest.mark.parametrize("cut", [1, 20, 200, 600])
def test_a_stream_that_is_cut_anywhere(cut: int) -> None:
    with pytest.raises(ReplyInvalid):
        replay(reader("chat", stream=True), STREAMS["chat"][:cut])


def test_nothing_after_done_is_passed_on() -> None:
    events, written = stream(chunk({"content": "a"}, "stop"), "[DONE]", chunk({"content": "late"}))
    assert said(events) == "a"
    assert b"late" not in written


def test_an_upstreams_error_in_mid_stream() -> None:
    reads = reader("chat", stream=True)
    error = {"error": {"message": "out of memory", "type": "server_error", "trace": "internal"}}
    events = reads.feed(sse(chunk({"content": "a"}), error, "[DONE]"))
    assert [event.finish for event in events] == [None, "error"]
    assert said(events, "error") == "out of memoryserver_error"
    assert b"internal" not in reads.write(events[1])
    with pytest.raises(ReplyInvalid, match="reported an error"):
        reads.close()


def test_broken_utf_8_is_replaced() -> None:
    reads = reader("chat", stream=True)
    (event,) = reads.feed(b'data: {"choices":[{"index":0,"delta":{"content":"\xe2\x82"}}]}\n\n')
    assert "�" in said([event])
    reads.write(event).decode()


@pytest.mark.parametrize("data", [b"data: {oops}\n\n", b"data: 5\n\n", b"data: []\n\n", b"data: text\n\n"])
def test_garbage(data: bytes) -> None:
    with pytest.raises(ReplyInvalid):
        reader("chat", stream=True).feed(data)


def test_a_refusal_in_mid_stream() -> None:
    reads = reader("chat", stream=True)
    failed = reads.fail(Deny(Code.OUTPUT_LIMIT, "too much"), "req_1")
    assert failed.startswith(b'data: {"error":{"message":"too much"')
    assert b"[DONE]" not in failed
