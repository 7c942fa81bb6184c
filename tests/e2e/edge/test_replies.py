"""How replies leave: lengths, chunks, versions, HEAD, backpressure, and what a broken one looks like."""

import asyncio
import contextlib

import pytest

from e2e.edge.conftest import Serve
from e2e.edge.wire import GOOD, Witness, read_answer, read_answers, talk
from narrows.ports.http import Exchange, ExchangeHandler

GET = b"GET /x HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n"
GET_10 = b"GET /x HTTP/1.0\r\nHost: gate\r\n\r\n"


async def stream(exchange: Exchange) -> None:
    exchange.start(200, [(b"content-type", b"text/event-stream")])
    exchange.send(b"one ")
    exchange.send(b"")
    await asyncio.sleep(0.01)
    exchange.send(b"two")
    exchange.finish()


async def broken_stream(exchange: Exchange) -> None:
    exchange.start(200, [])
    exchange.send(b"half")
    await asyncio.sleep(0.01)
    exchange.abort()


async def test_a_stream_is_chunked_and_the_connection_lives_on(serve: Serve) -> None:
    server = await serve(stream)
    first, second = read_answers(await talk(server.port, GOOD + GET))
    assert first.headers == {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
    assert first.body == second.body == b"one two"


async def test_head_and_first_piece_travel_together(serve: Serve) -> None:
    server = await serve(stream)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    first = await reader.read(65536)
    assert first.endswith(b"\r\n\r\n4\r\none \r\n")
    writer.close()


async def test_a_stream_to_http_1_0_ends_with_the_connection(serve: Serve) -> None:
    server = await serve(stream)
    (answer,) = read_answers(await talk(server.port, GET_10))
    assert "transfer-encoding" not in answer.headers
    assert answer.headers["connection"] == "close"
    assert answer.body == b"one two"


async def test_a_cut_stream_never_looks_complete(serve: Serve) -> None:
    server = await serve(broken_stream)
    raw = await talk(server.port, GET)
    assert raw.endswith(b"4\r\nhalf\r\n")
    assert b"\r\n0\r\n" not in raw


async def test_a_cut_stream_to_http_1_0_is_reset(serve: Serve) -> None:
    server = await serve(broken_stream)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET_10)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 5)
    writer.close()


@pytest.mark.parametrize("handler", [stream, Witness()], ids=["stream", "whole"])
async def test_head_gets_no_body(serve: Serve, handler: ExchangeHandler) -> None:
    server = await serve(handler)
    raw = await talk(server.port, b"HEAD /x HTTP/1.1\r\nHost: gate\r\n\r\n", b"HEAD" + GET[3:])
    answers = read_answers(raw, head_only=True)
    assert [answer.status for answer in answers] == [200, 200]


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body_have_no_length(serve: Serve, status: int) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.respond(status, [], b"")

    server = await serve(handler)
    (answer,) = read_answers(await talk(server.port, GET))
    assert answer.headers == {"connection": "close"}


async def test_http_1_0_closes_unless_it_asks_to_stay(serve: Serve, witness: Witness) -> None:
    server = await serve(witness)
    (answer,) = read_answers(await talk(server.port, GET_10))
    assert answer.headers["connection"] == "close"

    staying = GET_10[:-2] + b"Connection: Keep-Alive\r\n\r\n"
    first, second = read_answers(await talk(server.port, staying + GET_10))
    assert first.headers["connection"] == "keep-alive"
    assert second.headers["connection"] == "close"


@pytest.mark.parametrize("value", [b"x\r\nSet-Cookie: a=b", b"x\ny", b"x\ry", b"x\0y"])
async def test_a_header_cannot_split_the_reply(serve: Serve, value: bytes) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.respond(200, [(b"x-model", value)], b"body")

    server = await serve(handler)
    (answer,) = read_answers(await talk(server.port, GET))
    assert answer.status == 503
    assert "x-model" not in answer.headers


async def test_framing_headers_of_the_handler_are_dropped(serve: Serve) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.respond(200, [(b"content-length", b"99"), (b"transfer-encoding", b"chunked"), (b"x-a", b"b")], b"body")

    server = await serve(handler)
    (answer,) = read_answers(await talk(server.port, GET))
    assert answer.headers == {"x-a": "b", "content-length": "4", "connection": "close"}


