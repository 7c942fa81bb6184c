"""Large things in small steps, so that other calls have their turn in between: what is sent, and events of streams."""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from narrows.engine.chain import Chain
from narrows.model.reply import Event
from narrows.model.verdict import Deny
from narrows.ports.control import Wait
from narrows.ports.http import Exchange

PIECE: Final = 128 * 1024
"""Bytes that are sent in one turn of the event loop."""

HEAVY: Final = 32 * 1024
"""Bytes of one event of a stream from which it is read, judged and written in a thread. What runs there gives the
interpreter away again and again; what does not, such as reading JSON, takes a millisecond for two megabytes."""


async def send(exchange: Exchange, data: bytes) -> None:
    """Sends a part of a begun reply, as fast as the client takes it."""
    for at in range(0, len(data), PIECE):
        if not exchange.send(data[at : at + PIECE]):
            await exchange.drained()
        await asyncio.sleep(0)


class Weight:
    """How heavy the event is that a stream is about to complete."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = 0

    def add(self, data: bytes) -> bool:
        """Takes the next bytes; whether what they may complete is heavy. Only a line's end completes an event."""
        self._held += len(data)
        return self._held > HEAVY and (b"\n" in data or not data)

    def begin(self, events: Sequence[Event]) -> None:
        """What the bytes completed: after an event the next one begins."""
        if events:
            self._held = 0


def in_thread(chain: Chain, event: Event) -> Wait[Deny | None]:
    """What the guards say of a heavy event."""

    async def judged() -> Deny | None:
        answer = await asyncio.to_thread(chain.on_event, event)
        return await answer.until() if type(answer) is Wait else answer

    return Wait(judged, math.inf)
