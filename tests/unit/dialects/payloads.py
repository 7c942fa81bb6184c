"""Requests and replies as real clients and servers send them: what the dialects' tests read, alter and plant in."""

from typing import Any

import msgspec

from narrows.config.schema import Connection, ConnectionCredential
from narrows.dialects.registry import build_dialect
from narrows.model.call import Asked
from narrows.model.reply import Event
from narrows.model.verdict import Deny
from narrows.ports.dialect import Dialect, ReplyReader

PIXEL = "iVBORw0KGgo="


def connection(kind: str, url: str = "https://api.example.com", **more: Any) -> Connection:
    return Connection(url=url, dialect=kind, credential=ConnectionCredential(none=True), **more)  # type: ignore[arg-type]


def dialect(kind: str, **more: Any) -> Dialect:
    return build_dialect(connection(kind, **more))


PATHS = {
    "chat": ("openai", "/v1/chat/completions"),
    "responses": ("openai", "/v1/responses"),
    "completions": ("openai", "/v1/completions"),
    "embeddings": ("openai", "/v1/embeddings"),
    "moderations": ("openai", "/v1/moderations"),
    "messages": ("anthropic", "/v1/messages"),
    "count_tokens": ("anthropic", "/v1/messages/count_tokens"),
    "json": ("json", "/predict"),
}


def read(name: str, body: dict[str, Any], **more: Any) -> Asked | Deny:
    kind, path = PATHS[name]
    speaks = dialect(kind, **more)
    route = speaks.route("POST", path, "")
    assert route is not None
    return speaks.read(route, body)


def asked(name: str, body: dict[str, Any], **more: Any) -> Asked:
    result = read(name, body, **more)
    assert isinstance(result, Asked), result
    return result


def sent(name: str, body: dict[str, Any], cap: int | None = None, model: str | None = None, **more: Any) -> Any:
    """The body that goes upstream."""
    kind, _ = PATHS[name]
    forward = dialect(kind, **more).forward(asked(name, body, **more), model, cap)
    return msgspec.json.decode(forward.body)


def reader(name: str, *, stream: bool, **request: Any) -> ReplyReader:
    kind, _ = PATHS[name]
    return dialect(kind).reply(asked(name, {**REQUESTS[name], **request}), stream=stream, usable=lambda _: True)


def replay(reads: ReplyReader, data: bytes, size: int = 1 << 20) -> list[Event]:
    """The events of a whole reply that arrives in pieces of `size` bytes."""
    events = [event for at in range(0, len(data), size) for event in reads.feed(data[at : at + size])]
    return events + reads.close()


def said(events: list[Event], field: str = "content", choice: int = 0) -> str:
    deltas = [delta for event in events for delta in event.deltas]
    return "".join(delta.text for delta in deltas if delta.field == field and delta.choice == choice)


def sse(*events: dict[str, Any] | str, named: bool = False) -> bytes:
    frames = []
    for event in events:
        data = event if isinstance(event, str) else msgspec.json.encode(event).decode()
        name = f"event: {event['type']}\n" if named and isinstance(event, dict) else ""
        frames.append(f"{name}data: {data}\n\n")
    return "".join(frames).encode()


FUNCTION = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Its name", "enum": ["Paris", "Oslo"]}},
            "required": ["city"],
        },
    },
}

CHAT: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "In English."}]},
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PIXEL}"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "refusal": "I won't.",
            "reasoning_content": "Hmm.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain"},
    ],
    "tools": [FUNCTION, {"type": "custom", "custom": {"name": "shell", "description": "Runs a line"}}],
    "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}},
    "prediction": {"type": "content", "content": "Perhaps rain"},
    "temperature": 0.7,
    "stop": ["END"],
    "stream": False,
    "stream_options": {"include_usage": True},
    "user": "ada@example.com",
    "metadata": {"team": "red"},
    "logit_bias": {"50256": -100},
}

RESPONSES: dict[str, Any] = {
    "model": "gpt-5-mini",
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": "Hello"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
                {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PIXEL}"},
            ],
        },
        {"type": "message", "role": "assistant", "status": "completed", "id": "msg_1",
         "content": [{"type": "output_text", "text": "A dot", "annotations": []},
                     {"type": "refusal", "refusal": "No"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Thought"}],
         "encrypted_content": "gAAAA"},
        {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "Rain"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "Sun"}]},
    ],
    "tools": [{"type": "function", "name": "get_weather", "description": "Weather", "parameters": {"type": "object"}}],
    "text": {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}, "verbosity": "low"},
    "reasoning": {"effort": "low"},
    "include": ["reasoning.encrypted_content"],
    "metadata": {"team": "red"},
}  # fmt: skip

MESSAGES: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 2048,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hmm", "signature": "c2ln"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo", "days": 2}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "Rain"}]},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                {
                    "type": "document",
                    "title": "Notes",
                    "source": {"type": "text", "media_type": "text/plain", "data": "Plain notes"},
                },
            ],
        },
    ],
    "tools": [
        {
            "name": "get_weather",
            "description": "Weather",
            "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
        }
    ],
    "metadata": {"user_id": "ada"},
    "stop_sequences": ["END"],
}

