"""What a well-formed request becomes, over real sockets."""

import asyncio
import gzip
import random
import zlib
from collections.abc import Callable

import pytest
import zstandard

from e2e.edge.conftest import Serve
from e2e.edge.wire import GOOD, Witness, read_answer, read_answers, talk
from narrows.ports.http import BodyRefused, Exchange

LAST = b"GET /last HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n"


def post(body: bytes, *fields: bytes) -> bytes:
    lines = [b"POST /x HTTP/1.1", b"Host: gate", b"Connection: close", *fields]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


async def test_a_connection_serves_many_requests_in_order(serve: Serve, witness: Witness) -> None:
    server = await serve(witness)

    answers = read_answers(await talk(server.port, GOOD * 20 + LAST))

    assert [answer.status for answer in answers] == [200] * 21
    assert [answer.body for answer in answers] == [b"/first 5"] * 20 + [b"/last 0"]
    assert answers[0].headers == {"content-type": "text/plain", "content-length": "8"}
    assert answers[-1].headers["connection"] == "close"


async def test_pipelined_requests_are_served_one_at_a_time(serve: Serve) -> None:
    running = 0
    most = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        exchange.respond(200, [], b"")

    server = await serve(handler)
    answers = read_answers(await talk(server.port, GOOD * 10 + LAST))

    assert len(answers) == 11
    assert most == 1


async def test_pipelined_bytes_are_bounded(serve: Serve) -> None:
    gate = asyncio.Event()

    async def handler(exchange: Exchange) -> None:
        await gate.wait()
        exchange.respond(200, [], b"")

    server = await serve(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    flood = GOOD * 200_000
    writer.write(flood)
    await asyncio.sleep(0.3)
    kept = flood.__len__() - writer.transport.get_write_buffer_size()
    gate.set()
    writer.transport.abort()
    del reader

    # What is not in our own buffer is in the kernel's or in the server's; ten megabytes do not fit there.
    assert kept < 8_000_000


async def test_the_head_is_as_it_was_sent(serve: Serve, witness: Witness) -> None:
    server = await serve(witness)
    await talk(
        server.port,
        b"POST /openai/v1/chat%20x/a:b?api=1&x[]=%2F&y=//../; HTTP/1.1\r\nHost: GATE.example:8080\r\n"
        b"Accept: a\r\nAccept: b\r\nCookie: a=1\r\nCookie: b=2\r\nX-Bytes: \xe9\t \r\nConnection: close, X-Hop\r\n"
        b"X-Hop: 1\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nTE: trailers\r\n\r\n",
    )
    (head,) = witness.heads
    assert head.method == "POST"
    assert (head.path, head.query) == ("/openai/v1/chat%20x/a:b", "api=1&x[]=%2F&y=//../;")
    assert head.host == "gate.example"
    assert head.address == "127.0.0.1"
    assert head.tls is False
    assert head.headers == {
        b"host": b"GATE.example:8080",
        b"accept": b"a, b",
        b"cookie": b"a=1; b=2",
        b"x-bytes": b"\xe9",
    }


@pytest.mark.parametrize(
    ("sent", "trusted", "address"),
    [
        (b"203.0.113.7", (), "127.0.0.1"),
        (b"203.0.113.7", ("127.0.0.0/8",), "203.0.113.7"),
        (b"6.6.6.6, 203.0.113.7, 10.1.2.3", ("127.0.0.0/8", "10.0.0.0/8"), "203.0.113.7"),
        (b"garbage", ("127.0.0.0/8",), "127.0.0.1"),
    ],
)
async def test_forwarded_for_counts_only_from_listed_peers(
    serve: Serve, witness: Witness, sent: bytes, trusted: tuple[str, ...], address: str
) -> None:
    server = await serve(witness, trusted_proxies=trusted)
    await talk(server.port, LAST[:-2] + b"X-Forwarded-For: " + sent + b"\r\n\r\n")
    assert witness.heads[0].address == address
    assert b"x-forwarded-for" not in witness.heads[0].headers


async def test_an_encoded_slash_passes_only_where_it_is_declared(serve: Serve, witness: Witness) -> None:
    server = await serve(witness, allows_encoded_slash=lambda path: path.startswith("/models/"))
    request = b"GET %b HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n"
    statuses = [
        read_answers(await talk(server.port, request % path))[0].status
        for path in (b"/models/org%2Fname", b"/other/org%2Fname", b"/models/..%2fother", b"/models/a%2f%2fb")
    ]
    assert statuses == [200, 400, 400, 400]
    assert witness.paths == ["/models/org%2Fname"]


async def test_chunked_bodies_with_small_extensions_are_read(serve: Serve, witness: Witness) -> None:
    server = await serve(witness)
    raw = (
        b"POST /x HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0001\r\n!\r\n0\r\n\r\n"
    )
    answers = read_answers(await talk(server.port, raw + LAST))
    assert [answer.status for answer in answers] == [200, 200]
    assert witness.bodies == [b"hello!", b""]


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        (b"gzip", gzip.compress),
        (b"GZip", gzip.compress),
        (b"deflate", zlib.compress),
        (b"zstd", zstandard.ZstdCompressor().compress),
        (b"identity", bytes),
    ],
)
@pytest.mark.parametrize("size", [0, 10, 300_000])
async def test_encoded_bodies_are_decoded(
    serve: Serve, witness: Witness, coding: bytes, encode: Callable[[bytes], bytes], size: int
) -> None:
    server = await serve(witness)
    body = random.Random(size).randbytes(size // 2).hex().encode()
    (answer,) = read_answers(await talk(server.port, post(encode(body), b"Content-Encoding: " + coding)))
    assert answer.status == 200
    assert witness.bodies == [body]


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        (b"br", b"x", 415),
        (b"gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), 415),
        (b"gzip", b"not gzip", 400),
        (b"gzip", gzip.compress(b"hello", mtime=0)[:-3], 400),
        (b"gzip", gzip.compress(b"hello", mtime=0) + b"more", 400),
        (b"gzip", gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0), 400),
        (b"deflate", b"\x00", 400),
        (b"zstd", zstandard.ZstdCompressor().compress(b"hello")[:-1], 400),
        (b"gzip", gzip.compress(bytes(5_000_000), mtime=0), 413),
        (b"zstd", zstandard.ZstdCompressor().compress(bytes(5_000_000)), 413),
        (b"deflate", zlib.compress(bytes(900_000)), 413),
    ],
)
async def test_bad_encodings_are_refused(
    serve: Serve, witness: Witness, coding: bytes, body: bytes, status: int
) -> None:
    server = await serve(witness)
    (answer,) = read_answers(await talk(server.port, post(body, b"Content-Encoding: " + coding)))
    assert answer.status == status
    assert witness.bodies == []


