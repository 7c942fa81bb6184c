"""The server's own part: addresses, starting, stopping."""

import asyncio
import contextlib

import pytest

from e2e.edge.wire import GOOD, CountedIds, Witness, edge_server, read_answers, talk
from narrows.config.schema import Gate
from narrows.edge.connection import Connection
from narrows.edge.server import EdgeServer, parse_listen


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
    ],
)
def test_addresses(listen: str, address: tuple[str, int]) -> None:
    assert parse_listen(listen) == address


@pytest.mark.parametrize(
    "listen", ["", "8080", ":8080", "gate", "gate:", "gate:x", "gate:-1", "gate:65536", "::1:80", "gate:\u0665"]
)
def test_what_is_no_address(listen: str) -> None:
    with pytest.raises(ValueError, match="not an address and port"):
        parse_listen(listen)


async def test_it_serves_on_the_standard_loop_and_stops() -> None:
    witness = Witness()
    server = edge_server(witness)
    await server.start()
    (answer,) = read_answers(
        await talk(server.port, GOOD[:-5].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"hello")
    )
    assert answer.status == 200
    assert (server.in_flight, server.connections) == (0, 0)
    await server.drain()
    await server.drain()
    with pytest.raises(OSError, match=r".*"):
        await talk(server.port, GOOD)


async def test_a_port_before_the_start_is_an_error() -> None:
    server = EdgeServer(Gate(), Witness(), ids=CountedIds())
    with pytest.raises(RuntimeError):
        _ = server.port
    await server.drain()


async def test_a_taken_address_is_an_error() -> None:
    first = edge_server(Witness())
    await first.start()
    second = EdgeServer(Gate(listen=f"127.0.0.1:{first.port}"), Witness(), ids=CountedIds())
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await first.close()


async def test_the_protocol_of_connections_can_be_another() -> None:
    """Whoever serves decides before a byte is read; what it refuses gets none."""
    witness = Witness()
    refused: list[asyncio.BaseTransport] = []

    class Refusing(Connection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            refused.append(transport)
            transport.abort()  # type: ignore[attr-defined]

    server = EdgeServer(Gate(listen="127.0.0.1:0"), witness, ids=CountedIds(), connection=Refusing)
    await server.start()
    with contextlib.suppress(ConnectionError):
        assert await talk(server.port, GOOD) == b""
    assert len(refused) == 1
    await server.close()
    assert server.connections == 0
