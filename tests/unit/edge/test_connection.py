"""A connection against a transport that only remembers: pausing, resuming, and what a closed one ignores."""

import asyncio
from typing import Any

import pytest

from e2e.edge.wire import GOOD, CountedIds, Witness
from narrows.config.schema import Gate
from narrows.edge.connection import READ_AHEAD, Connection
from narrows.edge.denials import plain_refusal
from narrows.edge.paths import never
from narrows.edge.service import Service
from narrows.engine.bursts import FEW
from narrows.ports.http import Exchange, ExchangeHandler


class Transport:
    """Remembers what a connection does to it."""

    def __init__(self) -> None:
        self.sent = b""
        self.told: list[str] = []

    def write(self, data: bytes) -> None:
        self.sent += data

    def get_extra_info(self, name: str) -> Any:
        return ("192.0.2.1", 4711) if name == "peername" else None

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return "close" in self.told or "abort" in self.told

    def can_write_eof(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return lambda: self.told.append(name)


def made(handler: ExchangeHandler, **settings: Any) -> tuple[Connection, Transport, Service]:
    service = Service(
        Gate(**settings),
        handler,
        plain_refusal,
        CountedIds(),
        never,
        asyncio.get_running_loop(),
    )
    connection, transport = Connection(service), Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]
    return connection, transport, service


async def settle(service: Service) -> None:
    async with asyncio.timeout(5):
        while service.tasks:
            await asyncio.sleep(0)


async def test_reading_pauses_for_what_is_pipelined_and_resumes() -> None:
    release = asyncio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.body(100_000)
        await release.wait()
        exchange.respond(200, [], b"")

    connection, transport, service = made(handler)
    connection.data_received(GOOD)
    connection.data_received(b"POST /x HTTP/1.1\r\nHost: gate\r\nContent-Length: 90000\r\n\r\n")
    assert transport.told == []
    connection.data_received(b"x" * (READ_AHEAD + 1))
    assert transport.told == ["pause_reading"]
    release.set()
    await asyncio.sleep(0.01)
    connection.data_received(b"x" * (90_000 - READ_AHEAD - 1))
    await settle(service)
    assert transport.told == ["pause_reading", "resume_reading"]
    assert transport.sent.count(b"200 OK") == 2
    connection.connection_lost(None)


async def test_a_large_body_is_read_in_turns_with_others() -> None:
    got = []

    async def handler(exchange: Exchange) -> None:
        got.append(await exchange.body(10 * READ_AHEAD))
        exchange.respond(200, [], b"")

    connection, transport, service = made(handler)
    connection.data_received(b"POST /x HTTP/1.1\r\nHost: gate\r\nContent-Length: %d\r\n\r\n" % (3 * READ_AHEAD))
    await asyncio.sleep(0)
    for _ in range(2):
        connection.data_received(b"x" * READ_AHEAD)
        assert transport.told.pop() == "pause_reading"
        await asyncio.sleep(0)
        assert transport.told.pop() == "resume_reading"
    connection.data_received(b"x" * READ_AHEAD)
    assert transport.told == [], "that was all"
    await settle(service)
    assert got == [b"x" * 3 * READ_AHEAD]
    connection.connection_lost(None)


async def test_the_next_request_waits_until_the_reply_was_read() -> None:
    witness = Witness()
    connection, transport, service = made(witness)
    connection.data_received(GOOD)
    connection.pause_writing()
    connection.data_received(GOOD)
    await settle(service)
    assert witness.paths == ["/first"]
    connection.resume_writing()
    await settle(service)
    assert witness.paths == ["/first", "/first"]
    connection.connection_lost(None)
    assert transport.sent.count(b"200 OK") == 2


async def test_reading_pauses_while_a_reply_waits_to_be_read() -> None:
    witness = Witness()
    connection, transport, service = made(witness)
    connection.data_received(GOOD)
    connection.pause_writing()
    await settle(service)
    connection.data_received(GOOD)
    assert transport.told == []
    connection.data_received(GOOD * (READ_AHEAD // len(GOOD)))
    assert transport.told == ["pause_reading"]
    connection.connection_lost(None)


async def test_a_lost_connection_writes_nothing_more() -> None:
    async def handler(exchange: Exchange) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            exchange.start(200, [])
            assert exchange.send(b"late") is False
            await exchange.drained()
            exchange.finish()

    connection, transport, service = made(handler)
    connection.data_received(GOOD)
    await asyncio.sleep(0)
    connection.connection_lost(ConnectionResetError())
    await settle(service)
    assert transport.sent == b""
    assert service.connections == set()


@pytest.mark.parametrize("after", ["refusal", "close"])
async def test_a_closing_connection_ignores_what_still_comes(after: str) -> None:
    witness = Witness()
    connection, transport, service = made(witness)
    if after == "refusal":
        connection.data_received(b"BAD\r\n\r\n")
        assert transport.told == ["write_eof"]
    else:
        connection.drain()
        assert transport.told == ["close"]
    sent = transport.sent
    connection.data_received(GOOD * 10)
    await asyncio.sleep(0)
    assert transport.sent == sent
    assert service.tasks == set()
    connection.connection_lost(None)


async def many(*heads: bytes) -> tuple[list[tuple[Connection, Transport]], Service]:
    """Connections with a request each, more than a few, that have all been answered in this turn."""
    release = asyncio.Event()

    async def handler(exchange: Exchange) -> None:
        await release.wait()
        exchange.respond(200, [], b"")

    first, transport, service = made(handler)
    held = [(first, transport)]
    while len(held) <= 2 * FEW:
        connection, transport = Connection(service), Transport()
        connection.connection_made(transport)  # type: ignore[arg-type]
        held.append((connection, transport))
    for number, (connection, _) in enumerate(held):
        connection.data_received(heads[number] if number < len(heads) else GOOD)
    await asyncio.sleep(0)
    release.set()
    await asyncio.sleep(0)  # the handlers go on
    return held, service


async def test_many_replies_of_one_turn_leave_together_at_its_end() -> None:
    held, service = await many()
    silent = [transport for _, transport in held if not transport.sent]
    assert len(silent) == FEW + 1, "the last ones are few"
    await asyncio.sleep(0)
    assert all(b"200 OK" in transport.sent for _, transport in held)
    await settle(service)
    for connection, _ in held:
        connection.connection_lost(None)


@pytest.mark.parametrize("ending", ["asked for", "half-closed", "drained", "refused"])
async def test_a_connection_is_closed_behind_the_reply_that_it_holds(ending: str) -> None:
    closing = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    held, service = await many(closing if ending == "asked for" else GOOD)
    connection, transport = held[0]
    if ending == "half-closed":
        assert transport.sent == b""
        connection.eof_received()
    elif ending == "drained":
        assert transport.sent == b""
        connection.drain()
        assert transport.told == ["close"]
    elif ending == "refused":
        assert transport.sent == b""
        connection.data_received(b"BAD\r\n\r\n")
        assert transport.sent.index(b"200 OK") < transport.sent.index(b"400 ")
    assert transport.sent.count(b"200 OK") == 1
    await settle(service)
    await asyncio.sleep(0)
    assert transport.sent.count(b"200 OK") == 1
    for each, _ in held:
        each.connection_lost(None)
