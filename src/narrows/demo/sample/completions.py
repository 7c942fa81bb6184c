"""OpenAI's older text completions, as the sample model speaks them: `POST /v1/completions`, buffered and streamed.

Shapes: https://platform.openai.com/docs/api-reference/completions. Pure.
"""

from collections.abc import Iterator
from typing import Final

from narrows.demo.sample.reply import Asked, Reply, compose, count_tokens
from narrows.demo.sample.wire import Answer, Frame, Json, Refused, Stamp, chat_model, mapping, strings, whole

_DEFAULT_CAP: Final = 16
"""What the API itself defaults `max_tokens` to."""


def answer(body: Json, stamp: Stamp) -> Answer:
    """Serves one request. Raises Refused."""
    model = chat_model(body)
    prompts = strings(body.get("prompt"))
    if not prompts:
        raise Refused(400, "'prompt' must be a string or an array of strings", param="prompt")
    cap = whole(body, "max_tokens") or _DEFAULT_CAP
    stop = strings(body.get("stop"))
    replies = [compose(Asked(model, prompt, count_tokens(prompt), cap=cap, stop=stop)) for prompt in prompts]
    echoes = prompts if body.get("echo") is True else ("",) * len(prompts)
    choices = [pair for pair in zip(echoes, replies, strict=True) for _ in range(whole(body, "n") or 1)]
    usage = _usage(replies, choices)
    head = {"id": f"cmpl-{stamp.id}", "object": "text_completion", "created": stamp.now, "model": model}
    if body.get("stream") is True:
        include_usage = mapping(body.get("stream_options")).get("include_usage") is True
        return Answer(frames=_stream(head, choices, usage if include_usage else None), done=True)
    rows = [_row(index, echo + reply.text, reply.finish) for index, (echo, reply) in enumerate(choices)]
    return Answer(body={**head, "choices": rows, "usage": usage})


def _stream(head: Json, choices: list[tuple[str, Reply]], usage: Json | None) -> Iterator[Frame]:
    pending = {} if usage is None else {"usage": None}
    for index, (echo, reply) in enumerate(choices):
        for word in (echo, *reply.words) if echo else reply.words:
            yield Frame({**head, "choices": [_row(index, word, None)], **pending})
        yield Frame({**head, "choices": [_row(index, "", reply.finish)], **pending})
    if usage is not None:
        yield Frame({**head, "choices": [], "usage": usage})


def _row(index: int, text: str, finish: str | None) -> Json:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish}


def _usage(replies: list[Reply], choices: list[tuple[str, Reply]]) -> Json:
    prompt = sum(reply.prompt_tokens for reply in replies)
    completion = sum(reply.completion_tokens for _, reply in choices)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