REQUESTS: dict[str, dict[str, Any]] = {
    "chat": CHAT,
    "responses": RESPONSES,
    "completions": {"model": "davinci-002", "prompt": ["Once", "Twice"], "suffix": "end", "stop": "END", "logprobs": 2},
    "embeddings": {"model": "text-embedding-3-small", "input": ["one", "two"], "encoding_format": "float"},
    "moderations": {"model": "omni-moderation-latest", "input": ["one", "two"]},
    "messages": MESSAGES,
    "count_tokens": {name: MESSAGES[name] for name in ("model", "system", "messages", "tools")},
    "json": {"inputs": [{"text": "Hello", "lang": "en"}], "options": {"mode": "fast"}},
}

CHAT_REPLY: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Rain",
                "refusal": None,
                "reasoning_content": "Clouds",
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"a":1}'}}
                ],
            },
            "logprobs": {"content": [{"token": "Ra", "logprob": -0.1, "bytes": [82], "top_logprobs": []}]},
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 9,
        "completion_tokens": 3,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 1},
    },
    "system_fingerprint": "fp_1",
}


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [choice], **more}


USAGE_CHUNK: dict[str, Any] = {
    "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}  # fmt: skip

CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
CHAT_STREAM = (
    chunk({"role": "assistant", "content": ""}, usage=None),
    chunk({"reasoning_content": "Hmm"}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo 🙂"}),
    chunk({"tool_calls": [CALL]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city"'}}]}),
    chunk({}, "tool_calls"),
    USAGE_CHUNK,
    "[DONE]",
)

RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1700000000,
    "status": "completed",
    "model": "gpt-5-mini-2025-08-07",
    "instructions": "Be brief.",
    "output": [
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Clouds"}]},
        {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Rain", "annotations": [{"type": "url_citation", "title": "Met"}]},
                {"type": "refusal", "refusal": "No"},
            ],
        },
        {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"a":1}'},
    ],
    "usage": {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 12,
    },
}


def response_event(kind: str, number: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "sequence_number": number, **more}


_STARTED = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
_ITEM = {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
RESPONSE_STREAM = (
    response_event("response.created", 0, response=_STARTED),
    response_event("response.output_item.added", 1, output_index=0, item=_ITEM),
    response_event("response.output_text.delta", 2, item_id="msg_1", output_index=0, content_index=0, delta="Ra",
                   logprobs=[]),
    response_event("response.output_text.delta", 3, item_id="msg_1", output_index=0, content_index=0, delta="in"),
    response_event("response.output_text.done", 4, item_id="msg_1", output_index=0, content_index=0, text="Rain"),
    response_event("response.function_call_arguments.delta", 5, item_id="fc_1", output_index=2, delta='{"a":1}'),
    response_event("response.function_call_arguments.done", 6, item_id="fc_1", output_index=2, arguments='{"a":1}'),
    response_event("response.completed", 7, response=RESPONSE),
)  # fmt: skip

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [
        {"type": "thinking", "thinking": "Clouds", "signature": "c2ln"},
        {"type": "text", "text": "Rain", "citations": [{"type": "char_location", "cited_text": "It rains"}]},
        {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 1, "output_tokens": 3},
}

MESSAGE_STREAM = (
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ra"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "in 🙂"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1,
     "content_block": {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"city":'}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None},
     "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
)  # fmt: skip

REPLIES: dict[str, dict[str, Any]] = {
    "chat": CHAT_REPLY,
    "responses": RESPONSE,
    "completions": {
        "id": "cmpl-1", "object": "text_completion", "created": 1, "model": "davinci-002",
        "choices": [{"text": "upon", "index": 0, "logprobs": {"tokens": ["upon"]}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    },
    "embeddings": {
        "object": "list", "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1, -0.25]}],
        "usage": {"prompt_tokens": 2, "total_tokens": 2},
    },
    "moderations": {
        "id": "modr-1", "model": "omni-moderation-latest",
        "results": [
            {
                "flagged": True, "categories": {"violence": True, "self-harm/intent": False, "illicit": None},
                "category_scores": {"violence": 0.97, "self-harm/intent": 1e-7},
                "category_applied_input_types": {"violence": ["text"], "self-harm/intent": []},
            }
        ],
    },
    "messages": MESSAGE,
    "count_tokens": {"input_tokens": 11},
    "json": {"outputs": [{"label": "greeting", "score": 0.5}], "took": 3},
}  # fmt: skip

STREAMS: dict[str, bytes] = {
    "chat": sse(*CHAT_STREAM),
    "responses": sse(*RESPONSE_STREAM, named=True),
    "messages": sse(*MESSAGE_STREAM, named=True),
    "json": sse({"text": "Hel"}, {"text": "lo"}, "[DONE]"),
}
