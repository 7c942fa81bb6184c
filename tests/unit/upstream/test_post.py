"""Posting to a service: one connection, no redirect, plain HTTP to this machine alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from narrows.ports.http import UpstreamFailed
from narrows.ports.plugin import PluginFailed
from narrows.upstream.post import ServicePost
from narrows.upstream.target import TargetInvalid
from narrows.upstream.tls import TlsUnusable
from unit.upstream.scripted import Peer, answering, serving

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def posting(url: str, timeout: float = 5.0) -> AsyncIterator[ServicePost]:
    made = ServicePost(url, timeout)
    try:
        yield made
    finally:
        made.close()


async def test_it_posts_to_its_path_on_one_connection_and_sends_no_credential() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            seen.append(await peer.request())
            peer.send(ANSWER)

    async with serving(script) as server, posting(f"{server.url}/hooks/topics") as post:
        for _ in range(2):
            assert await post.send([(b"webhook-id", b"msg_1")], b'{"a":1}') == b"{}"
        assert server.accepted == 1
    assert seen[0].startswith(b"POST /hooks/topics HTTP/1.1\r\n")
    assert b"\r\nwebhook-id: msg_1\r\n" in seen[0]
    assert seen[0].endswith(b'\r\n\r\n{"a":1}')
    assert b"authorization" not in seen[0].lower()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "status 500"),
        (b"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", "status 204"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "302|redirect"),
        (b"garbage\r\n\r\n", "can't be asked"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b" " * 9_000_000, "can't be asked"),
    ],
)
async def test_anything_but_a_plain_answer_is_a_failure(reply: bytes, reason: str) -> None:
    async with serving(answering(reply)) as server, posting(server.url) as post:
        with pytest.raises(PluginFailed, match=reason):
            await post.send([], b"{}")


async def test_a_service_that_hangs_fails_in_its_time() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with serving(script) as server, posting(server.url, 0.1) as post:
        with pytest.raises(PluginFailed, match="can't be asked"):
            await asyncio.wait_for(post.send([], b"{}"), 5)


async def test_plain_http_goes_to_this_machine_only() -> None:
    async def elsewhere(host: str, port: int) -> Sequence[str]:
        return ["192.0.2.7"]

    post = ServicePost("http://hooks.example/x", 1.0, resolver=elsewhere)
    with pytest.raises(PluginFailed, match=r"can't be asked: .*address is not permitted"):
        await post.send([], b"{}")
    post.close()


def test_what_can_not_be_used_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(TargetInvalid):
        ServicePost("ftp://hooks.example", 1.0)
    with pytest.raises(TargetInvalid, match="is not https"):
        ServicePost("http://192.0.2.1/hooks", 1.0)
    with pytest.raises(TlsUnusable):
        ServicePost("https://hooks.example", 1.0, str(tmp_path / "none.pem"))


async def test_whatever_is_answered_can_be_had_and_queries_stay() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        for reply in (b"HTTP/1.1 429 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno", ANSWER):
            seen.append((await peer.request()).partition(b"\r\n")[0])
            peer.send(reply)

    async with serving(script) as server, posting(f"{server.url}/api/?sig=a%2Fb") as post:
        asked = await post.ask(None, [], b"{}")
        assert (asked.status, asked.headers[b"retry-after"], asked.body) == (429, b"7", b"no")
        assert (await post.ask("chat.postMessage", [], b"{}")).status == 200
    assert seen == [b"POST /api/?sig=a%2Fb HTTP/1.1", b"POST /api/chat.postMessage HTTP/1.1"]


async def test_a_server_that_is_away_is_a_failure_of_the_upstream() -> None:
    async with posting("http://127.0.0.1:9/") as post:
        with pytest.raises(UpstreamFailed):
            await post.ask(None, [], b"{}")
