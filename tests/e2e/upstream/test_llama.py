"""The pooled client against llama.cpp's own server: buffered, streamed, kept alive, given up in the middle."""

import asyncio
import contextlib
import json

import pytest

from narrows.config.schema import Connection, ConnectionCredential
from narrows.ports.http import HeaderList, UpstreamFailed, UpstreamReply
from narrows.upstream.pool import ConnectionPool
from narrows.upstream.registry import Upstreams

JSON: HeaderList = ((b"content-type", b"application/json"),)


@pytest.fixture
def upstreams() -> Upstreams:
    return Upstreams()


@pytest.fixture
def pool(llama: str, upstreams: Upstreams) -> ConnectionPool:
    none = ConnectionCredential(none=True)
    return upstreams.get("llama", Connection(url=llama, dialect="openai", credential=none))


def chat(tokens: int, *, stream: bool) -> bytes:
    messages = [{"role": "user", "content": "hello"}]
    return json.dumps({"model": "tiny", "messages": messages, "max_tokens": tokens, "stream": stream}).encode()


async def test_a_buffered_reply(pool: ConnectionPool, upstreams: Upstreams) -> None:
    for _ in range(3):
        reply = await pool.send("POST", "/v1/chat/completions", JSON, chat(8, stream=False))
        assert (reply.status, reply.headers[b"content-type"].split(b";")[0]) == (200, b"application/json")
        assert json.loads(await reply.read_all(1 << 20))["choices"][0]["message"]["role"] == "assistant"
        reply.close()
    assert pool.open == 1
    upstreams.close()


async def test_a_streamed_reply(pool: ConnectionPool, upstreams: Upstreams) -> None:
    reply = await pool.send("POST", "/v1/chat/completions", JSON, chat(64, stream=True))
    assert reply.headers[b"content-type"].startswith(b"text/event-stream")
    pieces = []
    while piece := await reply.read():
        pieces.append(piece)
    assert b"".join(pieces).rstrip().endswith(b"data: [DONE]")
    upstreams.close()


async def test_a_stream_that_is_given_up_leaves_the_server_free(pool: ConnectionPool, upstreams: Upstreams) -> None:
    for _ in range(10):
        async with asyncio.timeout(20):
            reply = await _answered(pool, chat(2000, stream=True))
        with contextlib.suppress(UpstreamFailed):
            await reply.read()
        reply.close()
    async with asyncio.timeout(20):
        reply = await _answered(pool, chat(1, stream=False))
        assert reply.status == 200
        await reply.read_all(1 << 20)
    upstreams.close()


async def _answered(pool: ConnectionPool, body: bytes) -> UpstreamReply:
    """The server drops connections while it takes leave of those that were given up; the pool sends nothing twice."""
    while True:
        try:
            return await pool.send("POST", "/v1/chat/completions", JSON, body)
        except UpstreamFailed:
            await asyncio.sleep(0.1)


async def test_an_error_of_the_server_is_a_reply(pool: ConnectionPool, upstreams: Upstreams) -> None:
    reply = await pool.send("POST", "/v1/chat/completions", JSON, b"{")
    assert reply.status >= 400
    assert b"error" in await reply.read_all(1 << 20)
    upstreams.close()


async def test_a_list_without_a_body(pool: ConnectionPool, upstreams: Upstreams) -> None:
    reply = await pool.send("GET", "/v1/models", (), b"")
    assert json.loads(await reply.read_all(1 << 20))["data"]
    upstreams.close()
