"""Watches the configuration file: a good new version takes force at once, a broken one is refused and the old stays."""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

_log = logging.getLogger("narrows.reload")

_INTERVAL: Final = 0.2
"""Seconds between two looks; a change is in force within 1 s (aim: 200 ms)."""


class FileWatch:
    """Calls `changed` when the file's content is another than before. Never raises out of its task."""

    def __init__(self, path: Path, changed: Callable[[], Awaitable[None]], interval: float = _INTERVAL) -> None:
        self._path = path
        self._changed = changed
        self._interval = interval
        self._stamp = self._look()
        self._digest = self._hash()

    def _look(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)

    def _hash(self) -> bytes | None:
        try:
            return hashlib.sha256(self._path.read_bytes()).digest()
        except OSError:
            return None

    async def check(self) -> bool:
        """Looks once; True if the content had changed and `changed` was called."""
        stamp = self._look()
        if stamp is None or stamp == self._stamp:
            # A file that is gone is on its way back (editors and deployments replace it); the old version stays.
            return False
        self._stamp = stamp
        digest = self._hash()
        if digest is None or digest == self._digest:
            return False
        self._digest = digest
        await self._changed()
        return True

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.check()
            except Exception as failure:
                # The boundary of a background job: a watch that dies would silently freeze the policies.
                _log.error("looking for a new configuration failed: %s", type(failure).__qualname__, exc_info=failure)


async def cancel(task: "asyncio.Task[None] | None") -> None:
    """Cancels a background task and waits for it to be gone."""
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
