"""The small servers beside the demo's gate: each on a loopback port of its own, on the same edge as the gate."""

import errno
import socket
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from narrows.config.schema import Gate as GateSettings
from narrows.edge.server import EdgeServer
from narrows.ports.clock import Ids
from narrows.ports.http import Exchange, ExchangeHandler

H = TypeVar("H", bound=ExchangeHandler)

LOOPBACK: Final = "127.0.0.1"


class PortTaken(Exception):
    """The port that was asked for is in use."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use")
        self.port = port


class LoopbackServer(Generic[H]):
    """Serves a handler that needs to know its own URL, on a port that the system chooses."""

    def __init__(self, make: Callable[[str], H], ids: Ids) -> None:
        self._make = make
        self._server = EdgeServer(GateSettings(listen=f"{LOOPBACK}:0", drain=1.0), self._serve, ids=ids)
        self._handler: H | None = None

    @property
    def handler(self) -> H:
        """The handler; RuntimeError before `start`."""
        if self._handler is None:
            raise RuntimeError("the server was not started")
        return self._handler

    async def start(self) -> str:
        """Listens; gives the base URL."""
        await self._server.start()
        url = f"http://{LOOPBACK}:{self._server.port}"
        self._handler = self._make(url)
        return url

    async def stop(self) -> None:
        """Cuts what is in flight and closes."""
        await self._server.close()

    async def _serve(self, exchange: Exchange) -> None:
        if self._handler is None:
            exchange.abort()
            return
        await self._handler(exchange)


def choose_port(wanted: int, *, strict: bool) -> int:
    """The wanted loopback port if it is free, else any free one. Raises PortTaken if `strict`."""
    if _is_free(wanted):
        return wanted if wanted else _any_port()
    if strict:
        raise PortTaken(wanted)
    return _any_port()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
