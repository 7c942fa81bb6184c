"""Chat completions of the sample model have the shapes that the official SDK declares."""

from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from narrows.demo.sample.chat import answer
from narrows.demo.sample.wire import Json, Refused, Stamp

STAMP = Stamp("1", 1_700_000_000)
TOOLS = [
    {"type": "function", "function": {"name": "other"}},
    {"type": "function", "function": {"name": "look_up", "parameters": {"properties": {"q": {"type": "string"}}}}},
]


def body(text: str, **members: Any) -> Json:
    return {"model": "sample-small", "messages": [{"role": "user", "content": text}], **members}


def buffered(request: Json) -> ChatCompletion:
    return ChatCompletion.model_validate(answer(request, STAMP).body, strict=True)


def streamed(request: Json) -> list[ChatCompletionChunk]:
    reply = answer({**request, "stream": True}, STAMP)
    assert reply.body is None
    assert reply.done
    return [ChatCompletionChunk.model_validate(frame.data, strict=True) for frame in reply.frames]


def test_a_buffered_reply() -> None:
    completion = buffered(body("hello"))
    assert completion.model == "sample-small"
    assert (completion.choices[0].message.content or "").endswith("You said: hello")
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


def test_a_stream_says_the_same() -> None:
    chunks = streamed(body("hello"))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == buffered(body("hello")).choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert all(chunk.usage is None for chunk in chunks)


def test_usage_is_streamed_when_asked_for() -> None:
    chunks = streamed(body("hello", stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage == buffered(body("hello")).usage


@pytest.mark.parametrize("cap", ["max_tokens", "max_completion_tokens"])
def test_a_cap_ends_it_early(cap: str) -> None:
    completion = buffered(body("count to 500", **{cap: 5}))
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 5


def test_several_choices() -> None:
    assert [choice.index for choice in buffered(body("hello", n=3)).choices] == [0, 1, 2]
    assert {chunk.choices[0].index for chunk in streamed(body("hello", n=2))} == {0, 1}


def test_a_tool_call() -> None:
    choice = buffered(body("use the tool", tools=TOOLS)).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert choice.message.tool_calls is not None


def test_the_tool_that_was_chosen() -> None:
    chosen = {"type": "function", "function": {"name": "look_up"}}
    chunks = streamed(body("use the tool", tools=TOOLS, tool_choice=chosen))
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert calls[0].function is not None
    assert calls[0].function.name == "look_up"
    assert "".join(call.function.arguments or "" for call in calls if call.function) == '{"q": "use the tool"}'


def test_tools_can_be_forbidden() -> None:
    assert buffered(body("use the tool", tools=TOOLS, tool_choice="none")).choices[0].finish_reason == "stop"


def test_a_tool_result_is_repeated() -> None:
    request = body("use the tool", tools=TOOLS)
    request["messages"] += [{"role": "tool", "tool_call_id": "x", "content": "42"}]
    assert buffered(request).choices[0].message.content == "The tool answered: 42"


@pytest.mark.parametrize("messages", [None, [], "text", [1]])
def test_no_messages_is_refused(messages: object) -> None:
    with pytest.raises(Refused, match="messages"):
        answer({"model": "sample-small", "messages": messages}, STAMP)
