"""Responses of the sample model have the shapes that the official SDK declares."""

from typing import Any

import pytest
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseStreamEvent
from pydantic import TypeAdapter

from narrows.demo.sample.responses import Responses
from narrows.demo.sample.wire import Json, Refused, Stamp

STAMP = Stamp("1", 1_700_000_000)
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
TOOL = {"type": "function", "name": "look_up", "parameters": {"properties": {"q": {"type": "string"}}}, "strict": None}


def body(given: object, **members: Any) -> Json:
    return {"model": "sample-small", "input": given, **members}


def buffered(request: Json) -> Response:
    return Response.model_validate(Responses().answer(request, STAMP).body)


def streamed(request: Json) -> list[Any]:
    frames = list(Responses().answer({**request, "stream": True}, STAMP).frames)
    assert [frame.data["sequence_number"] for frame in frames] == list(range(len(frames)))
    assert all(frame.name == frame.data["type"] for frame in frames)
    return [EVENT.validate_python(frame.data) for frame in frames]


def test_a_buffered_reply() -> None:
    response = buffered(body("hello", instructions="Be brief."))
    assert response.status == "completed"
    assert response.output_text.endswith("You said: hello")
    assert response.usage is not None
    assert response.usage.input_tokens > 2


def test_a_stream_says_the_same() -> None:
    events = streamed(body([{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}]))
    whole = buffered(body("hello"))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole.output_text
    assert [event.type for event in events][:3] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
    ]
    assert events[-1].type == "response.completed"
    assert events[-1].response.output == whole.output


def test_a_cap_leaves_it_incomplete() -> None:
    response = buffered(body("count to 500", max_output_tokens=16))
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert streamed(body("count to 500", max_output_tokens=16))[-1].type == "response.incomplete"


def test_a_tool_call() -> None:
    response = buffered(body("use the tool", tools=[TOOL]))
    call = response.output[0]
    assert isinstance(call, ResponseFunctionToolCall)
    assert (call.name, call.arguments) == ("look_up", '{"q": "use the tool"}')
    events = streamed(body("use the tool", tools=[TOOL]))
    pieces = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert "".join(pieces) == call.arguments


def test_tools_can_be_forbidden() -> None:
    assert buffered(body("use the tool", tools=[TOOL], tool_choice="none")).output_text.endswith("use the tool")


def test_a_tool_result_is_repeated() -> None:
    items = [{"role": "user", "content": "hi"}, {"type": "function_call_output", "call_id": "c", "output": "42"}]
    assert buffered(body(items)).output_text == "The tool answered: 42"


def test_it_knows_the_responses_it_gave() -> None:
    responses = Responses()
    first = Response.model_validate(responses.answer(body("hello"), STAMP).body)
    again = responses.answer(body("more", previous_response_id=first.id), Stamp("2", 1))
    second = Response.model_validate(again.body)
    assert second.previous_response_id == first.id
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.input_tokens > first.usage.total_tokens


def test_it_does_not_know_what_it_did_not_store() -> None:
    responses = Responses()
    responses.answer(body("hello", store=False), STAMP)
    with pytest.raises(Refused, match="not found"):
        responses.answer(body("more", previous_response_id="resp_1"), STAMP)


def test_its_memory_is_bounded() -> None:
    responses = Responses()
    for number in range(1001):
        responses.answer(body("x"), Stamp(str(number), 1))
    responses.answer(body("x", previous_response_id="resp_1000"), STAMP)
    with pytest.raises(Refused):
        responses.answer(body("x", previous_response_id="resp_0"), STAMP)


@pytest.mark.parametrize("given", [None, [], 4])
def test_no_input_is_refused(given: object) -> None:
    with pytest.raises(Refused, match="input"):
        Responses().answer(body(given), STAMP)
