"""The pool against scripted servers: reuse, limits, waiting, cancellation, and never sending twice."""

import asyncio

import pytest

from narrows.config.schema import Timeouts
from narrows.engine.bursts import FEW
from narrows.model.refusal import Code
from narrows.ports.http import UpstreamFailed
from narrows.upstream.pool import WAITING_PER_CONNECTION, ConnectionPool
from unit.upstream.scripted import HELLO, QUICK, Peer, always, answering, calling, pool_to, serving, until


async def hello(pool: ConnectionPool) -> bytes:
    reply = await pool.send("POST", "/v1/chat", [(b"content-type", b"application/json")], b"{}")
    try:
        return await reply.read_all(1000)
    finally:
        reply.close()


async def test_a_request_is_sent_with_the_credential_and_its_reply_is_read() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        peer.send(HELLO)
        await peer.gone()

    async with calling(script) as (pool, server):
        reply = await pool.send("POST", "/v1/chat?x=1", [(b"accept", b"text/plain")], b'{"a":1}')
        assert reply.status == 200
        assert reply.headers == {b"content-type": b"text/plain", b"content-length": b"5"}
        assert await reply.read_all(5) == b"hello"
        reply.close()
    assert seen == [
        b"POST /v1/chat?x=1 HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nconnection: keep-alive\r\naccept-encoding: identity\r\n"
        b"user-agent: narrows\r\n"
        b"authorization: Bearer sk-upstream-secret\r\naccept: text/plain\r\ncontent-length: 7\r\n\r\n"
        b'{"a":1}' % server.port
    ]


async def test_one_connection_serves_many_calls() -> None:
    async with calling(always) as (pool, server):
        for _ in range(20):
            assert await hello(pool) == b"hello"
        assert (server.accepted, pool.open) == (1, 1)


async def test_the_connection_used_last_is_used_first() -> None:
    async with calling(always) as (pool, server):
        await asyncio.gather(*(hello(pool) for _ in range(4)))
        assert server.accepted == 4
        used = set()
        for _ in range(5):
            reply = await pool.send("GET", "/", [], b"")
            used.add(id(pool._idle[-1]))
            await reply.read_all(5)
        assert len(used) == 1


async def test_a_large_body_is_sent_whole() -> None:
    body = bytes(range(256)) * 40_000

    async def script(peer: Peer) -> None:
        request = await peer.request()
        assert request.endswith(b"\r\n\r\n" + body)
        peer.send(HELLO)
        await peer.gone()

    async with calling(script) as (pool, _):
        reply = await pool.send("POST", "/", [], body)
        assert await reply.read_all(5) == b"hello"
        await until(lambda: pool.open == 1)


async def test_a_connection_that_says_close_is_not_kept() -> None:
    closing = HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with calling(answering(closing)) as (pool, server):
        assert await hello(pool) == b"hello"
        assert await hello(pool) == b"hello"
        assert server.accepted == 2


async def test_a_connection_closed_while_idle_is_left_out() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(HELLO)
        peer.eof()

    async with calling(script) as (pool, server):
        for count in (1, 2, 3):
            assert await hello(pool) == b"hello"
            await until(lambda: pool.open == 0)
            assert server.accepted == count


async def test_bytes_that_nobody_asked_for_end_an_idle_connection() -> None:
    poison = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(HELLO)
        if not poison.is_set():
            await poison.wait()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await peer.gone()

    async with calling(script) as (pool, server):
        assert await hello(pool) == b"hello"
        poison.set()
        await until(lambda: pool.open == 0)
        assert await hello(pool) == b"hello"
        assert server.accepted == 2


async def test_a_request_is_never_sent_twice() -> None:
    """The server closes a kept connection at the very moment the next request is on its way."""
    requests = 0

    async def script(peer: Peer) -> None:
        nonlocal requests
        await peer.request()
        peer.send(HELLO)
        await peer.request()
        requests += 1

    async with calling(script) as (pool, server):
        assert await hello(pool) == b"hello"
        with pytest.raises(UpstreamFailed) as caught:
            await hello(pool)
        assert (caught.value.deny.code, caught.value.sent) == (Code.UPSTREAM_UNREACHABLE, True)
        assert (requests, server.accepted) == (1, 1)


