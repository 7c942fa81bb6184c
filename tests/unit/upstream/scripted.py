"""A server that follows a script byte by byte, and the pool that calls it."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

from narrows.config.schema import Connection, ConnectionCredential, Timeouts
from narrows.model.secret import Secret
from narrows.upstream.pool import ConnectionPool
from narrows.upstream.registry import Upstreams

QUICK = Timeouts(connect=2.0, first_byte=2.0, idle=2.0, total=5.0)
"""Never reached by a test that does not mean to."""

HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Peer:
    """The server's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """One whole request: head and the body of its Content-Length."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b": ")
            if name == b"content-length":
                length = int(value)
        return head + await self.reader.readexactly(length)

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def eof(self) -> None:
        """Ends this side; the other may still send."""
        self.writer.write_eof()

    def reset(self) -> None:
        """Breaks the connection with an RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Waits until the client has closed the connection, whatever it still sends."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


Script = Callable[[Peer], Awaitable[None]]


class Server:
    """Runs the script for each connection. `failures` are what scripts raised; the context manager asserts none."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.accepted = 0
        self.open = 0
        self.failures: list[BaseException] = []
        self.port = 0
        self.scheme = "http"
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.open += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self.script(Peer(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone, which many a script expects
        except asyncio.CancelledError:
            pass  # the test is over
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.failures.append(error)
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.transport.abort()

    async def stop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(script)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    server.scheme = "http" if tls is None else "https"
    try:
        yield server
    finally:
        await server.stop()
        listener.close()
        await listener.wait_closed()
    assert server.failures == []


@contextlib.asynccontextmanager
async def pool_to(
    url: str, timeouts: Timeouts = QUICK, max_connections: int = 8, **settings: object
) -> AsyncIterator[ConnectionPool]:
    upstreams = Upstreams()
    settings.setdefault("credential", ConnectionCredential(bearer=Secret("sk-upstream-secret")))
    config = Connection(url=url, dialect="openai", timeouts=timeouts, max_connections=max_connections, **settings)  # type: ignore[arg-type]
    pool = upstreams.get("main", config)
    try:
        yield pool
    finally:
        upstreams.close()
        await until(lambda: pool.open == 0)


@contextlib.asynccontextmanager
async def calling(
    script: Script, timeouts: Timeouts = QUICK, max_connections: int = 8
) -> AsyncIterator[tuple[ConnectionPool, Server]]:
    """A scripted server and a pool to it."""
    async with serving(script) as server, pool_to(server.url, timeouts, max_connections) as pool:
        yield pool, server


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what the event loop is about to do; fails after two seconds."""
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.001)


def answering(*replies: bytes) -> Script:
    """A script that answers each request on a connection with the next reply, then waits for the end."""

    async def script(peer: Peer) -> None:
        for reply in replies:
            await peer.request()
            peer.send(reply)
        await peer.gone()

    return script


async def always(peer: Peer) -> None:
    """A script that answers every request with `hello`."""
    while True:
        await peer.request()
        peer.send(HELLO)
