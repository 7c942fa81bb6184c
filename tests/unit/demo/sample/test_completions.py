"""Text completions of the sample model have the shapes that the official SDK declares."""

from typing import Any

import pytest
from openai.types import Completion

from narrows.demo.sample.completions import answer
from narrows.demo.sample.wire import Json, Refused, Stamp

STAMP = Stamp("1", 1_700_000_000)


def body(prompt: object, **members: Any) -> Json:
    return {"model": "sample-small", "prompt": prompt, "max_tokens": 100, **members}


def buffered(request: Json) -> Completion:
    return Completion.model_validate(answer(request, STAMP).body, strict=True)


def test_a_buffered_reply() -> None:
    completion = buffered(body("hello"))
    assert completion.choices[0].text.endswith("You said: hello")
    assert completion.choices[0].finish_reason == "stop"


def test_several_prompts_and_choices() -> None:
    assert [choice.index for choice in buffered(body(["a", "b"], n=2)).choices] == [0, 1, 2, 3]


def test_echo_repeats_the_prompt_first() -> None:
    assert buffered(body("Hear: ", echo=True)).choices[0].text.startswith("Hear: This is")


def test_the_default_cap_is_the_api_s() -> None:
    completion = buffered({"model": "sample-small", "prompt": "count to 99"})
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 16


def test_a_stream_says_the_same() -> None:
    # The SDK's type has no place for a finish_reason of None, which the API sends all the same.
    frames = [frame.data for frame in answer(body("hello", stream=True), STAMP).frames]
    assert "".join(frame["choices"][0]["text"] for frame in frames) == buffered(body("hello")).choices[0].text
    assert frames[-1]["choices"][0]["finish_reason"] == "stop"
    Completion.model_validate(frames[-1], strict=True)


def test_usage_is_streamed_when_asked_for() -> None:
    frames = list(answer(body("hi", stream=True, stream_options={"include_usage": True}), STAMP).frames)
    usage = buffered(body("hi")).usage
    assert usage is not None
    assert frames[-1].data["usage"]["total_tokens"] == usage.total_tokens


@pytest.mark.parametrize("prompt", [None, [], 5])
def test_no_prompt_is_refused(prompt: object) -> None:
    with pytest.raises(Refused, match="prompt"):
        answer(body(prompt), STAMP)
