"""One connection against servers that fail in every way a server can."""

import asyncio
import gc
import gzip
import re
import time

import pytest

from narrows.config.schema import Timeouts
from narrows.model.refusal import Code
from narrows.ports.http import UpstreamFailed
from narrows.upstream.connection import SLICE, Connection
from narrows.upstream.pool import ConnectionPool
from narrows.upstream.reply import HIGH_WATER
from unit.upstream.garbage import CUT_OFF, GARBAGE
from unit.upstream.remembering import connected
from unit.upstream.scripted import CHUNKED, HELLO, Peer, Script, answering, calling, until


async def whole(pool: ConnectionPool, body: bytes = b"{}") -> bytes:
    reply = await pool.send("POST", "/", [], body)
    try:
        return await reply.read_all(1 << 20)
    finally:
        reply.close()


async def failure(script: Script, timeouts: Timeouts | None = None, body: bytes = b"{}") -> UpstreamFailed:
    """How a whole call fails; afterwards no connection is left."""
    async with calling(script, *([timeouts] if timeouts else [])) as (pool, _):
        with pytest.raises(UpstreamFailed) as caught:
            await whole(pool, body)
        await until(lambda: pool.open == 0)
    return caught.value


@pytest.mark.parametrize("case", GARBAGE)
async def test_a_reply_that_breaks_a_rule_is_refused_and_its_connection_closed(case: str) -> None:
    reply, reason = GARBAGE[case]
    error = await failure(answering(reply))
    assert (error.deny.code, error.sent) == (Code.UPSTREAM_INVALID, True)
    assert error.refused == (reason == "redirect"), "only a redirect says that nothing was generated"
    assert re.search(reason, str(error))


