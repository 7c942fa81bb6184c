"""An exchange against a wire that only remembers."""

import asyncio
import gzip

import pytest

from narrows.edge.exchange import INLINE_DECODE, HttpExchange, Reply
from narrows.edge.head import CHUNKED, Accepted
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.http import BodyRefused, Exchange, RequestHead


class Wire:
    """Remembers what an exchange asks of its connection."""

    def __init__(self) -> None:
        self.sent = b""
        self.asked: list[str] = []
        self.writable = True
        self.keeps = True

    def write(self, data: bytes) -> None:
        self.sent += data

    def reply(self, data: bytes) -> None:
        self.write(data)

    def expect_body(self) -> None:
        self.asked.append("expect")

    def stop_body(self) -> None:
        self.asked.append("stop")

    def keeps_alive(self) -> bool:
        return self.keeps

    def room(self) -> "asyncio.Future[None] | None":
        return None

    def cut(self) -> None:
        self.asked.append("cut")


def made(
    *, length: int = 0, method: str = "POST", modern: bool = True, expects: bool = False, encoding: bytes | None = None
) -> tuple[Wire, HttpExchange]:
    wire = Wire()
    head = RequestHead(method, "/", "", {}, "192.0.2.1", "gate")
    return wire, HttpExchange(wire, Accepted(head, length, modern, modern, expects, encoding))


def is_a_port(exchange: HttpExchange) -> Exchange:
    """mypy holds the class against the protocol here."""
    return exchange


async def test_a_body_that_arrived_at_once_is_held_to_its_limit() -> None:
    for size, limit in ((5, 5), (0, 0)):
        wire, exchange = made(length=size)
        exchange.arrive(b"hello"[:size])
        assert exchange.arrived
        assert await exchange.body(limit) == await exchange.body(limit) == b"hello"[:size]
        assert wire.asked == []
    _, exchange = made(length=5)
    exchange.arrive(b"hello")
    with pytest.raises(BodyRefused) as caught:
        await exchange.body(4)
    assert caught.value.deny.code is Code.BODY_TOO_LARGE


def test_only_a_body_that_is_here_as_it_was_sent_is_ready() -> None:
    _, exchange = made(length=5)
    assert exchange.ready(5) is None
    exchange.arrive(b"hello")
    assert exchange.ready(4) is None
    assert exchange.ready(5) == exchange.ready(5) == b"hello"
    _, encoded = made(length=5, encoding=b"gzip")
    encoded.arrive(b"hello")
    assert encoded.ready(5) is None
    _, refused = made(length=CHUNKED)
    refused.take(b"hello")
    refused.refuse_body(Deny(Code.BODY_TOO_LARGE, "too large"))
    refused.complete()
    assert refused.ready(5) is None


async def test_a_body_that_arrived_at_once_is_decoded() -> None:
    packed = gzip.compress(b"hello")
    _, exchange = made(length=len(packed), encoding=b"gzip")
    exchange.arrive(packed)
    assert await exchange.body(100) == b"hello"
    _, exchange = made(length=2, encoding=b"br")
    exchange.arrive(b"xx")
    with pytest.raises(BodyRefused):
        await exchange.body(100)


async def test_a_body_that_is_there_needs_no_wait() -> None:
    wire, exchange = made(length=5)
    exchange.take(b"hel")
    exchange.take(b"lo")
    exchange.complete()
    assert await exchange.body(5) == b"hello"
    assert await exchange.body(5) == b"hello"
    assert wire.asked == []


async def test_a_body_that_is_not_there_is_waited_for() -> None:
    wire, exchange = made(length=CHUNKED, expects=True)
    waiting = asyncio.create_task(exchange.body(100))
    await asyncio.sleep(0)
    assert wire.asked == ["expect"]
    assert wire.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    exchange.take(b"x")
    exchange.complete()
    assert await waiting == b"x"


async def test_a_body_over_the_limit_stops_while_it_arrives() -> None:
    wire, exchange = made(length=CHUNKED)
    waiting = asyncio.create_task(exchange.body(3))
    await asyncio.sleep(0)
    exchange.take(b"1234")
    with pytest.raises(BodyRefused) as caught:
        await waiting
    assert caught.value.deny.code is Code.BODY_TOO_LARGE
    assert wire.asked == ["expect", "stop"]
    assert exchange.closing


async def test_a_length_over_the_limit_is_refused_unread() -> None:
    wire, exchange = made(length=6, expects=True)
    with pytest.raises(BodyRefused):
        await exchange.body(5)
    assert wire.sent == b""
    assert wire.asked == []


@pytest.mark.parametrize("size", [10, INLINE_DECODE * 8])
async def test_an_encoded_body_is_decoded(size: int) -> None:
    import random

    data = random.Random(1).randbytes(size)
    _, exchange = made(length=1, encoding=b"gzip")
    exchange.take(gzip.compress(data))
    exchange.complete()
    assert await exchange.body(1 << 20) == data


async def test_a_coding_that_is_not_taken_is_refused_before_reading() -> None:
    wire, exchange = made(length=5, encoding=b"br", expects=True)
    with pytest.raises(BodyRefused) as caught:
        await exchange.body(100)
    assert caught.value.deny.code is Code.ENCODING_UNSUPPORTED
    assert wire.sent == b""


def test_a_whole_reply() -> None:
    wire, exchange = made()
    exchange.respond(200, [(b"a", b"b")], b"body")
    assert wire.sent == b"HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 4\r\n\r\nbody"
    assert exchange.reply is Reply.ENDED
    assert not exchange.closing


def test_a_connection_that_ends_is_said_to() -> None:
    wire, exchange = made()
    wire.keeps = False
    exchange.respond(200, [], b"")
    assert b"connection: close\r\n" in wire.sent
    assert exchange.closing


def test_a_streamed_reply() -> None:
    wire, exchange = made()
    exchange.start(200, [])
    assert exchange.send(b"one")
    assert exchange.send(b"")
    wire.writable = False
    assert not exchange.send(b"two")
    exchange.finish()
    head, _, body = wire.sent.partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked"
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_a_streamed_reply_to_1_0_has_no_framing() -> None:
    wire, exchange = made(modern=False)
    exchange.start(200, [])
    exchange.send(b"one")
    exchange.finish()
    assert wire.sent == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\none"
    assert exchange.cut_by_reset


def test_head_has_no_body() -> None:
    wire, exchange = made(method="HEAD")
    exchange.respond(200, [], b"body")
    assert wire.sent == b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


def test_abort_cuts_once_and_never_a_complete_reply() -> None:
    wire, exchange = made()
    exchange.start(200, [])
    exchange.abort()
    exchange.abort()
    assert wire.asked == ["cut"]

    wire, exchange = made()
    exchange.respond(200, [], b"")
    exchange.abort()
    assert wire.asked == []


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(status: int) -> None:
    _wire, exchange = made()
    with pytest.raises(ValueError, match="no body"):
        exchange.respond(status, [], b"x")
    _, exchange = made()
    with pytest.raises(ValueError, match="no body"):
        exchange.start(status, [])
