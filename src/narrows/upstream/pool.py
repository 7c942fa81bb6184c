"""The connections to one upstream: how many, which is next, who waits.

Idle connections are used last in, first out, so that the surplus of a busy hour expires. At the limit callers wait in
line; the line is bounded in length and each wait in time. A connection goes from one call to the next only when its
reply was complete and it is silent; a call that is cancelled closes its connection. Nothing is ever sent twice: a
connection that has closed is left out before anything is written, and what fails afterwards fails the call.
"""

import asyncio
from collections import deque
from typing import Final

from narrows.engine.bursts import FEW, Bursts
from narrows.ports.http import HeaderList
from narrows.upstream.connection import JOINED, Connection
from narrows.upstream.credential import UpstreamCredential
from narrows.upstream.dial import Dialer
from narrows.upstream.failure import crowded, seconds, unreachable
from narrows.upstream.reply import Reply, Whole
from narrows.upstream.request import RequestHeads

WAITING_PER_CONNECTION: Final = 4
"""Callers that may wait for each connection there may be."""

_RETRY_AFTER: Final = 1


class ConnectionPool:
    """Implements the Upstream port for one connection of the configuration."""

    def __init__(
        self, dialer: Dialer, heads: RequestHeads, credential: UpstreamCredential, *, max_connections: int
    ) -> None:
        self._dialer = dialer
        self._heads = heads
        self._credential = credential
        self._most = max_connections
        self._total = dialer.timeouts.total
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._open = 0  # connections that are there or being made
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._bursts = Bursts()
        self._retired = False
        self._closed = False

    async def send(self, method: str, target: str, headers: HeaderList, body: bytes) -> Whole | Reply:
        """Sends a request; waits for the head. Raises UpstreamFailed. Cancelled, it closes the connection."""
        size = len(body)
        if size <= JOINED:
            head, rest = self._heads.head(method, target, headers, size, body), b""
        else:
            head, rest = self._heads.head(method, target, headers, size), body
        total_at = None
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.usable:
                break
        else:
            # Waiting for a connection counts as part of the call.
            loop = asyncio.get_running_loop()
            total_at = loop.time() + self._total
            connection = await self._obtain(loop)
        bursts = self._bursts if len(self._all) - len(idle) > FEW else None
        begun = connection.begin(head, rest, total_at, bursts)
        try:
            return await begun
        except asyncio.CancelledError:
            connection.forsake(begun)
            raise

    def echoes(self, data: bytes) -> bool:
        """Whether the credential itself stands in `data`."""
        return self._credential.echoes(data)

    def leaks(self, data: bytes) -> bool:
        """Whether the credential stands in `data`, in any of the forms a server may echo it in."""
        return self._credential.leaks(data)

    @property
    def open(self) -> int:
        """Connections that are there or being made."""
        return self._open

    @property
    def waiting(self) -> int:
        """Callers in line."""
        return len(self._waiting)

    def retire(self) -> None:
        """Another pool takes over: calls that hold this one still work, but no connection is kept afterwards."""
        self._retired = True
        for connection in self._idle[:]:
            connection.abort()
        self._idle.clear()

    def close(self) -> None:
        """Ends everything at once: calls in flight fail, callers in line too. Idempotent."""
        self._closed = True
        self.retire()
        for connection in tuple(self._all):
            connection.abort()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(_shut())

    # What a connection tells its owner.

    def released(self, connection: Connection) -> None:
        """Hands a free connection to the first in line, or keeps it."""
        waiter = self._next() if self._waiting else None
        if waiter is not None:
            waiter.set_result(connection)
        elif self._retired:
            connection.abort()
        else:
            self._idle.append(connection)
            connection.keep()

    def lost(self, connection: Connection) -> None:
        """A connection is gone; its place goes to the first in line."""
        if connection in self._all:
            self._all.remove(connection)
            if connection in self._idle:
                self._idle.remove(connection)
            self._vacate()

    # Getting a connection that is not simply there.

    async def _obtain(self, loop: asyncio.AbstractEventLoop) -> Connection:
        if self._closed:
            raise _shut()
        while self._open >= self._most:
            given = await self._wait(loop)
            if given is None:
                break
            if given.usable:
                return given
        else:
            self._open += 1
        try:
            connection = await self._dialer.dial(self)
        except BaseException:
            self._vacate()
            raise
        if not connection.usable or self._closed:
            # It was accepted and closed again at once, or the pool was closed meanwhile.
            connection.abort()
            self._vacate()
            raise unreachable("it closed the connection", sent=False)
        self._all.add(connection)
        return connection

    async def _wait(self, loop: asyncio.AbstractEventLoop) -> Connection | None:
        """A connection that came free, or None: the right to make one. Raises UpstreamFailed."""
        limit = self._dialer.timeouts.connect
        if len(self._waiting) >= self._most * WAITING_PER_CONNECTION:
            raise crowded("too many calls wait for a connection", retry_after=_RETRY_AFTER)
        waiter: asyncio.Future[Connection | None] = loop.create_future()
        self._waiting.append(waiter)
        late = loop.call_later(limit, _expire, waiter, limit)
        try:
            return await waiter
        except BaseException:
            self._withdraw(waiter)
            raise
        finally:
            late.cancel()

    def _withdraw(self, waiter: asyncio.Future[Connection | None]) -> None:
        """The caller gives up; what it was given at the same moment goes on to the next."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        elif not waiter.cancelled() and waiter.exception() is None:
            given = waiter.result()
            if given is None:
                self._vacate()
            elif given.usable:
                self.released(given)

    def _next(self) -> asyncio.Future[Connection | None] | None:
        """The first caller in line that is still there."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _vacate(self) -> None:
        """A place for a connection is free: the first in line may make one."""
        waiter = self._next()
        if waiter is None:
            self._open -= 1
        else:
            waiter.set_result(None)


def _expire(waiter: asyncio.Future[Connection | None], limit: float) -> None:
    if not waiter.done():
        waiter.set_exception(crowded(f"no connection came free within {seconds(limit)}", retry_after=_RETRY_AFTER))


def _shut() -> Exception:
    return unreachable("its connections are being closed", sent=False)
