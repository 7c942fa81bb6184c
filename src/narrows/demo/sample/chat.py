"""OpenAI chat completions, as the sample model speaks them: `POST /v1/chat/completions`, buffered and streamed.

Shapes: https://platform.openai.com/docs/api-reference/chat. Pure.
"""

from collections.abc import Iterator
from typing import Any, Final

from narrows.demo.sample.reply import Asked, Reply, Tool, compose, in_pieces
from narrows.demo.sample.wire import (
    Answer,
    Frame,
    Json,
    Message,
    Refused,
    Stamp,
    chat_model,
    flat_text,
    last_user,
    mapping,
    objects,
    prompt_tokens,
    strings,
    whole,
)

_FINISH: Final = {"stop": "stop", "length": "length", "tool": "tool_calls"}


def answer(body: Json, stamp: Stamp) -> Answer:
    """Serves one request. Raises Refused."""
    reply = compose(_read(body))
    choices = whole(body, "n") or 1
    head = {"id": f"chatcmpl-{stamp.id}", "created": stamp.now, "model": body["model"]}
    if body.get("stream") is True:
        include_usage = mapping(body.get("stream_options")).get("include_usage") is True
        frames = _stream(head, reply, choices, stamp, include_usage=include_usage)
        return Answer(frames=frames, done=True)
    rows = [_choice(index, reply, stamp) for index in range(choices)]
    return Answer(body={**head, "object": "chat.completion", "choices": rows, "usage": _usage(reply, choices)})


def _read(body: Json) -> Asked:
    model = chat_model(body)
    rows = list(objects(body.get("messages")))
    if not rows:
        raise Refused(400, "'messages' must be a non-empty array", param="messages")
    messages = [Message(str(row.get("role", "")), flat_text(row.get("content"))) for row in rows]
    newest = messages[-1]
    return Asked(
        model,
        last_user(messages),
        prompt_tokens(messages),
        _tools(body),
        newest.text if newest.role == "tool" else None,
        whole(body, "max_completion_tokens", "max_tokens"),
        strings(body.get("stop")),
    )


def _tools(body: Json) -> tuple[Tool, ...]:
    """The tools offered, the one that `tool_choice` names first."""
    choice = body.get("tool_choice")
    if choice == "none":
        return ()
    wanted = mapping(mapping(choice).get("function")).get("name")
    functions = [mapping(row.get("function")) for row in objects(body.get("tools")) if row.get("type") == "function"]
    tools = [Tool(str(function.get("name", "")), mapping(function.get("parameters"))) for function in functions]
    return tuple(sorted(tools, key=lambda tool: tool.name != wanted))


def _choice(index: int, reply: Reply, stamp: Stamp) -> Json:
    message: Json = {"role": "assistant", "content": reply.text if reply.tool is None else None, "refusal": None}
    if reply.tool is not None:
        function = {"name": reply.tool.name, "arguments": reply.tool.arguments}
        message["tool_calls"] = [{"id": _call_id(stamp, index), "type": "function", "function": function}]
    return {"index": index, "message": message, "logprobs": None, "finish_reason": _FINISH[reply.finish]}


def _stream(head: Json, reply: Reply, choices: int, stamp: Stamp, *, include_usage: bool) -> Iterator[Frame]:
    head = {**head, "object": "chat.completion.chunk"}
    usage = {"usage": None} if include_usage else {}

    def chunk(index: int, delta: Json, finish: str | None = None) -> Frame:
        row = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return Frame({**head, "choices": [row], **usage})

    for index in range(choices):
        for delta in _deltas(reply, index, stamp):
            yield chunk(index, delta)
        yield chunk(index, {}, _FINISH[reply.finish])
    if include_usage:
        yield Frame({**head, "choices": [], "usage": _usage(reply, choices)})


def _deltas(reply: Reply, index: int, stamp: Stamp) -> Iterator[Json]:
    if reply.tool is None:
        yield {"role": "assistant", "content": "", "refusal": None}
        for word in reply.words:
            yield {"content": word}
        return
    yield {"role": "assistant", "content": None}
    function: dict[str, Any] = {"name": reply.tool.name, "arguments": ""}
    yield {"tool_calls": [{"index": 0, "id": _call_id(stamp, index), "type": "function", "function": function}]}
    for piece in in_pieces(reply.tool.arguments):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def _call_id(stamp: Stamp, index: int) -> str:
    return f"call_{stamp.id}{index}"


def _usage(reply: Reply, choices: int) -> Json:
    completion = reply.completion_tokens * choices
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": reply.prompt_tokens + completion,
    }
