"""What the engine may rely on of any Upstream, whatever carries it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from narrows.config.schema import Timeouts
from narrows.model.refusal import Code, Kind
from narrows.ports.http import Upstream, UpstreamFailed, UpstreamReply
from unit.upstream.certificates import Authority
from unit.upstream.scripted import CHUNKED, QUICK, Peer, Script, pool_to, serving, until

Reach = Callable[..., AbstractAsyncContextManager[Upstream]]
"""Runs a server's script and gives the Upstream that leads to it."""


@pytest.fixture(params=["plain", "tls"])
def reach(request: pytest.FixtureRequest, tmp_path: Path) -> Reach:
    @asynccontextmanager
    async def open_way(script: Script, timeouts: Timeouts = QUICK) -> AsyncIterator[Upstream]:
        authority = Authority(tmp_path) if request.param == "tls" else None
        context = authority.server("127.0.0.1") if authority else None
        bundle = authority.bundle if authority else None
        async with serving(script, context) as server, pool_to(server.url, timeouts, ca_bundle=bundle) as pool:
            yield pool

    return open_way


async def echo(peer: Peer) -> None:
    """Answers with the request's body, in chunks."""
    while True:
        body = (await peer.request()).partition(b"\r\n\r\n")[2]
        chunks = (body[at : at + 1000] for at in range(0, len(body), 1000))
        peer.send(CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n")


async def cut(peer: Peer) -> None:
    await peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await asyncio.sleep(0.01)


async def ask(upstream: Upstream, body: bytes = b"{}") -> UpstreamReply:
    return await upstream.send("POST", "/v1/x", [(b"content-type", b"application/json")], body)


async def test_a_reply_is_read_in_pieces_of_at_most_64_kib(reach: Reach) -> None:
    body = bytes(range(256)) * 2000
    async with reach(echo) as upstream:
        reply = await ask(upstream, body)
        pieces = []
        while piece := await reply.read():
            pieces.append(piece)
        assert b"".join(pieces) == body
        assert max(map(len, pieces)) <= 65536
        assert await reply.read() == b""
        reply.close()


async def test_a_reply_flows_to_whoever_takes_it(reach: Reach) -> None:
    body = bytes(range(256)) * 2000
    async with reach(echo) as upstream:
        reply = await ask(upstream, body)
        pieces: list[bytes] = []

        def take(piece: bytes) -> bool:
            pieces.append(piece)
            return len(pieces) % 3 != 0

        stops = 0
        while await reply.flow(take):
            stops += 1
        assert b"".join(pieces) == body
        assert stops == len(pieces) // 3
        reply.close()


async def test_a_reply_is_read_whole(reach: Reach) -> None:
    async with reach(echo) as upstream:
        for body in (b"", b"x", b"x" * 100_000):
            reply = await ask(upstream, body)
            assert reply.status == 200
            assert await reply.read_all(100_000) == body
            reply.close()


async def test_header_names_are_lower_case_and_hop_by_hop_headers_gone(reach: Reach) -> None:
    async with reach(echo) as upstream:
        reply = await ask(upstream)
        assert reply.headers == {}
        reply.close()


async def test_a_reply_over_the_limit_is_invalid(reach: Reach) -> None:
    async with reach(echo) as upstream:
        reply = await ask(upstream, b"x" * 1000)
        with pytest.raises(UpstreamFailed) as caught:
            await reply.read_all(999)
        assert caught.value.deny.code == Code.UPSTREAM_INVALID
        reply.close()


async def test_a_broken_reply_raises_after_what_was_whole(reach: Reach) -> None:
    async with reach(cut) as upstream:
        reply = await ask(upstream)
        assert await reply.read() == b"half"
        with pytest.raises(UpstreamFailed) as caught:
            await reply.read()
        assert (caught.value.deny.code, caught.value.sent) == (Code.UPSTREAM_INVALID, True)
        reply.close()


async def test_silence_is_a_timeout(reach: Reach) -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with reach(silent, Timeouts(connect=2, first_byte=0.05, idle=1, total=1)) as upstream:
        with pytest.raises(UpstreamFailed) as caught:
            await ask(upstream)
        assert (caught.value.deny.code, caught.value.sent) == (Code.UPSTREAM_TIMEOUT, True)


async def test_every_failure_is_of_the_upstreams_kind(reach: Reach) -> None:
    async def gone(peer: Peer) -> None:
        await peer.request()

    async with reach(gone) as upstream:
        with pytest.raises(UpstreamFailed) as caught:
            await ask(upstream)
        assert caught.value.deny.meaning.kind is Kind.UPSTREAM


async def test_closing_is_idempotent_at_every_stage(reach: Reach) -> None:
    async with reach(echo) as upstream:
        for read in (False, True):
            reply = await ask(upstream)
            if read:
                await reply.read_all(100)
            reply.close()
            reply.close()
        assert await (await ask(upstream, b"still there")).read_all(100) == b"still there"


async def test_cancelling_the_caller_reaches_the_server(reach: Reach) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()
        left.set()

    async with reach(script) as upstream:
        call = asyncio.create_task(ask(upstream))
        await asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(left.is_set)


async def test_the_credential_is_sent_and_its_echo_recognised(reach: Reach) -> None:
    async def show(peer: Peer) -> None:
        request = await peer.request()
        peer.send(b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n" % len(request) + request)

    async with reach(show) as upstream:
        reply = await ask(upstream)
        body = await reply.read_all(10_000)
        assert b"authorization: Bearer sk-upstream-secret" in body
        assert upstream.leaks(body)
        assert upstream.echoes(body)
        assert not upstream.echoes(b"wrong key")
        assert not upstream.leaks(b"wrong key")


async def test_parallel_calls_do_not_mix(reach: Reach) -> None:
    async with reach(echo) as upstream:

        async def one(number: int) -> bool:
            body = b"%d," % number * 3000
            reply = await ask(upstream, body)
            return await reply.read_all(100_000) == body

        assert all(await asyncio.gather(*(one(number) for number in range(24))))