@pytest.mark.parametrize("reply", CUT_OFF)
@pytest.mark.parametrize("ending", ["eof", "reset"])
async def test_a_reply_that_is_cut_off_is_refused(reply: bytes, ending: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(reply)
        await asyncio.sleep(0.01)
        if ending == "eof":
            peer.eof()
            await peer.gone()
        else:
            peer.reset()

    error = await failure(script)
    assert (error.deny.code, error.sent) == (Code.UPSTREAM_INVALID, True)
    assert "cut off" in str(error)


@pytest.mark.parametrize("ending", ["eof", "reset"])
async def test_a_server_that_leaves_without_an_answer_is_unreachable(ending: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if ending == "eof":
            peer.eof()
            await peer.gone()
        else:
            peer.reset()

    error = await failure(script)
    assert (error.deny.code, error.sent) == (Code.UPSTREAM_UNREACHABLE, True)


async def test_what_came_before_the_cut_can_be_read() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!")
        peer.eof()
        await peer.gone()

    async with calling(script) as (pool, _):
        reply = await pool.send("POST", "/", [], b"{}")
        assert await reply.read() == b"five!"
        with pytest.raises(UpstreamFailed, match="cut off"):
            await reply.read()


async def test_a_body_that_ends_with_the_connection_is_whole() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nto the ")
        await asyncio.sleep(0.01)
        peer.send(b"end")
        peer.eof()
        await peer.gone()

    async with calling(script) as (pool, _):
        reply = await pool.send("POST", "/", [], b"{}")
        assert await reply.read_all(100) == b"to the end"
        await until(lambda: pool.open == 0)


async def test_a_reset_is_not_the_end_of_a_body_without_length() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nto the ")
        await asyncio.sleep(0.01)
        peer.reset()

    assert "cut off" in str(await failure(script))


async def test_interim_replies_are_passed_over() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    async with calling(answering(interim + HELLO, HELLO)) as (pool, server):
        for _ in range(2):
            reply = await pool.send("POST", "/", [], b"{}")
            assert (reply.status, b"link" in reply.headers) == (200, False)
            assert await reply.read_all(5) == b"hello"
        assert server.accepted == 1


async def test_trailers_are_no_headers() -> None:
    async with calling(answering(CHUNKED + b"2\r\nok\r\n0\r\nContent-Type: evil/x\r\n\r\n", HELLO)) as (pool, server):
        reply = await pool.send("POST", "/", [], b"{}")
        assert await reply.read_all(5) == b"ok"
        assert reply.headers == {}
        reply = await pool.send("POST", "/", [], b"{}")
        assert await reply.read_all(5) == b"hello"
        assert server.accepted == 1


async def test_hop_by_hop_headers_and_those_that_connection_lists_are_removed() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Internal\r\nX-Internal: 1\r\nKeep-Alive: timeout=9\r\n"
        b"Proxy-Authenticate: x\r\nUpgrade: h2c\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n"
    )
    async with calling(answering(head)) as (pool, _):
        reply = await pool.send("POST", "/", [], b"{}")
        assert reply.headers == {b"x-a": b"1, 2", b"content-length": b"0"}


async def test_gzip_is_decoded_though_it_was_not_asked_for() -> None:
    packed = gzip.compress(b"hello" * 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with calling(answering(head + packed)) as (pool, _):
        reply = await pool.send("POST", "/", [], b"{}")
        assert reply.headers == {}
        assert await reply.read_all(5000) == b"hello" * 1000


# Time.


@pytest.mark.parametrize(
    ("reply", "timeouts", "reason"),
    [
        (b"", Timeouts(connect=2, first_byte=0.05, idle=2, total=5), "did not begin to answer within 0.05 s"),
        (b"HTTP/1.1 200", Timeouts(connect=2, first_byte=0.05, idle=2, total=5), "did not begin to answer"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n",
            Timeouts(connect=2, first_byte=0.05, idle=2, total=5),
            "did not begin to answer",
        ),
        (CHUNKED, Timeouts(connect=2, first_byte=2, idle=0.05, total=5), "silent for 0.05 s"),
        (CHUNKED + b"5\r\nhello\r\n", Timeouts(connect=2, first_byte=2, idle=0.05, total=5), "silent for 0.05 s"),
        (b"", Timeouts(connect=2, first_byte=2, idle=2, total=0.05), "did not finish within 0.05 s"),
        (CHUNKED, Timeouts(connect=2, first_byte=2, idle=2, total=0.05), "did not finish within 0.05 s"),
    ],
)
async def test_silence_ends_in_time(reply: bytes, timeouts: Timeouts, reason: str) -> None:
    began = time.monotonic()
    error = await failure(answering(reply), timeouts)
    assert (error.deny.code, error.sent) == (Code.UPSTREAM_TIMEOUT, True)
    assert reason in str(error)
    assert time.monotonic() - began < 1


async def drip(peer: Peer) -> None:
    """Never silent, never done."""
    await peer.request()
    peer.send(CHUNKED)
    while True:
        peer.send(b"1\r\nx\r\n")
        await asyncio.sleep(0.005)


async def test_a_reply_that_never_ends_is_cut_by_the_total_time() -> None:
    error = await failure(drip, Timeouts(connect=2, first_byte=2, idle=0.2, total=0.3))
    assert "did not finish within 0.3 s" in str(error)


async def test_a_head_that_never_ends_is_cut_by_the_first_byte_time() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n")
        for number in range(1000):
            peer.send(b"h%d: x\r\n" % number)
            await asyncio.sleep(0.005)

    error = await failure(script, Timeouts(connect=2, first_byte=0.1, idle=2, total=5))
    assert "did not begin to answer" in str(error)


async def test_pieces_that_come_in_time_keep_a_reply_alive() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED)
        for _ in range(12):
            await asyncio.sleep(0.05)
            peer.send(b"1\r\nx\r\n")
        peer.send(b"0\r\n\r\n")
        await peer.gone()

    async with calling(script, Timeouts(connect=2, first_byte=2, idle=0.5, total=5)) as (pool, _):
        reply = await pool.send("POST", "/", [], b"{}")
        assert await reply.read_all(100) == b"x" * 12


# Memory.


def buffered(pool: object) -> int:
    """Bytes that wait unread in the pool's only reply."""
    (connection,) = pool._all  # type: ignore[attr-defined]
    assert isinstance(connection, Connection)
    assert connection._reply is not None
    return connection._reply._buffered


@pytest.mark.parametrize("piece", [b"x" * 65536, b"x"])
async def test_a_reader_that_is_slow_stops_the_upstream(piece: bytes) -> None:
    sent = 0
    chunk = b"%x\r\n%s\r\n" % (len(piece), piece)

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        peer.send(CHUNKED)
        while True:
            peer.send(chunk * 10)
            sent += 10 * len(piece)
            await peer.writer.drain()

    async with calling(script, Timeouts(connect=2, first_byte=2, idle=10, total=60)) as (pool, _):
        reply = await pool.send("POST", "/", [], b"{}")
        seen = 0
        for _ in range(20):
            await asyncio.sleep(0.005)
            seen = max(seen, buffered(pool))
        assert 0 < seen <= HIGH_WATER + 512 * 1024
        stalled = sent
        await asyncio.sleep(0.02)
        assert sent == stalled or len(piece) == 1
        for _ in range(100):
            assert 0 < len(await reply.read()) <= 65536
        assert buffered(pool) <= HIGH_WATER + 512 * 1024
        reply.close()


async def test_a_slow_reader_is_not_the_upstreams_silence() -> None:
    body = b"x" * 8_000_000

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await peer.gone()

    async with calling(script, Timeouts(connect=2, first_byte=2, idle=0.25, total=5)) as (pool, _):
        reply = await pool.send("POST", "/", [], b"{}")
        await asyncio.sleep(0.5)
        total = 0
        while piece := await reply.read():
            total += len(piece)
        assert total == len(body)


async def test_a_slow_reader_is_held_to_the_total_time() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
        await peer.gone()

    async with calling(script, Timeouts(connect=2, first_byte=2, idle=0.05, total=0.2)) as (pool, _):
        reply = await pool.send("POST", "/", [], b"{}")
        await until(lambda: pool.open == 0)
        with pytest.raises(UpstreamFailed, match="did not finish"):
            await reply.read_all(10_000_000)


# Answers that come early.

BIG = b"x" * 30_000_000
"""More than the sockets on both sides can hold."""


async def test_a_refusal_before_the_request_was_read_is_delivered() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await asyncio.sleep(1)

    async with calling(script) as (pool, _):
        reply = await pool.send("POST", "/", [], BIG)
        assert (reply.status, await reply.read_all(10)) == (413, b"big")
        await until(lambda: pool.open == 0)


async def test_a_success_before_the_request_was_read_is_refused() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.send(HELLO)
        await asyncio.sleep(1)

    error = await failure(script, body=BIG)
    assert "before the request was sent" in str(error)


# Long bodies, and moments that no server can bring about: against a transport that only remembers.


async def test_a_long_body_leaves_in_slices_with_turns_for_others_between() -> None:
    connection, transport, owner = connected()
    begun = connection.begin(b"head", b"x" * (2 * SLICE + 1))
    assert transport.writes == [4, SLICE]
    await asyncio.sleep(0)
    assert transport.writes == [4, SLICE, SLICE]
    connection.pause_writing()
    for _ in range(3):
        await asyncio.sleep(0)
    assert transport.writes == [4, SLICE, SLICE]
    connection.resume_writing()
    for _ in range(3):
        await asyncio.sleep(0)
    assert transport.writes == [4, SLICE, SLICE, 1]
    connection.data_received(HELLO)
    assert await (await begun).read_all(5) == b"hello"
    assert (owner.free, transport.aborted) == (1, False)
    connection.connection_lost(None)


@pytest.mark.parametrize(("status", "told"), [(b"200 OK", False), (b"413 No", True)])
async def test_what_has_not_been_handed_to_the_transport_is_not_sent(status: bytes, told: bool) -> None:
    connection, transport, owner = connected()
    begun = connection.begin(b"head", b"x" * (3 * SLICE))
    connection.data_received(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nno")
    if told:
        assert await (await begun).read_all(2) == b"no"
    else:
        with pytest.raises(UpstreamFailed, match="before the request was sent"):
            await begun
    assert (owner.free, transport.aborted) == (0, True)
    for _ in range(5):
        await asyncio.sleep(0)
    assert transport.writes == [4, SLICE]
    connection.connection_lost(None)


async def test_a_stream_that_begins_as_its_call_is_cancelled_is_not_kept() -> None:
    connection, transport, owner = connected()
    begun = connection.begin(b"head")
    begun.cancel()
    connection.data_received(CHUNKED + b"1\r\nx\r\n")
    connection.forsake(begun)
    assert (owner.free, transport.aborted) == (0, True)
    connection.connection_lost(None)


async def test_a_call_cancelled_with_its_reply_leaves_the_next_call_of_the_connection_alone() -> None:
    connection, transport, owner = connected()
    first = connection.begin(b"head")
    connection.data_received(HELLO)
    second = connection.begin(b"head")
    connection.forsake(first)
    assert (owner.free, transport.aborted) == (1, False)
    connection.data_received(HELLO)
    assert await (await second).read_all(5) == b"hello"
    connection.connection_lost(None)


async def test_a_failure_that_nobody_waits_for_is_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    connection, _, _ = connected()
    begun = connection.begin(b"head")
    connection.connection_lost(None)
    connection.forsake(begun)
    del begun
    gc.collect()
    assert caplog.records == []
