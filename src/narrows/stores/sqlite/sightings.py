"""The Sightings port on SQLite, the event loop's side: what a gate has seen goes into gate.db, in a thread of its own.

What can't be written is tried again, up to a bound; nothing waits for it. Which network a token was used from first is
in memory as well, since it decides about calls.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from narrows.model.revision import InForce
from narrows.model.revocation import Stopped
from narrows.ports.clock import Clock
from narrows.ports.sightings import Use
from narrows.stores.sqlite.gatefile import Bound, GateFile, Seen

KEPT: Final = 400 * 86_400 * 1_000_000
"""Microseconds for which it is known when a credential was used: longer than any that is issued here lasts."""

MOST: Final = 100_000
"""Sightings that wait to be written; beyond them the oldest are dropped."""

AGAIN: Final = 1.0
"""Seconds after which it is tried again."""

_log = logging.getLogger(__name__)


class SqliteSightings:
    """Implements `narrows.ports.sightings.Sightings` and `narrows.ports.revisions.Revisions`. `start`
    first, `stop` last."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._waiting: list[Seen] = []
        self._networks: dict[str, str] = {}
        self._writing: asyncio.Task[None] | None = None
        self._file: GateFile | None = None
        self._stopping = False

    async def start(self) -> None:
        """Opens the file. Raises SightingsUnavailable."""
        self._thread = ThreadPoolExecutor(1, "narrows-sightings")
        try:
            loop = asyncio.get_running_loop()
            self._file, networks = await loop.run_in_executor(self._thread, self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        self._networks.update(networks)
        if self._waiting:
            self._begin()

    async def stop(self) -> None:
        """Writes what can be. Idempotent."""
        if self._file is None:
            return
        self._stopping = True
        if self._waiting:
            self._begin()
        if self._writing is not None:
            await self._writing
        file, self._file = self._file, None
        await asyncio.get_running_loop().run_in_executor(self._thread, file.close)
        self._thread.shutdown()

    def acknowledge(self, stopped: Sequence[Stopped]) -> None:
        """What was done about revocations."""
        self._put(stopped)

    def used(self, uses: Sequence[Use]) -> None:
        """Credentials were used."""
        self._put(uses)

    def came(self, revision: InForce) -> None:
        """Policies of another revision are in force."""
        self._put([revision])

    def network(self, token: str) -> str | None:
        """The network that a token was used from first."""
        return self._networks.get(token)

    def bind(self, token: str, network: str) -> str:
        """The network that a token was used from first, which is this one if there was none."""
        first = self._networks.setdefault(token, network)
        if first is network:
            self._put([Bound(token, network, self._clock.now())])
        return first

    def _open(self) -> tuple[GateFile, Mapping[str, str]]:
        file = GateFile(self._directory)
        file.forget(self._clock.now() - KEPT)
        return file, file.networks()

    def _put(self, seen: Sequence[Seen]) -> None:
        if not seen:
            return
        self._waiting += seen
        if len(self._waiting) > MOST:
            del self._waiting[:-MOST]
        if self._file is not None:
            self._begin()

    def _begin(self) -> None:
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._waiting and self._file is not None:
                batch, self._waiting = self._waiting, []
                try:
                    await asyncio.get_running_loop().run_in_executor(self._thread, self._file.write, batch)
                except Exception as error:  # noqa: BLE001 - a job's boundary: whatever it is, calls go on
                    _log.error("what the gate has seen can't be written: %s", f"{type(error).__name__}: {error}")
                    self._waiting = [*batch, *self._waiting]
                    if self._stopping:
                        return
                    await asyncio.sleep(AGAIN)
        finally:
            self._writing = None
