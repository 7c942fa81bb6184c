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
        "envelope": "fp_1",
        "envelope:id": "call_1",
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
    (delta,) = [delta for delta in event.deltas if delta.field == "content"]
    delta.text = "[MASKED]"
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


def ends(*events: dict[str, Any] | str) -> list[set[tuple[int, str]]]:
    return [set(event.ends) for event in stream(*events)[0]]


def call(number: int, **function: Any) -> dict[str, Any]:
    return chunk({"tool_calls": [{"index": number, "function": function}]})


def test_a_finished_choice_ends_its_fields() -> None:
    assert ends(
        chunk({"content": "a"}), chunk({"content": "b"}, index=1), chunk({"content": "c"}, "stop"), "[DONE]"
    ) == [set(), set(), {(0, "content")}, {(1, "content")}]  # fmt: skip


def test_what_comes_later_in_a_reply_ends_what_comes_before() -> None:
    name, first, second = (0, "tool_name:0"), (0, "tool_call:0"), (0, "tool_call_text:1")
    events = [
        chunk({"reasoning": "a"}), chunk({"content": "b"}), chunk({"refusal": "c"}), call(0, name="f", arguments=""),
        call(0, arguments="{}"), call(1, input="x"), chunk({}, "tool_calls"), "[DONE]",
    ]  # fmt: skip
    assert ends(*events) == [
        set(), {(0, "reasoning")}, set(), {(0, "content"), (0, "refusal"), name}, set(), {first}, {second}, set(),
    ]  # fmt: skip


def test_a_field_that_goes_on_after_its_end_ends_again() -> None:
    late = [chunk({"content": "a"}, "stop"), chunk({"content": "b"}), "[DONE]"]
    assert ends(*late) == [{(0, "content")}, set(), {(0, "content")}]


def test_endless_fields_are_bounded() -> None:
    calls = [{"index": number, "function": {"input": "x"}} for number in range(5)]
    many = [chunk({"content": "x"}, index=index) for index in range(1_030)]
    events, _ = stream(chunk({"tool_calls": calls}), *many, "[DONE]")
    assert sum(len(event.ends) for event in events) == 5 + 1_030


def test_held_text_goes_out_in_the_shape_of_the_last_chunk() -> None:
    reads = reader("chat", stream=True)
    first = {"index": 1, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    (event,) = reads.feed(sse(chunk({"content": "x", "tool_calls": [first]}, index=2, usage={"a": 1}, provider="y")))
    assert reads.say(2, "tool_call:1", "held") is None
    reads.write(event)
    assert reads.say(0, "tool_call:1", "held") is None
    said = reads.say(2, "tool_call:1", "held")
    assert said is not None
    assert msgspec.json.decode(reads.write(said)[6:]) == {
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m-1",
        "choices": [
            {
                "index": 2,
                "delta": {"tool_calls": [{"index": 1, "type": "function", "function": {"arguments": "held"}}]},
                "finish_reason": None,
            }
        ],
    }  # fmt: skip


def test_texts_that_are_said_twice_at_a_time_are_fields_of_their_own() -> None:
    details = [
        {"type": "reasoning.text", "text": "a", "signature": "s"},
        {"type": "x", "data": "gA", "index": 7},
        "odd",
    ]
    event = whole(
        {"choices": [{"message": {"reasoning_content": "a", "reasoning": "a", "reasoning_details": details}}]}
    )
    assert [(delta.field, delta.text) for delta in event.deltas] == [
        ("reasoning", "a"), ("copy:reasoning", "a"),
        ("other", "reasoning.text"), ("copy:reasoning_details:0", "a"), ("signature", "s"),
        ("other", "x"), ("signature", "gA"), ("other", "odd"),
    ]  # fmt: skip


def test_thinking_in_parts_is_reasoning() -> None:
    thinking = [{"type": "text", "text": "a", "odd": "b"}, {"type": "odd", "text": "c"}, "d"]
    parts = [{"type": "thinking", "thinking": thinking}, {"type": "thinking", "thinking": "e"}]
    event = whole({"choices": [{"message": {"content": parts}}]})
    assert [(delta.field, delta.text) for delta in event.deltas] == [
        ("reasoning", "a"), ("other", "b"), ("envelope", "odd"), ("other", "odd"), ("other", "c"), ("reasoning", "d"),
        ("reasoning", "e"),
    ]  # fmt: skip


def test_what_a_call_passes_is_told_apart_by_its_kind() -> None:
    functions = [{"arguments": "{}"}, {"input": "text"}, {"arguments": {"k": "v"}}]
    event = whole({"choices": [{"message": {"tool_calls": [{"function": each} for each in functions]}}]})
    assert [(delta.field, delta.text) for delta in event.deltas] == [
        ("tool_call:0", "{}"), ("tool_call_text:1", "text"), ("tool_call_input:2", '{"k":"v"}'),
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["id", "object", "model", "system_fingerprint", "service_tier", "obfuscation"])
def test_the_envelope_is_texts_too(key: str) -> None:
    assert "078-05-1120" in [delta.text for delta in whole(CHAT_REPLY | {key: "078-05-1120"}).deltas]


def test_what_each_chunk_says_again_is_a_text_once_and_changed_in_all() -> None:
    chunks = [chunk({"content": word}) | {"system_fingerprint": "078-05-1120"} for word in ("a", "b", "c")]
    chunks[2]["system_fingerprint"] = "another"
    reads = reader("chat", stream=True)
    events = reads.feed(sse(*chunks))
    found = [[delta.text for delta in event.deltas if delta.field == "envelope"] for event in events]
    assert found == [["m-1", "078-05-1120"], [], ["another"]]
    for event in events:
        for delta in event.deltas:
            delta.text = delta.text.replace("078-05-1120", "[US_SSN]")
    written = b"".join(map(reads.write, events))
    assert written.count(b'"system_fingerprint":"[US_SSN]"') == 2
    assert written.count(b'"system_fingerprint":"another"') == 1


def test_numbers_are_texts_where_no_api_has_one() -> None:
    tree = chunk({"content": 4111111111111111, "odd": {"n": 5}}) | {
        "created": 41111111111111,
        "timings": {"prompt_n": 3},
    }
    event = whole(tree)
    assert [(delta.field, delta.text) for delta in event.deltas if delta.field.startswith("number:")] == [
        ("number:other", "41111111111111"), ("number:content", "4111111111111111"), ("number:other", "5"),
    ]  # fmt: skip


def test_media_is_noted_and_is_no_text() -> None:
    data = "QUJD" * 20
    message = {
        "audio": {"id": "a", "data": data, "transcript": "hi", "expires_at": 7},
        "images": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}],
    }
    event = whole({"choices": [{"message": message}]})
    assert [(part.path, part.media_type, part.size) for part in event.opaque] == [
        ("audio", "", 60), ("images", "image/png", 60),
    ]  # fmt: skip
    assert [(delta.field, delta.text) for delta in event.deltas] == [
        ("envelope:id", "a"), ("audio_transcript", "hi"), ("other", "image_url"), ("other", "image_url"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [{}, [], {"a": "b"}, 1, None, "odd"])
def test_a_call_whose_type_is_no_word_is_read_all_the_same(kind: Any) -> None:
    message = {"role": "assistant", "tool_calls": [{"id": "c", "type": kind, "function": {"name": "n"}}]}
    event = whole({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    assert "n" in [delta.text for delta in event.deltas]
