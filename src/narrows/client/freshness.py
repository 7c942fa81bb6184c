"""A token that is fresh whenever a call needs it, and no call that waits for it while the one at hand is good.

Renewal asks files and the network, in a thread, once at a time.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from narrows.client.failure import SignInFailed
from narrows.client.tokens import Tokens
from narrows.model.secret import Secret

Renews = Callable[[Secret | None], Tokens]
"""Tokens that are not due, or the old ones where they could not be renewed and are good; see `renewal`."""

PAUSE: Final = 30
"""Seconds between two attempts to renew a token that is still good."""


class Freshness:
    """The tokens of a process that runs. `now` is in Unix seconds."""

    def __init__(self, renew: Renews, now: Callable[[], int]) -> None:
        self._renew = renew
        self._now = now
        self._tokens: Tokens | None = None
        self._lock = asyncio.Lock()
        self._behind: asyncio.Task[None] | None = None
        self._again = 0

    async def tokens(self, refused: Secret | None = None) -> Tokens:
        """Tokens to call with; `refused` is an access token that the gate did not take. Raises SignInFailed."""
        tokens = self._tokens
        if tokens is None or tokens.ended(self._now()) or tokens.access == refused:
            return await self._renewed(refused)
        if tokens.due(self._now()) and self._behind is None and self._now() >= self._again:
            self._behind = asyncio.create_task(self._renew_behind())
        return tokens

    async def close(self) -> None:
        """Waits for a renewal that is under way: what the provider gives must be kept."""
        if self._behind is not None:
            await asyncio.wait((self._behind,))

    async def _renewed(self, refused: Secret | None) -> Tokens:
        async with self._lock:
            tokens = self._tokens
            if tokens is None or tokens.ended(self._now()) or tokens.access == refused:
                self._tokens = tokens = await asyncio.to_thread(self._renew, refused)
            return tokens

    async def _renew_behind(self) -> None:
        self._again = self._now() + PAUSE
        try:
            async with self._lock:
                self._tokens = await asyncio.to_thread(self._renew, None)
        except SignInFailed:
            # The call that finds the token ended says so.
            pass
        finally:
            self._behind = None
