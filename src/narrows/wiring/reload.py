"""Watches the configuration's files: a good new version takes force at once, a broken one is refused and the old stays.

The file itself, and those it names whose content is part of it, such as word lists.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

_log = logging.getLogger("narrows.reload")

_INTERVAL: Final = 0.2
"""Seconds between two looks; a change is in force within 1 s (aim: 200 ms)."""


Stamp = tuple[int, int, int] | None


def stamp(path: Path) -> Stamp:
    """What tells a file from an earlier version of itself; None if it can't be found."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class FileWatch:
    """Calls `changed` when the file's content is another than before, or one of the others is not the one that was
    read. Never raises out of its task.

    `others` gives their paths and what they were when they were read: a version that is refused is not tried again.
    """

    def __init__(
        self,
        path: Path,
        changed: Callable[[], Awaitable[None]],
        interval: float = _INTERVAL,
        others: Callable[[], Mapping[str, Stamp]] = dict,
    ) -> None:
        self._path = path
        self._changed = changed
        self._interval = interval
        self._others = others
        self._stamp = stamp(path)
        self._digest = self._hash()
        self._tried: dict[str, Stamp] = {}

    def _hash(self) -> bytes | None:
        try:
            return hashlib.sha256(self._path.read_bytes()).digest()
        except OSError:
            return None

    async def check(self) -> bool:
        """Looks once; True if the content had changed and `changed` was called."""
        others, own = self._other(), self._own()
        if others or own:
            await self._changed()
        return others or own

    def _own(self) -> bool:
        found = stamp(self._path)
        if found is None or found == self._stamp:
            # A file that is gone is on its way back (editors and deployments replace it); the old version stays.
            return False
        self._stamp = found
        digest = self._hash()
        if digest is None or digest == self._digest:
            return False
        self._digest = digest
        return True

    def _other(self) -> bool:
        changed = False
        for name, known in self._others().items():
            found = stamp(Path(name))
            if found is not None and found not in (known, self._tried.get(name)):
                self._tried[name] = found
                changed = True
        return changed

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
