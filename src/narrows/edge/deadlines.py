"""One deadline of one connection at a time, on one lazy timer.

A busy connection moves its deadline with every request; re-arming a timer each time would cost more than the check it
stands for. So the timer is left to fire early, looks, and sleeps on. Times are the event loop's.
"""

import asyncio
from collections.abc import Callable
from enum import IntEnum
from typing import Final

_NEVER: Final = float("inf")


class Wait(IntEnum):
    """What a connection waits for."""

    NOTHING = 0
    IDLE = 1
    HEADER = 2
    BODY = 3
    WRITE = 4
    CLOSING = 5


_NOTHING: Final = Wait.NOTHING


class Deadline:
    """What is waited for and until when. `mark` is the waiter's own note, given back to it."""

    __slots__ = ("_at", "_expired", "_loop", "_timer", "_timer_at", "mark", "wait")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[Wait, int], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = _NEVER
        self._at = _NEVER
        self.wait: Wait = _NOTHING
        self.mark = 0

    def expect(self, wait: Wait, seconds: float, mark: int = 0) -> None:
        """Waits for something new, instead of what was waited for."""
        self.wait = wait
        self.mark = mark
        self._at = at = self._loop.time() + seconds
        if at < self._timer_at:
            self._arm(at)

    def clear(self) -> None:
        """Waits for nothing."""
        self.wait = _NOTHING
        self._at = _NEVER

    def stop(self) -> None:
        """The connection is over: frees the timer."""
        self.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        self._timer_at = _NEVER
        if self._at == _NEVER:
            return
        # Event loops fire up to a millisecond early.
        if self._at > self._loop.time() + 0.001:
            self._arm(self._at)
            return
        wait, mark = self.wait, self.mark
        self.clear()
        self._expired(wait, mark)