async def test_idle_connections_expire_before_the_server_would_close_them() -> None:
    soon = HELLO.replace(b"\r\n\r\n", b"\r\nKeep-Alive: timeout=1, max=5\r\n\r\n")
    async with calling(answering(soon, soon)) as (pool, _):
        assert await hello(pool) == b"hello"
        await until(lambda: pool.open == 0)


async def test_the_number_of_connections_is_limited_and_callers_wait_in_line() -> None:
    go = asyncio.Semaphore(0)
    order: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            request = await peer.request()
            order.append(request.split(b" ")[1])
            await go.acquire()
            peer.send(HELLO)

    async with calling(script, max_connections=2) as (pool, server):

        async def call(name: str) -> bytes:
            reply = await pool.send("GET", name, [], b"")
            return await reply.read_all(5)

        calls = [asyncio.create_task(call(f"/{number}")) for number in range(6)]
        await until(lambda: len(order) == 2 and pool.waiting == 4)
        for _ in range(6):
            go.release()
        assert await asyncio.gather(*calls) == [b"hello"] * 6
        assert server.accepted == 2
        assert order[2:] == sorted(order[2:])


async def silent(peer: Peer) -> None:
    await peer.gone()


async def test_a_wait_in_line_ends_in_time() -> None:
    async with calling(silent, Timeouts(connect=0.05, first_byte=2, idle=2, total=2), 1) as (pool, _):
        first = asyncio.create_task(hello(pool))
        await until(lambda: pool.open == 1)
        with pytest.raises(UpstreamFailed) as caught:
            await hello(pool)
        assert (caught.value.deny.code, caught.value.sent) == (Code.OVERLOADED, False)
        assert pool.waiting == 0
        first.cancel()


async def test_the_line_is_bounded() -> None:
    async with calling(silent, max_connections=1) as (pool, _):
        calls = [asyncio.create_task(hello(pool)) for _ in range(1 + WAITING_PER_CONNECTION)]
        await until(lambda: pool.waiting == WAITING_PER_CONNECTION)
        with pytest.raises(UpstreamFailed, match="too many calls wait"):
            await hello(pool)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert pool.waiting == 0


async def test_a_caller_that_leaves_the_line_harms_nobody() -> None:
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await go.wait()
            peer.send(HELLO)

    async with calling(script, max_connections=1) as (pool, server):
        first, second, third = (asyncio.create_task(hello(pool)) for _ in range(3))
        await until(lambda: pool.waiting == 2)
        second.cancel()
        await until(lambda: pool.waiting == 1)
        go.set()
        assert list(await asyncio.gather(first, third)) == [b"hello", b"hello"]
        assert second.cancelled()
        assert server.accepted == 1


async def test_a_connection_given_to_a_caller_that_left_goes_to_the_next() -> None:
    """Cancelled in the very tick in which the connection was handed over."""
    async with calling(always, max_connections=1) as (pool, server):
        reply = await pool.send("GET", "/", [], b"")
        await reply.read_all(5)
        connection = pool._idle.pop()
        second, third = (asyncio.create_task(hello(pool)) for _ in range(2))
        await until(lambda: pool.waiting == 2)
        pool.released(connection)
        second.cancel()
        assert await third == b"hello"
        assert second.cancelled()
        assert (server.accepted, pool.open) == (1, 1)


async def test_the_right_to_connect_given_to_a_caller_that_left_goes_to_the_next() -> None:
    async with calling(always, max_connections=1) as (pool, server):
        reply = await pool.send("GET", "/", [], b"")
        await reply.read_all(5)
        connection = pool._idle.pop()
        second, third = (asyncio.create_task(hello(pool)) for _ in range(2))
        await until(lambda: pool.waiting == 2)
        connection.abort()
        pool.lost(connection)
        second.cancel()
        assert await third == b"hello"
        assert (server.accepted, pool.open) == (2, 1)


async def test_a_connection_that_dies_on_its_way_to_a_caller_is_replaced() -> None:
    async with calling(always, max_connections=1) as (pool, server):
        reply = await pool.send("GET", "/", [], b"")
        await reply.read_all(5)
        connection = pool._idle.pop()
        second = asyncio.create_task(hello(pool))
        await until(lambda: pool.waiting == 1)
        pool.released(connection)
        connection.abort()
        assert await second == b"hello"
        assert (server.accepted, pool.open) == (2, 1)


