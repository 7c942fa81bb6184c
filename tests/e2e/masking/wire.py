"""Replies as upstreams write them: whole, or as event streams cut in any way."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any

from e2e.scripted import STREAM, Behaviour, Connection, Seen, chunk, sends, whole

END = b"0\r\n\r\n"


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)] or [""]


def replies(body: Any, status: str = "200 OK") -> Behaviour:
    """A whole reply."""
    return sends(whole(json.dumps(body).encode(), status))


def events(payloads: Iterable[Any], *, named: bool = False, ascii_only: bool = True, done: bool = False) -> bytes:
    """An event stream; `ascii_only` writes every other character as `\\u` escapes, so that they are cut as well."""
    out = b""
    for payload in payloads:
        name = f"event: {payload['type']}\n" if named else ""
        out += f"{name}data: {json.dumps(payload, ensure_ascii=ascii_only)}\n\n".encode()
    return out + (b"data: [DONE]\n\n" if done else b"")


def streams(data: bytes, size: int = 1 << 20, *, end: bytes = END, pause: bool = False) -> Behaviour:
    """Sends a stream in pieces of `size` bytes. With `pause`, a piece that ends within a character goes alone."""

    async def behave(seen: Seen, writer: Connection) -> None:
        writer.write(STREAM)
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            writer.write(chunk(piece))
            await writer.drain()
            if pause and piece[-1] >= 0x80:
                await asyncio.sleep(0.002)
        writer.write(end)
        if not end:
            await asyncio.sleep(0.05)
            writer.close()

    return behave


def chat_chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish, **more}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def chat_reply(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    choices = [
        {"index": index, "message": {"role": "assistant", **message}, "finish_reason": "stop", **more}
        for index, message in enumerate(messages)
    ]
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, "usage": usage}


def call(arguments: str, number: int = 0, *, first: bool = True) -> dict[str, Any]:
    """One entry of `tool_calls`, for a whole reply or the first event of a stream; else what goes on."""
    begins = {"id": f"call_{number}", "type": "function"} if first else {}
    function = {"name": "lookup", "arguments": arguments} if first else {"arguments": arguments}
    return {"index": number, **begins, "function": function}


def chat_stream(text: str, size: int, **fields: str) -> list[dict[str, Any]]:
    """A chat reply's events: reasoning, refusal and so on in `fields`, then the content."""
    chunks = [chat_chunk({"role": "assistant", "content": ""})]
    for name, value in fields.items():
        chunks += [chat_chunk({name: piece}) for piece in cut(value, size)]
    chunks += [chat_chunk({"content": piece}) for piece in cut(text, size)]
    return [*chunks, chat_chunk({}, "stop")]


MESSAGE: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
    "stop_sequence": None, "usage": {"input_tokens": 5, "output_tokens": 3},
}  # fmt: skip


def message_reply(*content: dict[str, Any]) -> dict[str, Any]:
    return {**MESSAGE, "content": list(content)}


def message_stream(*blocks: tuple[dict[str, Any], Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """An Anthropic reply's events: each block as it starts, and its deltas."""
    out: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    ]
    for index, (start, deltas) in enumerate(blocks):
        out.append({"type": "content_block_start", "index": index, "content_block": start})
        out += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        out.append({"type": "content_block_stop", "index": index})
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    return [*out, {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 7}}, {"type": "message_stop"}]


def response(*output: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    usage = {
        "input_tokens": 9, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 12,
    }  # fmt: skip
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "m", "output": list(output),
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": usage,
    }  # fmt: skip


def said(texts: str | list[str]) -> dict[str, Any]:
    """A message among the items of a response, in one part or in several."""
    listed = [texts] if isinstance(texts, str) else texts
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in listed]
    return {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": parts}


def called(arguments: str) -> dict[str, Any]:
    return {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "lookup", "arguments": arguments,
            "status": "completed"}  # fmt: skip


def response_stream(text: str, arguments: str, size: int) -> list[dict[str, Any]]:
    """A response's events, in which everything is said three times."""
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    to = {"item_id": "fc_1", "output_index": 1}
    part = said(text)["content"][0]
    out: list[dict[str, Any]] = [
        {"type": "response.created", "response": response(status="in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": {**said(text), "content": []}},
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *({"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []} for piece in cut(text, size)),
        {"type": "response.output_text.done", **at, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": said(text)},
        {"type": "response.output_item.added", "output_index": 1, "item": called("")},
        *({"type": "response.function_call_arguments.delta", **to, "delta": piece} for piece in cut(arguments, size)),
        {"type": "response.function_call_arguments.done", **to, "name": "lookup", "arguments": arguments},
        {"type": "response.output_item.done", "output_index": 1, "item": called(arguments)},
        {"type": "response.completed", "response": response(said(text), called(arguments))},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(out)]


def response_of_parts(messages: Sequence[list[str]], size: int) -> list[dict[str, Any]]:
    """The events of a response whose messages have parts, in which everything is said three times."""
    items = [{**said(texts), "id": f"msg_{index}"} for index, texts in enumerate(messages)]
    out: list[dict[str, Any]] = [{"type": "response.created", "response": response(status="in_progress")}]
    for index, (item, texts) in enumerate(zip(items, messages, strict=True)):
        out.append({"type": "response.output_item.added", "output_index": index, "item": {**item, "content": []}})
        for position, (part, text) in enumerate(zip(item["content"], texts, strict=True)):
            at = {"item_id": item["id"], "output_index": index, "content_index": position}
            out.append({"type": "response.content_part.added", **at, "part": {**part, "text": ""}})
            out += [{"type": "response.output_text.delta", **at, "delta": piece} for piece in cut(text, size)]
            out.append({"type": "response.output_text.done", **at, "text": text})
            out.append({"type": "response.content_part.done", **at, "part": part})
        out.append({"type": "response.output_item.done", "output_index": index, "item": item})
    out.append({"type": "response.completed", "response": response(*items)})
    return [{**event, "sequence_number": number} for number, event in enumerate(out)]
