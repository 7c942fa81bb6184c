"""The demo's small servers and its choice of ports."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from narrows.demo.servers import LOOPBACK, LoopbackServer, PortTaken, choose_port
from narrows.ports.http import Exchange
from narrows.wiring.clock import SequentialIds


class Mirror:
    """Answers with the URL it was made for."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def __call__(self, exchange: Exchange) -> None:
        exchange.respond(200, [(b"content-type", b"text/plain")], self.url.encode())


async def test_a_handler_is_made_for_its_url() -> None:
    server = LoopbackServer(Mirror, SequentialIds())
    with pytest.raises(RuntimeError):
        server.handler.url  # noqa: B018
    url = await server.start()
    try:
        assert server.handler.url == url
        async with httpx.AsyncClient() as client:
            assert (await client.get(url)).text == url
    finally:
        await server.stop()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_avoided_or_refused(taken: int) -> None:
    assert choose_port(taken, strict=False) not in (0, taken)
    with pytest.raises(PortTaken, match=str(taken)):
        choose_port(taken, strict=True)


def test_a_free_port_is_kept_and_zero_is_any() -> None:
    free = choose_port(0, strict=True)
    assert free
    assert choose_port(free, strict=True) == free
