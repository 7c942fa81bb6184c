"""Streamed replies of the responses API."""

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


def test_a_stream_says_everything_once_and_repeats_under_another_name() -> None:
    events = stream(*RESPONSE_STREAM)
    assert said(events) == "Rain"
    assert said(events, "repeat:content") == "RainRain"
    assert said(events, "tool_call:2") == '{"a":1}'
    assert said(events, "repeat:tool_call:2") == '{"a":1}{"a":1}'
    assert [event.last for event in events] == [False] * 8 + [True]
    assert [event.hidden for event in events] == [False] * 7 + [True, False]
    assert events[-1].usage == Usage(9, 3, 4, 1)
    assert events[-1].finish == "completed"


def item_event(kind: str, index: int, **item: Any) -> dict[str, Any]:
    return response_event(f"response.output_item.{kind}", 0, output_index=index, item=item)


def fields(events: list[Event], text: str) -> list[str]:
    return [delta.field for event in events for delta in event.deltas if delta.text == text]


def test_what_first_comes_when_an_item_is_done_is_said_there() -> None:
    text = [{"type": "output_text", "text": "never a delta"}]
    events = stream(
        item_event("added", 0, type="reasoning", id="rs_1", summary=[], encrypted_content="gA"),
        item_event("done", 0, type="reasoning", id="rs_1", summary=[], encrypted_content="gAAAAB"),
        item_event("done", 1, type="message", id="msg_1", content=text),
        item_event("done", 2, type="mcp_call", id="mcp_1", name="find", arguments="{}", output="found it"),
        response_event(
            "response.completed", 3,
            response={"output": [{"type": "reasoning", "encrypted_content": "gAAAAB"}, {"content": text}]},
        ),
    )  # fmt: skip
    assert fields(events, "gA") == ["signature"]
    assert fields(events, "gAAAAB") == ["signature", "repeat:signature"]
    assert fields(events, "never a delta") == ["content", "repeat:content"]
    assert fields(events, "find") == ["tool_name:2"]
    assert fields(events, "{}") == ["tool_call:2"]
    assert fields(events, "found it") == ["other"]


def test_two_calls_with_the_same_arguments_are_two() -> None:
    calls = [{"type": "function_call", "id": f"fc_{n}", "name": "now", "arguments": "{}"} for n in range(3)]
    first = response_event("response.function_call_arguments.delta", 0, output_index=0, delta="{}")
    done = [item_event("done", index, **call) for index, call in enumerate(calls)]
    events = stream(first, *done, response_event("response.completed", 1, response={"output": calls}))
    assert [said(events, f"tool_call:{n}") for n in range(3)] == ["{}"] * 3
    assert [said(events, f"tool_name:{n}") for n in range(3)] == ["now"] * 3
    assert fields(events[-1:], "{}") == [f"repeat:tool_call:{n}" for n in range(3)]


def test_calls_of_a_server_that_numbers_no_items_are_told_apart() -> None:
    """As llama.cpp's: `item_id` alone says which item is meant."""
    calls = [{"type": "function_call", "id": f"fc_{n}", "name": f"f{n}", "arguments": f"[{n}]"} for n in range(2)]
    events = stream(
        *({"type": "response.output_item.added", "item": {**call, "arguments": ""}} for call in calls),
        *(
            {"type": "response.function_call_arguments.delta", "item_id": call["id"], "delta": call["arguments"]}
            for call in reversed(calls)
        ),
        *({"type": "response.output_item.done", "item": call} for call in calls),
        response_event("response.completed", 1, response={"output": calls}),
    )
    assert [said(events, f"tool_call:{n}") for n in range(2)] == ["[0]", "[1]"]
    assert [said(events, f"repeat:tool_call:{n}") for n in range(2)] == ["[0][0]", "[1][1]"]
    assert [said(events, f"tool_name:{n}") for n in range(2)] == ["f0", "f1"]


def test_a_reply_that_only_its_last_event_tells_is_said_there() -> None:
    events = stream(response_event("response.completed", 1, response=RESPONSE))
    assert (said(events), said(events, "reasoning"), said(events, "refusal")) == ("Rain", "Clouds", "No")


