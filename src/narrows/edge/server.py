"""The server: listens, polls the certificate, drains. Everything about a connection is elsewhere.

It serves the gate, and just as well the small servers beside it (the admin port, the demo's sample model): those give
another handler, and nothing else.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from narrows.config.schema import Gate
from narrows.edge.connection import Connection
from narrows.edge.denials import plain_refusal
from narrows.edge.paths import AllowsEncodedSlash, never
from narrows.edge.service import Service
from narrows.edge.tls import Certificates
from narrows.ports.clock import Ids
from narrows.ports.http import EdgeRefusal, ExchangeHandler

BACKLOG: Final = 4096
TLS_SHUTDOWN: Final = 2.0
GRACE: Final = 5.0
"""Seconds that calls cut by a drain have to settle and record their end."""


class EdgeServer:
    """An HTTP/1.1 server. Lives on the event loop that `start` is called on; uvloop is what makes it fast."""

    def __init__(
        self,
        settings: Gate,
        handler: ExchangeHandler,
        refusal: EdgeRefusal = plain_refusal,
        *,
        ids: Ids,
        allows_encoded_slash: AllowsEncodedSlash = never,
        tls_poll: float = 1.0,
        grace: float = GRACE,
        connection: Callable[[Service], asyncio.Protocol] = Connection,
        resting: Callable[[], int] = lambda: 0,
    ) -> None:
        """`tls_poll` is how often the certificate's files are looked at, `grace` what calls cut by a drain get to
        settle; both in seconds. `connection` makes the protocol of each connection. `resting` gives how many calls
        in flight wait for people, and don't count among `max_calls`. Raises ValueError for a `listen` or
        `trusted_proxies` that can't be read."""
        self._resting = resting
        self._settings = settings
        self._handler = handler
        self._refusal = refusal
        self._ids = ids
        self._allows_encoded_slash = allows_encoded_slash
        self._tls_poll = tls_poll
        self._grace = grace
        self._connection = connection
        self._host, self._wanted_port = parse_listen(settings.listen)
        self._certificates: Certificates | None = None
        self._server: asyncio.Server | None = None
        self._service: Service | None = None
        self._poll_timer: asyncio.TimerHandle | None = None
        self._bound: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that the server listens on; RuntimeError before `start`."""
        if self._bound is None:
            raise RuntimeError("the server was not started")
        return self._bound

    @property
    def port(self) -> int:
        """The port, also when the system chose it; RuntimeError before `start`."""
        return self.address[1]

    @property
    def in_flight(self) -> int:
        """Calls being served."""
        return len(self._service.tasks) if self._service is not None else 0

    @property
    def connections(self) -> int:
        """Open client connections."""
        return len(self._service.connections) if self._service is not None else 0

    async def start(self) -> None:
        """Listens. Raises OSError if the address is taken or the certificate can't be used, ValueError as above."""
        loop = asyncio.get_running_loop()
        service = Service(
            self._settings, self._handler, self._refusal, self._ids, self._allows_encoded_slash, loop, self._resting
        )
        tls = self._settings.tls
        if tls is not None:
            self._certificates = Certificates(tls)
        secure = self._certificates is not None
        self._server = await loop.create_server(
            lambda: self._connection(service),
            self._host,
            self._wanted_port,
            backlog=BACKLOG,
            ssl=self._certificates.context if self._certificates is not None else None,
            ssl_handshake_timeout=self._settings.header_timeout if secure else None,
            ssl_shutdown_timeout=TLS_SHUTDOWN if secure else None,
        )
        self._service = service
        self._bound = self._server.sockets[0].getsockname()[:2]
        if self._certificates is not None:
            self._poll_timer = loop.call_later(self._tls_poll, self._poll)

    def reload_tls(self) -> bool:
        """Loads certificate and key again for new connections; False if they can't be used (the old ones stay)."""
        return self._certificates is None or self._certificates.reload()

    async def drain(self) -> None:
        """Stops listening, lets calls in flight finish within `settings.drain`, cuts the rest, closes. Idempotent."""
        self._stop_listening()
        if self._service is not None:
            await self._service.run_out(self._settings.drain, self._grace)

    async def close(self) -> None:
        """Drains without patience: calls in flight are cut at once."""
        self._stop_listening()
        if self._service is not None:
            await self._service.run_out(0.0, self._grace)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._poll_timer is not None:
            self._poll_timer.cancel()
            self._poll_timer = None

    def _poll(self) -> None:
        if self._certificates is not None:
            self._certificates.poll()
            self._poll_timer = asyncio.get_running_loop().call_later(self._tls_poll, self._poll)


def parse_listen(listen: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8080`, `[::1]:8080` or `localhost:0`. Raises ValueError."""
    host, colon, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"not an address and port such as 127.0.0.1:8080: {listen!r}")
    return host, int(port)