class TestExpect:
    """`100 Continue` is sent when the handler asks for the body, and only then."""

    ASKING = b"POST /x HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n"

    async def test_is_answered_when_the_handler_asks(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(self.ASKING)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await read_answer(reader)).status == 200
        writer.close()

    async def test_is_not_answered_for_a_stranger(self, serve: Serve) -> None:
        async def handler(exchange: Exchange) -> None:
            exchange.respond(401, [], b"who?")

        server = await serve(handler)
        (answer,) = read_answers(await talk(server.port, self.ASKING))
        assert (answer.status, answer.headers["connection"]) == (401, "close")

    async def test_is_not_answered_when_the_body_is_there(self, serve: Serve, witness: Witness) -> None:
        server = await serve(witness)
        answers = read_answers(await talk(server.port, self.ASKING + b"hello" + LAST))
        assert [answer.status for answer in answers] == [200, 200]

    async def test_is_not_answered_when_the_body_is_too_large(self, serve: Serve) -> None:
        server = await serve(Witness(limit=4))
        (answer,) = read_answers(await talk(server.port, self.ASKING))
        assert (answer.status, answer.headers["connection"]) == (413, "close")


class TestBodyCap:
    """A body over the limit is refused as soon as that is known."""

    async def test_by_content_length_before_anything_is_read(self, serve: Serve) -> None:
        server = await serve(Witness(limit=10))
        raw = b"POST /x HTTP/1.1\r\nHost: gate\r\nContent-Length: 11\r\n\r\n"
        (answer,) = read_answers(await talk(server.port, raw))
        assert (answer.status, answer.headers["connection"]) == (413, "close")

    async def test_by_counting_chunks(self, serve: Serve) -> None:
        server = await serve(Witness(limit=100_000))
        raw = b"POST /x HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n"
        (answer,) = read_answers(await talk(server.port, raw, *[b"4000\r\n" + b"x" * 0x4000 + b"\r\n"] * 20))
        assert (answer.status, answer.headers["connection"]) == (413, "close")

    async def test_the_refusal_reaches_a_client_that_goes_on_sending(self, serve: Serve) -> None:
        server = await serve(Witness(limit=1000))
        raw = b"POST /x HTTP/1.1\r\nHost: gate\r\nContent-Length: 4000000\r\n\r\n"
        (answer,) = read_answers(await talk(server.port, raw, *[b"x" * 100_000] * 40))
        assert answer.status == 413

    async def test_a_body_at_the_limit_passes(self, serve: Serve) -> None:
        witness = Witness(limit=5)
        server = await serve(witness)
        answers = read_answers(await talk(server.port, GOOD + LAST))
        assert [answer.status for answer in answers] == [200, 200]

    async def test_large_bodies_arrive_whole(self, serve: Serve) -> None:
        witness = Witness(limit=4_000_000)
        server = await serve(witness)
        body = bytes(range(256)) * 12_000
        await talk(server.port, post(body))
        assert witness.bodies == [body]

    async def test_a_body_nobody_asks_for_is_not_taken_in(self, serve: Serve) -> None:
        gate = asyncio.Event()
        asked: list[object] = []

        async def handler(exchange: Exchange) -> None:
            await gate.wait()
            try:
                asked.append(len(await exchange.body(1 << 30)))
            except BodyRefused as refused:
                asked.append(refused)
            exchange.respond(200, [], b"")

        server = await serve(handler)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(post(b"x" * 20_000_000))
        await asyncio.sleep(0.3)
        assert writer.transport.get_write_buffer_size() > 10_000_000
        gate.set()
        assert (await read_answer(reader)).status == 200
        assert asked == [20_000_000]
        writer.close()