def test_what_contradicts_the_deltas_stands_apart_from_them() -> None:
    said_then = response_event("response.output_text.delta", 0, output_index=0, content_index=0, delta="yes")
    done = response_event("response.output_text.done", 1, output_index=0, content_index=0, text="no")
    events = stream(said_then, done, response_event("response.completed", 2, response={"output": []}))
    assert said(events) == "yes"
    assert said(events, "other") == "no"


def test_what_a_snapshot_repeats_of_the_request_is_an_echo() -> None:
    events = stream(*RESPONSE_STREAM)
    assert fields(events, "Be brief.") == ["repeat:echo", "repeat:echo"]


def test_why_a_response_failed_is_said() -> None:
    failed = {**RESPONSE, "status": "failed", "error": {"code": "server_error", "message": "out of memory"}}
    events = stream(response_event("response.failed", 0, response=failed))
    assert said(events, "error") == "server_errorout of memory"


def test_many_deltas_of_several_parts_are_each_a_repetition_when_they_are_done() -> None:
    words = ["one ", "two ", "three "] * 40
    events = [
        response_event("response.output_text.delta", 0, output_index=0, content_index=part, delta=f"{part}{word}")
        for word in words for part in (0, 1)
    ]  # fmt: skip
    whole = ["".join(f"{part}{word}" for word in words) for part in (0, 1)]
    content = [{"type": "output_text", "text": text} for text in whole]
    result = stream(*events, response_event("response.completed", 1, response={"output": [{"content": content}]}))
    assert fields(result, whole[0]) == fields(result, whole[1]) == ["repeat:content"]


def kept(events: list[Event]) -> list[str]:
    return [event.response_id for event in events if event.response_id is not None]


def test_items_of_a_stored_response_are_named() -> None:
    data = msgspec.json.encode(RESPONSE)
    assert kept(replay(reader("responses", stream=False, store=True), data)) == ["rs_1", "msg_1", "fc_1", "resp_1"]
    items = [item_event("done", index, **item) for index, item in enumerate(RESPONSE["output"])]
    events = stream(*items, response_event("response.completed", 3, response=RESPONSE), store=True)
    assert kept(events) == ["rs_1", "msg_1", "fc_1", "resp_1"]


def test_items_that_only_the_last_event_names_are_named_before_it() -> None:
    events = stream(
        item_event("done", 1, **RESPONSE["output"][1]), response_event("response.completed", 3, response=RESPONSE),
        store=True,
    )  # fmt: skip
    assert kept(events) == ["msg_1", "rs_1", "fc_1", "resp_1"]
    assert [event.hidden for event in events] == [False, True, True, False]
    assert events[-1].last


def test_a_reply_of_endless_items_names_a_bounded_number() -> None:
    items = [{"type": "message", "id": f"msg_{index}"} for index in range(2_000)]
    data = msgspec.json.encode({**RESPONSE, "output": items})
    assert len(kept(replay(reader("responses", stream=False, store=True), data))) == 257
    events = [item_event("done", index, **item) for index, item in enumerate(items)]
    assert len(kept(stream(*events, response_event("response.completed", 3, response=RESPONSE), store=True))) == 257


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
        ("response.custom_tool_call_input.delta", "tool_call_text:3", "delta"),
        ("response.mcp_call_arguments.done", "repeat:tool_call:3", "arguments"),
        ("response.code_interpreter_call_code.delta", "tool_call_text:3", "delta"),
        ("response.something_new.delta", "other", "delta"),
    ],
)
def test_fields_of_events(kind: str, field: str, key: str) -> None:
    reads = reader("responses", stream=True)
    if field.startswith("repeat:"):
        said_so = response_event(kind.replace(".done", ".delta"), 0, output_index=3, delta="x")
        reads.feed(sse(said_so, named=True))
    (event,) = reads.feed(sse(response_event(kind, 1, output_index=3, **{key: "x"}), named=True))
    said = [(delta.field, delta.text) for delta in event.deltas if delta.field != "envelope"]
    assert said == [(field, "x")]


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


