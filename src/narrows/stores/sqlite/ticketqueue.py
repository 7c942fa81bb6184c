"""Changes on their way into approvals.db: put in from the event loop, written in order by a thread of their own.

What comes while a transaction is written goes into the next one, together. Nothing here knows what a change means.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from narrows.evidence.sealing import MasterKey
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.stores.sqlite.ticketfile import Change, TicketFile

_log: Final = logging.getLogger(__name__)

Written = asyncio.Future[None]
"""Done when it is durable; ApprovalsUnavailable if it can't be made so."""


class _Unit(msgspec.Struct, frozen=True, eq=False):
    """Changes that become durable together. `again`: while they can't, it is tried later."""

    changes: tuple[Change, ...]
    done: Written
    again: bool


class TicketQueue:
    """Opened once, closed once."""

    async def open(self, directory: Path, master: MasterKey) -> None:
        """Opens the file, made where there is none. Raises DataDirectoryError."""
        self._loop = asyncio.get_running_loop()
        self._units: list[_Unit] = []
        self._late: list[_Unit] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "narrows-approvals")
        try:
            self._file = await self._loop.run_in_executor(self._thread, TicketFile, directory, master)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    def put(self, *changes: Change, again: bool = False) -> Written:
        """Takes changes that become durable together. `again`: those that can't be written now are written later, and
        nobody is told meanwhile."""
        done: Written = self._loop.create_future()
        done.add_done_callback(_seen)
        self._units.append(_Unit(changes, done, again))
        self._begin()
        return done

    def retry(self) -> None:
        """Tries again what could not be written."""
        if self._late:
            self._units, self._late = [*self._late, *self._units], []
            self._begin()

    async def drain(self) -> None:
        """Done when all that came has been written, or could not be."""
        self.retry()
        while self._writing is not None:
            await self._writing

    async def close(self) -> None:
        """Closes the file after what has come."""
        await self.drain()
        await self._loop.run_in_executor(self._thread, self._file.close)
        self._thread.shutdown()

    def _begin(self) -> None:
        if self._writing is None:
            self._writing = self._loop.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._units:
                batch, self._units = self._units, []
                # One that can't be written should not take others with it.
                if not await self._commit(batch, tell=len(batch) == 1) and len(batch) > 1:
                    for unit in batch:
                        await self._commit([unit], tell=True)
        finally:
            self._writing = None

    async def _commit(self, batch: Sequence[_Unit], *, tell: bool) -> bool:
        """Whether all of these are durable. If not, those who wait are told, if they should be."""
        changes = [change for unit in batch for change in unit.changes]
        try:
            await self._loop.run_in_executor(self._thread, self._file.write, changes)
        except Exception as error:  # noqa: BLE001 - whatever it is: it is not durable, and nobody may take it so
            if tell:
                _log.error("tickets can't be written: %s", error)
                self._fail(batch, error)
            return False
        for unit in batch:
            unit.done.set_result(None)
        return True

    def _fail(self, batch: Sequence[_Unit], error: Exception) -> None:
        for unit in batch:
            if unit.again:
                self._late.append(unit)
            else:
                unit.done.set_exception(ApprovalsUnavailable(f"tickets can't be written: {error}"))


async def durable(written: Written | None) -> None:
    """Waits for it. Whoever waits may be cancelled; what is written is written."""
    if written is not None:
        await asyncio.shield(written)


def _seen(written: Written) -> None:
    """One for whom nobody waits is no error."""
    written.exception()
