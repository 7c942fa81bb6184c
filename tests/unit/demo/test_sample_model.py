"""The sample model server: routes, streams, errors in each API's shape."""

import itertools

import pytest

from narrows.demo.sample_model import SampleModel
from unit.demo.exchange import Recorded, ask

CHAT = {"model": "sample-small", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def model() -> SampleModel:
    numbers = itertools.count()
    return SampleModel(delay=0, now=lambda: 1_700_000_000.9, new_id=lambda: str(next(numbers)))


@pytest.mark.parametrize("prefix", ["", "/openai"])
async def test_chat(model: SampleModel, prefix: str) -> None:
    reply = await ask(model, "POST", f"{prefix}/v1/chat/completions", CHAT)
    assert reply.status == 200
    assert reply.headers[b"content-type"] == b"application/json"
    assert reply.json["created"] == 1_700_000_000


async def test_a_stream_ends_with_done(model: SampleModel) -> None:
    reply = await ask(model, "POST", "/v1/chat/completions", {**CHAT, "stream": True})
    assert reply.headers[b"content-type"].startswith(b"text/event-stream")
    assert reply.events[-1] == (None, "[DONE]")
    assert len(reply.pieces) > 10


@pytest.mark.parametrize("prefix", ["", "/anthropic"])
async def test_messages(model: SampleModel, prefix: str) -> None:
    reply = await ask(model, "POST", f"{prefix}/v1/messages", {**CHAT, "max_tokens": 9, "stream": True})
    assert [name for name, _ in reply.events][-1] == "message_stop"
    counted = await ask(model, "POST", f"{prefix}/v1/messages/count_tokens", CHAT)
    assert counted.json["input_tokens"] > 0


async def test_the_other_operations(model: SampleModel) -> None:
    paths = {
        "/v1/responses": {"model": "sample-small", "input": "hi"},
        "/v1/completions": {"model": "sample-small", "prompt": "hi"},
        "/v1/embeddings": {"model": "sample-embed", "input": "hi"},
    }
    for path, body in paths.items():
        assert (await ask(model, "POST", path, body)).status == 200


async def test_models_follow_the_prefix_and_the_header(model: SampleModel) -> None:
    assert "object" in (await ask(model, "GET", "/v1/models")).json
    assert "object" in (await ask(model, "GET", "/openai/v1/models")).json
    assert "has_more" in (await ask(model, "GET", "/anthropic/v1/models")).json
    headers = {b"anthropic-version": b"2023-06-01"}
    assert "has_more" in (await ask(model, "GET", "/v1/models", headers=headers)).json
    assert (await ask(model, "GET", "/v1/models/sample-small")).json["id"] == "sample-small"


async def test_errors_have_the_shape_of_their_api(model: SampleModel) -> None:
    unknown = {**CHAT, "model": "gpt", "max_tokens": 1}
    openai = await ask(model, "POST", "/v1/chat/completions", unknown)
    assert (openai.status, openai.json["error"]["code"]) == (404, "model_not_found")
    anthropic = await ask(model, "POST", "/v1/messages", unknown)
    assert (anthropic.status, anthropic.json["error"]["type"]) == (404, "not_found_error")


def reason(reply: Recorded) -> str:
    message: str = reply.json["error"]["message"]
    return message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'"text"'])
async def test_a_body_that_is_no_object_is_refused(model: SampleModel, body: bytes) -> None:
    reply = await ask(model, "POST", "/v1/chat/completions", body)
    assert reply.status == 400
    assert "JSON" in reason(reply)


async def test_a_body_that_is_too_large_is_refused(model: SampleModel) -> None:
    reply = await ask(model, "POST", "/v1/chat/completions", b" " * (32 * 1024 * 1024 + 1))
    assert reply.status == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/v1/chat/completions"), ("POST", "/anthropic/v1/embeddings"), ("DELETE", "/v1/models")],
)
async def test_other_routes_are_not_found(model: SampleModel, method: str, path: str) -> None:
    assert (await ask(model, method, path, b"{}")).status == 404


ODD: list[object] = [
    None,
    True,
    7,
    "text",
    [],
    [1],
    {},
    {"function": 3},
    {"name": []},
    [{"type": "function", "function": 3}],
]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("path", ["chat/completions", "responses", "completions", "embeddings", "messages"])
async def test_members_of_odd_types_are_answered_or_refused_but_never_raise(
    model: SampleModel, path: str, value: object
) -> None:
    name = "sample-embed" if path == "embeddings" else "sample-small"
    good = {"model": name, "messages": CHAT["messages"], "input": "use the tool", "prompt": "x", "max_tokens": 5}
    names = ["stream", "stream_options", "tools", "tool_choice", "stop", "metadata", "instructions", "system", "n"]
    for member in [*names, "messages", "input", "prompt", "previous_response_id", "encoding_format", "dimensions"]:
        reply = await ask(model, "POST", f"/v1/{path}", {**good, "tools": [], member: value})
        assert reply.status in (200, 400)
