"""What all connections of one server share: settings, the handler, who is connected, what is in flight.

It decides whether a request may begin at all (`admit`); it must not know sockets or bytes.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from narrows.config.schema import Gate
from narrows.edge.denials import draining, overloaded
from narrows.edge.exchange import DRAIN
from narrows.edge.forwarded import parse_networks
from narrows.edge.paths import AllowsEncodedSlash
from narrows.engine.bursts import Bursts
from narrows.model.verdict import Deny
from narrows.ports.clock import Ids
from narrows.ports.http import EdgeRefusal, ExchangeHandler

SHED_SHARE: Final = 8
SHED_LEAST: Final = 64
"""Connections over the cap that are kept just long enough to hear 503: an eighth of the cap, at least so many."""

log = logging.getLogger("narrows.edge")


class Member(Protocol):
    """A connection, as the service sees it."""

    def drain(self) -> None:
        """Close if idle; otherwise close after the reply."""

    def abort(self) -> None:
        """Break the connection now."""


def _none() -> int:
    """Nobody waits for people."""
    return 0


class Service:
    """Shared by the connections of one server; used on one event loop."""

    __slots__ = (
        "_changed",
        "_resting",
        "allows_encoded_slash",
        "bursts",
        "connections",
        "draining",
        "handler",
        "ids",
        "loop",
        "refusal",
        "settings",
        "tasks",
        "trusted",
    )

    def __init__(
        self,
        settings: Gate,
        handler: ExchangeHandler,
        refusal: EdgeRefusal,
        ids: Ids,
        allows_encoded_slash: AllowsEncodedSlash,
        loop: asyncio.AbstractEventLoop,
        resting: Callable[[], int] = _none,
    ) -> None:
        """`resting` gives how many of the calls in flight wait for people: they have a limit of their own, and keep
        nobody else out."""
        self._resting = resting
        self.settings = settings
        self.handler = handler
        self.refusal = refusal
        self.ids = ids
        self.allows_encoded_slash = allows_encoded_slash
        self.loop = loop
        self.trusted = parse_networks(settings.trusted_proxies)
        self.connections: set[Member] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.bursts = Bursts()
        self.draining = False
        self._changed: asyncio.Future[None] | None = None

    def admit(self, *, surplus: bool) -> Deny | None:
        """Whether a request may begin; `surplus`: it came on a connection over the cap."""
        if self.draining:
            return draining()
        most = self.settings.max_calls
        if surplus or (len(self.tasks) >= most and len(self.tasks) - self._resting() >= most):
            return overloaded()
        return None

    def join(self, member: Member) -> bool | None:
        """A connection was made: True if it is over the cap, None if there is not even room to tell it so."""
        cap = self.settings.max_connections
        present = len(self.connections)
        if present >= cap + max(SHED_LEAST, cap // SHED_SHARE):
            return None
        self.connections.add(member)
        return present >= cap

    def leave(self, member: Member) -> None:
        """A connection was lost."""
        self.connections.discard(member)
        self._signal()

    def ended(self, task: asyncio.Task[None]) -> None:
        """A handler's task is over."""
        self.tasks.discard(task)
        if self._changed is not None:
            self._signal()

    def render(self, deny: Deny, path: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """A refusal of the edge's own: status, headers, body. A renderer that fails costs the body, not the refusal."""
        try:
            content_type, body = self.refusal(deny, path)
        except Exception as error:  # noqa: BLE001 -- a boundary: the client must still be told no
            log.error("the refusal renderer failed: %s", type(error).__name__)  # noqa: TRY400 -- its content is not ours
            content_type, body = b"text/plain", b""
        headers = [(b"content-type", content_type), (b"x-request-id", self.ids.request().encode("ascii"))]
        if deny.retry_after is not None:
            headers.append((b"retry-after", b"%d" % deny.retry_after))
        return deny.meaning.status, headers, body

    async def run_out(self, seconds: float, grace: float) -> None:
        """Lets calls in flight finish within `seconds`, cancels the rest with DRAIN and gives them `grace` to settle.

        Idle connections stay open while calls are in flight, so that a request on one hears 503 and not silence.
        """
        self.draining = True
        deadline = self.loop.time() + seconds
        await self._until_empty(seconds, connections=False)
        for member in list(self.connections):
            member.drain()
        await self._until_empty(max(deadline - self.loop.time(), 0), connections=True)
        if self.tasks:
            log.warning("drain: %d calls were cut", len(self.tasks))
        for task in list(self.tasks):
            task.cancel(DRAIN)
        await self._until_empty(grace, connections=False)
        for member in list(self.connections):
            member.abort()

    async def _until_empty(self, seconds: float, *, connections: bool) -> None:
        deadline = self.loop.time() + seconds
        while self.tasks or (connections and self.connections):
            left = deadline - self.loop.time()
            if left <= 0:
                return
            self._changed = self.loop.create_future()
            await asyncio.wait({self._changed}, timeout=left)

    def _signal(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
