"""What many connections send in one turn of the event loop leaves together, at the turn's end.

A peer that sleeps is woken by the first byte it is sent, and waking it costs as much as sending. Where many calls go on
in one turn, their peers would be woken, find one message and sleep again, call after call; sent one right behind the
other, all but the first find them awake. A lone call gains nothing by waiting, so whoever sends says when to. It must
not know what is sent.
"""

import asyncio
import logging
from typing import Final, Protocol

_log = logging.getLogger("narrows.engine")

FEW: Final = 3
"""Calls that are on their way together up to which each is sent at once."""

MOST: Final = 16
"""What is sent together: the first does not wait for more than so many."""


class Sender(Protocol):
    """A connection that holds back what it has to send."""

    def release(self) -> None:
        """Sends it, unless it was given up."""


class Bursts:
    """Who holds something back, in the order in which they are released."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: list[Sender] = []

    def join(self, sender: Sender, loop: asyncio.AbstractEventLoop) -> None:
        """Releases `sender` at the end of this turn, or when so many wait that it is time."""
        held = self._held
        if not held:
            loop.call_soon(self._release)
        held.append(sender)
        if len(held) >= MOST:
            self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        for sender in held:
            try:
                sender.release()
            except Exception as failure:  # noqa: BLE001 - the boundary between calls: the others are sent all the same
                _log.error("a connection could not send: %s", type(failure).__qualname__)