def test_the_sdk_takes_a_refusal_in_mid_stream_for_an_error() -> None:
    reads = reader("responses", stream=True)
    reads.feed(sse(*RESPONSE_STREAM[:3], named=True))
    failed = reads.fail(Deny(Code.OUTPUT_LIMIT, "too much"), "req_1")
    assert failed.startswith(b"event: error\n")
    tree = msgspec.json.decode(failed.partition(b"data: ")[2])
    typed = openai.types.responses.ResponseErrorEvent.model_validate(tree)
    assert (typed.code, typed.message, typed.sequence_number) == ("output_limit", "too much", 3)
    assert tree["error"]["message"] == "too much"


def delta_event(text: str, number: int = 0, item: int = 0, part: int = 0, stem: str = "output_text") -> dict[str, Any]:
    return response_event(f"response.{stem}.delta", number, output_index=item, content_index=part, delta=text)


COMPLETED = response_event("response.completed", 9, response={"output": []})
CONTENT = (0, "content")


def ends(*events: dict[str, Any]) -> list[tuple[bool, set[tuple[int, str]]]]:
    return [(event.hidden, set(event.ends)) for event in stream(*events)]


@pytest.mark.parametrize("stem", ["output_text", "content_part", "output_item"])
def test_a_field_ends_when_its_place_is_done(stem: str) -> None:
    done = response_event(f"response.{stem}.done", 1, output_index=0, content_index=0)
    assert ends(delta_event("a"), done, COMPLETED) == [(False, set()), (False, {CONTENT}), (False, set())]


def test_a_field_ends_where_another_place_or_item_begins_or_the_response_ends() -> None:
    assert ends(delta_event("a"), delta_event("b", part=1), delta_event("c", item=1), COMPLETED) == [
        (False, set()), (True, {CONTENT}), (False, set()), (True, {CONTENT}), (False, set()), (False, {CONTENT}),
    ]  # fmt: skip
    added = item_event("added", 1, type="message", id="m", content=[])
    assert ends(delta_event("a"), added, COMPLETED)[1] == (False, {CONTENT})


def test_what_no_delta_said_is_whole() -> None:
    part = {"type": "output_text", "text": "all at once"}
    added = response_event("response.content_part.added", 0, output_index=0, content_index=0, part=part)
    assert ends(added, delta_event("more"), COMPLETED) == [(False, {CONTENT}), (False, set()), (False, {CONTENT})]
    again = {**added, "output_index": 1}
    assert ends(delta_event("a"), again, COMPLETED)[1:3] == [(True, {CONTENT}), (False, {CONTENT})]


def test_endless_fields_are_bounded() -> None:
    deltas = [delta_event("{}", item=item, stem="function_call_arguments") for item in range(1_030)]
    events = stream(*deltas, COMPLETED)
    assert sum(len(event.ends) for event in events) == 1_030
    assert len(events[-1].ends) == 1_024


def test_added_events_are_numbered_and_later_ones_anew() -> None:
    reads = reader("responses", stream=True)
    data = sse(delta_event("a", 4), delta_event("b", 6, part=1), response_event("error", 8), named=True)
    written = b""
    for event in reads.feed(data):
        if event.ends:
            for text in ("held", "more"):
                said = reads.say(*CONTENT, text)
                assert said is not None
                written += reads.write(said)
        written += reads.write(event)
    written += reads.fail(Deny(Code.OUTPUT_LIMIT, "too much"), "req_1")
    trees = [msgspec.json.decode(block.partition(b"data: ")[2]) for block in written.split(b"\n\n") if block]
    assert [tree["sequence_number"] for tree in trees] == [4, 5, 6, 8, 10, 11]
    assert trees[1] == {
        "type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "held",
        "sequence_number": 5,
    }  # fmt: skip


def test_a_server_that_numbers_nothing_gets_no_numbers() -> None:
    reads = reader("responses", stream=True)
    tree = delta_event("a")
    del tree["sequence_number"]
    (event,) = reads.feed(sse(tree, named=True))
    reads.write(event)
    said = reads.say(*CONTENT, "held")
    assert said is not None
    assert b"sequence_number" not in reads.write(said)
