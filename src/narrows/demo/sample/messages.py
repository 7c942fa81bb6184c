"""Anthropic messages, as the sample model speaks them: `POST /v1/messages` and `/v1/messages/count_tokens`.

Shapes: https://docs.anthropic.com/en/api/messages. Pure.
"""

import json
from collections.abc import Iterator
from typing import Final

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

_STOP_REASON: Final = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"}


def answer(body: Json, stamp: Stamp) -> Answer:
    """Serves one request. Raises Refused."""
    asked = _read(body)
    if asked.cap is None:
        raise Refused(400, "max_tokens: Field required", param="max_tokens")
    reply = compose(asked)
    if body.get("stream") is True:
        return Answer(frames=_stream(asked.model, reply, stamp))
    return Answer(body=_message(asked.model, reply, stamp))


def count(body: Json) -> Answer:
    """Counts a request's tokens without answering it. Raises Refused."""
    return Answer(body={"input_tokens": _read(body).prompt_tokens})


def _read(body: Json) -> Asked:
    model = chat_model(body)
    rows = list(objects(body.get("messages")))
    if not rows:
        raise Refused(400, "messages: at least one message is required", param="messages")
    system = flat_text(body.get("system"))
    messages = [Message("system", system)] if system else []
    messages += [Message(str(row.get("role", "")), flat_text(row.get("content"))) for row in rows]
    results = [flat_text(part.get("content")) for part in objects(rows[-1].get("content")) if _is_result(part)]
    return Asked(
        model,
        last_user(messages),
        prompt_tokens(messages),
        _tools(body),
        "\n".join(results) if results else None,
        whole(body, "max_tokens"),
        strings(body.get("stop_sequences")),
    )


def _is_result(part: Json) -> bool:
    return part.get("type") == "tool_result"


def _tools(body: Json) -> tuple[Tool, ...]:
    """The tools offered, the one that `tool_choice` names first."""
    choice = mapping(body.get("tool_choice"))
    if choice.get("type") == "none":
        return ()
    rows = objects(body.get("tools"))
    tools = [Tool(str(row.get("name", "")), mapping(row.get("input_schema"))) for row in rows]
    return tuple(sorted(tools, key=lambda tool: tool.name != choice.get("name")))


def _message(model: str, reply: Reply, stamp: Stamp) -> Json:
    head = _head(model, stamp, {"input_tokens": reply.prompt_tokens, "output_tokens": reply.completion_tokens})
    if reply.tool is None:
        head["content"] = [{"type": "text", "text": reply.text}]
    else:
        arguments = json.loads(reply.tool.arguments)
        head["content"] = [{"type": "tool_use", "id": _use_id(stamp), "name": reply.tool.name, "input": arguments}]
    return {**head, **_ending(reply)}


def _stream(model: str, reply: Reply, stamp: Stamp) -> Iterator[Frame]:
    start = _head(model, stamp, {"input_tokens": reply.prompt_tokens, "output_tokens": 1})
    yield _frame("message_start", message=start)
    block: Json
    if reply.tool is None:
        block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": word} for word in reply.words]
    else:
        block = {"type": "tool_use", "id": _use_id(stamp), "name": reply.tool.name, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in in_pieces(reply.tool.arguments)]
    yield _frame("content_block_start", index=0, content_block=block)
    yield _frame("ping")
    for delta in deltas:
        yield _frame("content_block_delta", index=0, delta=delta)
    yield _frame("content_block_stop", index=0)
    yield _frame("message_delta", delta=_ending(reply), usage={"output_tokens": reply.completion_tokens})
    yield _frame("message_stop")


def _frame(name: str, /, **members: object) -> Frame:
    return Frame({"type": name, **members}, name)


def _head(model: str, stamp: Stamp, usage: Json) -> Json:
    return {
        "id": f"msg_{stamp.id}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _ending(reply: Reply) -> Json:
    if reply.stopped_by is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": reply.stopped_by}
    return {"stop_reason": _STOP_REASON[reply.finish], "stop_sequence": None}


def _use_id(stamp: Stamp) -> str:
    return f"toolu_{stamp.id}"
