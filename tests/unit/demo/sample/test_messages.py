"""Messages of the sample model have the shapes that the official SDK declares."""

import json
from typing import Any

import pytest
from anthropic.types import Message, MessageTokensCount, RawMessageStreamEvent
from pydantic import TypeAdapter

from narrows.demo.sample.messages import answer, count
from narrows.demo.sample.wire import Json, Refused, Stamp

STAMP = Stamp("1", 1_700_000_000)
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
TOOL = {"name": "look_up", "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}}}


def body(text: str, **members: Any) -> Json:
    return {"model": "sample-small", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **members}


def buffered(request: Json) -> Message:
    return Message.model_validate(answer(request, STAMP).body)


def streamed(request: Json) -> list[Any]:
    """The events; every one is the declared type of its name, save `ping`, which the SDK's union leaves out."""
    reply = answer({**request, "stream": True}, STAMP)
    assert not reply.done
    frames = list(reply.frames)
    assert all(frame.name == frame.data["type"] for frame in frames)
    return [EVENT.validate_python(frame.data) for frame in frames if frame.name != "ping"]


def test_a_buffered_reply() -> None:
    message = buffered(body("hello"))
    assert message.stop_reason == "end_turn"
    assert message.content[0].type == "text"
    assert message.content[0].text.endswith("You said: hello")


def test_a_stream_says_the_same() -> None:
    events = streamed(body("hello"))
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    whole = buffered(body("hello"))
    assert whole.content[0].type == "text"
    assert text == whole.content[0].text
    assert [event.type for event in events][-2:] == ["message_delta", "message_stop"]
    assert events[-2].usage.output_tokens == whole.usage.output_tokens
    assert events[0].message.usage.input_tokens == whole.usage.input_tokens


def test_the_cap_ends_it_early() -> None:
    message = buffered(body("count to 500", max_tokens=5))
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 5


def test_a_stop_sequence_is_named() -> None:
    message = buffered(body("count to 9", stop_sequences=["4"]))
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "4")


def test_a_tool_call() -> None:
    message = buffered(body("use the tool", tools=[TOOL]))
    assert message.stop_reason == "tool_use"
    assert message.content[0].type == "tool_use"
    assert message.content[0].input == {"q": "use the tool"}


def test_a_streamed_tool_call() -> None:
    events = streamed(body("use the tool", tools=[TOOL]))
    pieces = [event.delta.partial_json for event in events if event.type == "content_block_delta"]
    assert json.loads("".join(pieces)) == {"q": "use the tool"}


def test_a_tool_result_is_repeated() -> None:
    request = body("use the tool", tools=[TOOL], tool_choice={"type": "auto"})
    result = {"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text", "text": "42"}]}
    request["messages"] += [{"role": "user", "content": [result]}]
    content = buffered(request).content[0]
    assert content.type == "text"
    assert content.text == "The tool answered: 42"


def test_tools_can_be_forbidden() -> None:
    assert buffered(body("use the tool", tools=[TOOL], tool_choice={"type": "none"})).stop_reason == "end_turn"


def test_counting_tokens_agrees_with_answering() -> None:
    request = body("hello", system=[{"type": "text", "text": "Be brief."}])
    counted = MessageTokensCount.model_validate(count(request).body, strict=True)
    assert counted.input_tokens == buffered(request).usage.input_tokens


@pytest.mark.parametrize("missing", ["max_tokens", "messages", "model"])
def test_what_is_required_is_required(missing: str) -> None:
    request = body("hello")
    del request[missing]
    with pytest.raises(Refused, match=missing):
        answer(request, STAMP)
