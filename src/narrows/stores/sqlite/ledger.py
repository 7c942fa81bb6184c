"""The Ledger port on SQLite, the event loop's side: a book in memory that decides, and what keeps its sums.

Nothing here waits. What a call reserves is durable with its intent, in the journal, and what it came to with its
ending; ledger.db follows the log in a thread of its own, and is asked only for counters that the book has not met yet.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from narrows.accounting.book import Book
from narrows.model.reservation import Answer, Counter, Settled, Standing, Wanted
from narrows.ports.clock import Clock
from narrows.ports.ledger import LedgerUnavailable
from narrows.stores.sqlite.bookkeeping import Bookkeeping
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.journal import SqliteJournal
from narrows.stores.sqlite.ledgerfile import FILE_NAME, Sums
from narrows.stores.sqlite.tail import Tail

EVERY: Final = 5.0
"""Seconds between two steps of the bookkeeping."""

MANY: Final = 16_384
"""Settlements after which it takes one at once."""

UNKNOWN: Final = 15 * 60 * 1_000_000
"""Microseconds after which a call whose outcome is unknown settles at what it holds."""

_log = logging.getLogger(__name__)


class SqliteLedger:
    """The gate's ledger, in the data directory of its journal. Made before the journal starts, started after it, and
    stopped before it stops."""

    def __init__(
        self, directory: Path, journal: SqliteJournal, clock: Clock, unknown: int = UNKNOWN, *, every: float = EVERY
    ) -> None:
        """`unknown`: microseconds after which a call whose outcome is unknown settles at what it holds."""
        self.unknown = unknown
        self._directory, self._clock, self._every = directory, clock, every
        self._tail = Tail()
        journal.follow(self._tail)
        self._bookkeeping = Bookkeeping(directory, self._tail)
        self._book = Book(self._load)
        self._whole = True
        """Whether the file has all that had settled in the book at its last turn: only then comes the next."""
        self._at = 0
        """When the last call was reserved."""
        self._sums: Sums | None = None
        self._step: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._settled = 0

    async def start(self) -> None:
        """Reads what is new in the log since the file was written. Raises DataDirectoryError."""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "narrows-ledger")
        try:
            held = await self._loop.run_in_executor(
                self._thread, self._bookkeeping.begin, self._clock.now(), self.unknown
            )
            self._sums = Sums(self._directory / FILE_NAME)
            for call, one in held.items():
                self._book.restore(call, one.at, one.names, one.amounts)
        except BaseException as error:
            self._sums = None
            self._thread.shutdown(wait=False)
            if isinstance(error, sqlite3.Error):
                raise DataDirectoryError(f"{self._directory}: the sums of budgets can't be read: {error}") from None
            raise
        self._timer = self._loop.call_later(self._every, self._tick)

    async def stop(self) -> None:
        """Keeps what is known. What the journal has not written yet, the next start reads."""
        if self._sums is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        await self.tick()
        # The last connection of a file puts what is beside it into it, which one that only reads can't.
        self._sums.close()
        self._sums = None
        await self._loop.run_in_executor(self._thread, self._bookkeeping.end)
        self._thread.shutdown()

    def reserve(self, wanted: Sequence[Wanted]) -> Sequence[Answer]:
        """Answers at once. Raises LedgerUnavailable."""
        if self._sums is None:
            raise LedgerUnavailable("the ledger is not running")
        answers: list[Answer] = []
        try:
            for one in wanted:
                answers.append(self._book.reserve(one))  # noqa: PERF401 - those before one that fails are let go
        except (sqlite3.Error, ValueError) as error:
            for one in wanted[: len(answers)]:
                self._book.settle(Settled(one.id), self._clock.now())
            raise LedgerUnavailable(f"the sums of budgets can't be read: {error}") from error
        if wanted:
            self._at = wanted[-1].at
        return answers

    def count(self, wanted: Sequence[Wanted]) -> Sequence[Answer]:
        """Counts at once. Raises LedgerUnavailable."""
        if self._sums is None:
            raise LedgerUnavailable("the ledger is not running")
        try:
            return [self._book.count(one) for one in wanted]
        except (sqlite3.Error, ValueError) as error:
            raise LedgerUnavailable(f"the sums of budgets can't be read: {error}") from error

    def settle(self, settled: Sequence[Settled]) -> None:
        """Posts what each came to and frees the rest. Never raises."""
        for one in settled:
            try:
                durable = self._book.settle(one, self._at)
            except Exception:  # noqa: BLE001 - the port's boundary: what can't be settled stays held
                _log.exception("a reservation could not be settled; it stays held")
                continue
            if durable:
                # The log tells of it; it has no ending yet.
                self._tail.settled(one.id)
        self._settled += len(settled)
        if self._settled >= MANY and self._sums is not None:
            self._begin_step()

    def standing(self, counters: Sequence[Counter], at: int) -> Sequence[Standing]:
        """What is known here. Raises LedgerUnavailable."""
        try:
            return self._book.standing(counters, at)
        except (sqlite3.Error, ValueError) as error:
            raise LedgerUnavailable(f"the sums of budgets can't be read: {error}") from error

    def taken(self, counters: Sequence[Counter], at: int) -> Sequence[int]:
        """What is known here. Raises LedgerUnavailable."""
        try:
            return self._book.taken(counters, at)
        except (sqlite3.Error, ValueError) as error:
            raise LedgerUnavailable(f"the sums of budgets can't be read: {error}") from error

    def has_room(self, counters: tuple[Counter, ...], at: int) -> bool:
        """What is known here. Raises LedgerUnavailable."""
        try:
            return self._book.has_room(counters, at)
        except (sqlite3.Error, ValueError) as error:
            raise LedgerUnavailable(f"the sums of budgets can't be read: {error}") from error

    def free(self, counter: Counter, at: int) -> int | None:
        """What is known here. Raises LedgerUnavailable."""
        try:
            return self._book.free(counter, at)
        except (sqlite3.Error, ValueError) as error:
            raise LedgerUnavailable(f"the sums of budgets can't be read: {error}") from error

    def pending(self) -> Sequence[tuple[str, int, Sequence[str], Sequence[int]]]:
        """What calls hold of budgets now: id, moment, names of counters, amounts."""
        return self._book.pending()

    async def tick(self) -> None:
        """A step of the bookkeeping, by the clock as it is now; it is taken by itself every few seconds."""
        while self._step is not None:
            await self._step
        await self._begin_step()

    def _tick(self) -> None:
        self._timer = self._loop.call_later(self._every, self._tick)
        self._begin_step()

    def _begin_step(self) -> asyncio.Task[None]:
        if self._step is None:
            self._settled = 0
            self._step = self._loop.create_task(self._advance())
            self._step.add_done_callback(self._done)
        return self._step

    def _done(self, step: asyncio.Task[None]) -> None:
        self._step = None
        if not step.cancelled() and (error := step.exception()) is not None:
            _log.error("the ledger's bookkeeping failed", exc_info=error)

    async def _advance(self) -> None:
        """Lets the file follow the log. When it has all that had settled in the book, the book may drop that, and what
        settles from then on is waited for."""
        if self._whole:
            self._tail.mark()
            self._book.turn()
            self._whole = False
        advanced = await self._loop.run_in_executor(
            self._thread, self._bookkeeping.advance, self._clock.now(), self.unknown
        )
        self._whole = advanced.whole
        for call, held in advanced.settled:
            self._book.settle(Settled(call, held.amounts), self._clock.now())

    def _load(self, name: str) -> Mapping[int, int]:
        """What has settled of a counter that is not in memory. Raises sqlite3.Error."""
        if self._sums is None:
            raise LedgerUnavailable("the ledger is not running")
        return self._sums.of(name)