async def test_a_slow_reader_slows_the_handler_and_nothing_piles_up(serve: Serve) -> None:
    sent = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal sent
        exchange.start(200, [])
        for _ in range(2_000):
            if not exchange.send(b"x" * 16_384):
                await exchange.drained()
            sent += 16_384
        exchange.finish()

    server = await serve(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.3)
    assert sent < 16_000_000  # of 33 MB: the rest waits for the reader
    total = 0
    while piece := await asyncio.wait_for(reader.read(1 << 20), 5):
        total += len(piece)
    assert sent == 2_000 * 16_384
    assert total > sent
    writer.close()


async def test_a_reader_that_stops_is_cut(serve: Serve) -> None:
    reasons: list[tuple[object, ...]] = []

    async def handler(exchange: Exchange) -> None:
        exchange.start(200, [])
        try:
            while True:
                if not exchange.send(b"x" * 65_536):
                    await exchange.drained()
        except asyncio.CancelledError as cancelled:
            reasons.append(cancelled.args)
            raise

    server = await serve(handler, write_timeout=0.2)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(GET)
    async with asyncio.timeout(5):
        while not reasons:
            await asyncio.sleep(0.02)
    assert reasons == [("client gone",)]
    writer.transport.abort()


async def test_a_slow_but_steady_reader_is_not_cut(serve: Serve) -> None:
    body = b"x" * 6_000_000

    async def handler(exchange: Exchange) -> None:
        exchange.respond(200, [], body)

    server = await serve(handler, write_timeout=0.15)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=65_536)
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    total = 0
    with contextlib.suppress(asyncio.IncompleteReadError):
        while total < len(body):
            total += len(await reader.readexactly(min(600_000, len(body) - total)))
            await asyncio.sleep(0.05)
    assert total == len(body)
    writer.close()


async def test_a_client_that_never_reads_its_replies_gets_no_more_of_them(serve: Serve) -> None:
    served = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal served
        served += 1
        exchange.respond(200, [], b"x" * 100_000)

    server = await serve(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(GOOD * 2_000)
    await asyncio.sleep(0.3)
    assert served < 200
    writer.transport.abort()
    del reader


async def test_two_replies_to_one_request_are_a_handlers_fault(serve: Serve) -> None:
    errors: list[Exception] = []

    async def handler(exchange: Exchange) -> None:
        exchange.respond(200, [], b"first")
        for attempt in (
            lambda: exchange.respond(200, [], b"second"),
            lambda: exchange.start(200, []),
            lambda: exchange.send(b"x"),
            exchange.finish,
        ):
            with pytest.raises(RuntimeError) as caught:
                attempt()
            errors.append(caught.value)

    server = await serve(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    assert (await read_answer(reader)).body == b"first"
    assert await reader.read() == b""
    assert len(errors) == 4
    writer.close()


BIG = bytes(range(256)) * 40_000
"""10 MB: forty slices."""


async def give_big(exchange: Exchange) -> None:
    exchange.respond(200, [], BIG)


@pytest.mark.parametrize("request_", [GET, GET_10, GOOD + GET])
async def test_a_long_reply_arrives_whole_and_what_follows_comes_after_it(serve: Serve, request_: bytes) -> None:
    server = await serve(give_big)
    answers = read_answers(await talk(server.port, request_))
    assert [answer.body == BIG for answer in answers] == [True] * request_.count(b"Host")


async def test_a_client_that_half_closes_still_gets_a_long_reply_that_was_given(serve: Serve) -> None:
    server = await serve(give_big)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /x HTTP/1.1\r\nHost: gate\r\n\r\n")
    received = await reader.read(1000)
    writer.write_eof()
    async with asyncio.timeout(10):
        received += await reader.read(-1)
    assert read_answers(received)[0].body == BIG
    writer.close()


async def test_others_have_their_turn_while_a_long_reply_leaves(serve: Serve) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.respond(200, [], BIG if exchange.head.path == "/first" else b"")

    server = await serve(handler)
    slow, slow_writer = await asyncio.open_connection("127.0.0.1", server.port)
    quick, quick_writer = await asyncio.open_connection("127.0.0.1", server.port)
    slow_writer.write(GOOD)
    await slow.read(1)
    quick_writer.write(GET)
    assert (await read_answer(quick)).status == 200
    assert len(await slow.readexactly(len(BIG))) == len(BIG)
    for writer in (slow_writer, quick_writer):
        writer.close()


async def test_a_client_that_stops_reading_a_long_reply_is_cut(serve: Serve) -> None:
    server = await serve(give_big, write_timeout=0.2)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(GOOD)
    async with asyncio.timeout(5):
        while not server.connections:
            await asyncio.sleep(0.01)
        while server.connections:
            await asyncio.sleep(0.01)
    writer.close()