@pytest.mark.parametrize("stage", ["connecting", "waiting for the head", "between pieces", "reading"])
async def test_cancelling_a_call_closes_its_connection(stage: str) -> None:
    asked = asyncio.Event()
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        if stage in {"between pieces", "reading"}:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        asked.set()
        await peer.gone()
        gone.set()

    async def call(pool: ConnectionPool) -> None:
        reply = await pool.send("POST", "/", [], b"{}")
        try:
            if stage == "reading":
                await reply.read_all(1000)
            await asyncio.Event().wait()
        finally:
            reply.close()

    async with calling(script) as (pool, _):
        task = asyncio.create_task(call(pool))
        if stage == "connecting":
            await asyncio.sleep(0)
        else:
            await asked.wait()
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        if stage != "connecting":
            await asyncio.wait_for(gone.wait(), 2)
        await until(lambda: pool.open == 0)
        assert pool._idle == []


async def test_a_call_cancelled_as_its_reply_arrives_leaves_the_pool_whole() -> None:
    async with calling(always) as (pool, _):
        for delay in range(12):
            task = asyncio.create_task(hello(pool))
            for _ in range(delay):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await hello(pool) == b"hello"
        await until(lambda: pool.open == len(pool._idle))


async def test_giving_up_a_half_read_reply_closes_the_connection() -> None:
    async with calling(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")) as (pool, _):
        reply = await pool.send("GET", "/", [], b"")
        assert await reply.read() == b"part"
        reply.close()
        reply.close()
        await until(lambda: pool.open == 0)
        with pytest.raises(UpstreamFailed):
            await reply.read()


async def test_a_retired_pool_still_serves_and_keeps_nothing() -> None:
    async with calling(always) as (pool, server):
        assert await hello(pool) == b"hello"
        pool.retire()
        await until(lambda: pool.open == 0)
        assert await hello(pool) == b"hello"
        await until(lambda: pool.open == 0)
        assert server.accepted == 2


async def test_a_closed_pool_fails_what_runs_and_what_waits() -> None:
    async with calling(silent, max_connections=1) as (pool, _):
        calls = [asyncio.create_task(hello(pool)) for _ in range(2)]
        await until(lambda: pool.waiting == 1)
        pool.close()
        pool.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, UpstreamFailed) for result in results)
        with pytest.raises(UpstreamFailed, match="being closed"):
            await hello(pool)


async def test_a_refused_connection_is_reported_and_the_place_is_free_again() -> None:
    async with serving(always) as server:
        url = server.url
    async with pool_to(url, QUICK, 1) as pool:
        for _ in range(3):
            with pytest.raises(UpstreamFailed) as caught:
                await hello(pool)
            assert (caught.value.deny.code, caught.value.sent) == (Code.UPSTREAM_UNREACHABLE, False)
            assert "127.0.0.1" not in caught.value.deny.message
        assert pool.open == 0


async def test_a_request_that_cannot_be_written_takes_no_connection() -> None:
    async with calling(always) as (pool, server):
        with pytest.raises(UpstreamFailed) as caught:
            await pool.send("GET", "/", [(b"accept", b"x\r\nevil: 1")], b"")
        assert (caught.value.deny.code, caught.value.sent) == (Code.REQUEST_MALFORMED, False)
        assert server.accepted == 0


async def test_requests_of_many_calls_leave_together_and_each_has_its_own_reply() -> None:
    async def script(peer: Peer) -> None:
        while request := await peer.request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + request[-2:])

    async def call(pool: ConnectionPool, number: int) -> bytes:
        reply = await pool.send("POST", "/", [], b"%02d" % number)
        return await reply.read_all(2)

    async with calling(script) as (pool, server):
        await asyncio.gather(*(call(pool, 0) for _ in range(20)))
        for _ in range(3):
            assert await asyncio.gather(*(call(pool, n) for n in range(20))) == [b"%02d" % n for n in range(20)]
        assert FEW < server.accepted == pool.open
