"""The sending half of a connection: what the transport takes, and when the client reads too slowly to be sent more.

It must not know requests. What depends on them is asked of the other half: what to do when writing stalls, and when
there is room again.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Final

from narrows.edge.outbox import SLICE, Outbox
from narrows.engine.bursts import Bursts

WRITE_HIGH: Final = 64 * 1024
WRITE_LOW: Final = 16 * 1024


class Sending(asyncio.Protocol, ABC):
    """The other half is `narrows.edge.connection.Connection`."""

    __slots__ = ("_held", "_loop", "_lost", "_outbox", "_room", "_transport", "_unblocked")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # A reply that leaves with others at the end of this turn of the loop.
        self._held = b""
        self._transport: asyncio.Transport
        self._lost = False
        # Whether there is room for more; while a long reply is on its way there is none.
        self._unblocked = True
        self._outbox: Outbox | None = None
        self._room: asyncio.Future[None] | None = None

    @property
    def writable(self) -> bool:
        """Whether the client keeps up."""
        return self._unblocked and not self._lost

    def write(self, data: bytes) -> None:
        """Sends bytes, or drops them when the client is gone."""
        if self._lost:
            return
        if self._held:
            self.release()
        if self._outbox is None:
            if len(data) <= SLICE:
                self._transport.write(data)
                return
            self._unblocked = False
            self._outbox = Outbox(self._loop, self._transport, self._emptied)
        self._outbox.put(data)

    def hold(self, data: bytes, bursts: Bursts) -> None:
        """The same, but together with what others send in this turn of the loop."""
        if self._held or self._outbox is not None:
            self.write(data)
        elif not self._lost:
            self._held = data
            bursts.join(self, self._loop)

    def release(self) -> None:
        """Sends what was held back. Nothing may be sent before it, and the connection not be closed."""
        held, self._held = self._held, b""
        if held and not self._lost:
            self._transport.write(held)

    def room(self) -> asyncio.Future[None] | None:
        """Done when the client has read enough; None if it has."""
        if self.writable or self._lost:
            return None
        if self._room is None:
            self._room = self._loop.create_future()
        return self._room

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._unblocked = False
        if self._outbox is not None:
            self._outbox.hold()
        self._stalled()

    def resume_writing(self) -> None:
        """The client caught up."""
        if self._outbox is not None:
            self._outbox.go_on()
            return
        self._unblocked = True
        self._free_room()
        self._relieved()

    def _emptied(self, held: bool) -> None:  # noqa: FBT001 -- a callback's only argument
        """The transport has all of a long reply; `held`: it will say when there is room again."""
        self._outbox = None
        if not held:
            self.resume_writing()

    @abstractmethod
    def _stalled(self) -> None:
        """Writing waits for the client."""

    @abstractmethod
    def _relieved(self) -> None:
        """There is room again."""

    def _unsent(self) -> int:
        """Bytes that have not left."""
        size = self._transport.get_write_buffer_size()
        return size if self._outbox is None else size + self._outbox.size

    def _hand_over(self) -> None:
        """Gives the transport all there is to send, however much: it is about to close by itself."""
        if self._outbox is not None:
            self._outbox.flush()
            self._outbox = None

    def _drop(self) -> None:
        """Forgets what the transport has not been given yet."""
        if self._outbox is not None:
            self._outbox.discard()
            self._outbox = None

    def _free_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None
