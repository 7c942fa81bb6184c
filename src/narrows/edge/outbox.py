"""What a connection still has to send of a long reply, handed to the transport slice by slice.

The kernel copies megabytes in one go, and the event loop would stand still meanwhile: between two slices others have
their turn, and a client that reads slowly is given the next one when it has read the one before. It knows the
transport, and nothing of what is sent.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

SLICE: Final = 256 * 1024


class Outbox:
    """`size`: bytes that the transport has not been given yet. `emptied` is told once, when there are none left, with
    whether the transport still asks to wait."""

    __slots__ = ("_emptied", "_held", "_loop", "_pieces", "_scheduled", "_transport", "size")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.WriteTransport, emptied: Callable[[bool], None]
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._emptied = emptied
        self._pieces: deque[memoryview] = deque()
        self._held = False
        self._scheduled = False
        self.size = 0

    def put(self, data: bytes) -> None:
        """Sends bytes after all others; they are kept as they are, not copied."""
        self._pieces.append(memoryview(data))
        self.size += len(data)
        self._schedule()

    def hold(self) -> None:
        """The transport has enough."""
        self._held = True

    def go_on(self) -> None:
        """The transport takes more."""
        self._held = False
        self._schedule()

    def flush(self) -> None:
        """Gives the transport the rest at once; `emptied` is not told."""
        while self._pieces:
            self._transport.write(self._pieces.popleft())
        self.size = 0

    def discard(self) -> None:
        """Nothing more is to be sent; `emptied` is not told."""
        self._pieces.clear()
        self.size = 0

    def _schedule(self) -> None:
        if not (self._scheduled or self._held):
            self._scheduled = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        self._scheduled = False
        pieces = self._pieces
        if not pieces or self._held:
            return
        piece = pieces[0]
        if len(piece) > SLICE:
            pieces[0] = piece[SLICE:]
            piece = piece[:SLICE]
        else:
            pieces.popleft()
        self.size -= len(piece)
        # The transport may call `hold` from here.
        self._transport.write(piece)
        if pieces:
            self._schedule()
        else:
            self._emptied(self._held)
