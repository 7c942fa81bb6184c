"""Serves the application: uvicorn, made as strict as it gets, on the running event loop.

It owns the socket, and that uvicorn installs no signal handler and no log of its own. `h11` reads requests, not the
faster parser: the gate is where speed counts, and h11 bounds the head of a request by itself.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

LARGEST_HEAD: Final = 32 * 1024
"""Bytes of a request's head."""

CONNECTIONS: Final = 256
"""Connections and requests at once; more are answered 503."""

HEAD: Final = 10.0
"""Seconds in which a request's head must be there, from the connection or its first byte on."""

IDLE: Final = 30
DRAIN: Final = 5
"""Seconds that an idle connection is kept, and that requests get to finish at the end."""

BACKLOG: Final = 256


class HttpServer:
    """An HTTP/1.1 server for one ASGI application."""

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        context: ssl.SSLContext | None = None,
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        self._address = (host, port)
        self._server = _Quiet(_settings(app, context, trusted_proxies))
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port, also when the system chose it; RuntimeError before `start`."""
        if self._socket is None:
            raise RuntimeError("the server was not started")
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Listens. Raises OSError if the address is taken."""
        self._socket = _listening(*self._address)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise OSError("the server ended before it began")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Lets requests finish for some seconds, then closes. Idempotent."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None
        if self._socket is not None:
            self._socket.close()


class _Impatient(H11Protocol):
    """One connection. It is closed when the head of a request does not come in time: uvicorn itself waits for ever, and
    a few hundred who say nothing would keep everybody else out."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Waits on while what is there is not a request yet."""
        super().data_received(data)
        # There is no cycle before the first request.
        if not getattr(self.cycle, "response_complete", True):
            self._end_wait()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no more."""
        self._end_wait()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._late is None and not self.transport.is_closing():
            self._late = self.loop.call_later(HEAD, self.transport.close)

    def _end_wait(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _Quiet(uvicorn.Server):
    """Leaves signals to the process: it may not be the only thing that runs in it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def _settings(app: Any, context: ssl.SSLContext | None, trusted_proxies: Sequence[str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Impatient,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        # Requests that are none are not worth a line each; whoever sends them could fill the log.
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=DRAIN,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )


def _listening(host: str, port: int) -> socket.socket:
    """A bound socket; a name is resolved, its first address taken."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except BaseException:
        bound.close()
        raise
    bound.settimeout(0)
    return bound
