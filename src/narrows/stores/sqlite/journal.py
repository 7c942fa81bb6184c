"""The Journal port on SQLite, the event loop's side: group commit, backlog, who owns which response.

What arrives in one turn of the loop, or while a batch commits, forms one batch, so a commit's cost is shared by as many
calls as wait for it; where many calls come at once, it waits a few turns more for as many as usual. A small batch whose
commit waits for no disk is written at once; any other by the writer's thread.
Files and failures are the writer's; this module touches neither.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from narrows.config.schema import Recording
from narrows.model.record import Closed, Content, Opened, Segment, Strangers
from narrows.policy.recent import Recent
from narrows.ports.clock import Clock
from narrows.ports.journal import JournalUnavailable
from narrows.stores.sqlite.contents import Owner
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.references import References
from narrows.stores.sqlite.writer import Callbacks, Follower, Item, Writer

MAX_WAITING: Final = 8192
MAX_BYTES: Final = 128 * 1024 * 1024
"""Behind the batch that commits so many entries or bytes may wait; beyond, no new call is accepted, and beyond four
times as much, parts of streams are dropped, with an error in the log."""

LINGER: Final = 0.005
"""Seconds that endings wait for an intent to share its commit with: a client that goes on at once sends its next call
within them."""

MANY: Final = 3
TURNS: Final = 4
"""If lately more than MANY calls shared a commit on average, the next one waits up to TURNS turns of the loop for
others: nothing stands still meanwhile, and most of what a commit costs is the same for one call as for twenty."""

STALLED: Final = 5.0
"""A commit that takes so many seconds counts as a failure for calls that arrive meanwhile."""

QUICK_BYTES: Final = 128 * 1024
"""A batch of so many bytes of contents may be written on the event loop (`durability: normal` only)."""

_OWNED: Final = 16_384

_log = logging.getLogger(__name__)


class SqliteJournal:
    """The gate's journal in a data directory that it locks from `start` to `stop`."""

    def __init__(self, directory: Path, recording: Recording, clock: Clock) -> None:
        self._directory = DataDirectory(directory)
        self._recording, self._clock = recording, clock
        self._follower: Follower | None = None
        self._references = References(self._directory)
        self._owned: Recent[tuple[str, str, str], str] = Recent(_OWNED)
        self._running: dict[str, Owner] = {}
        self._waiting: list[Item] = []
        self._bytes = 0
        self._busy = self._scheduled = self._lingers = self._started = False
        self._intents, self._alone = 0, True
        self._shared, self._turns = 0.0, 0
        self._writable = False
        self._since = 0.0

    def follow(self, follower: Follower) -> None:
        """From the next `start` on, tells one who follows of all that is written."""
        self._follower = follower

    async def start(self) -> None:
        """Opens or makes the files and closes what a crash left open. Raises DataDirectoryError."""
        self._loop = asyncio.get_running_loop()
        self._directory.prepare()
        self._directory.lock()
        ready: asyncio.Future[None] = self._loop.create_future()
        self._stopped = asyncio.Event()
        callbacks = Callbacks(
            lambda error: self._call(self._on_started, ready, error),
            lambda batch, failed: self._call(self._on_written, batch, failed),
            lambda healthy: self._call(partial(self._on_health, writable=healthy)),
            lambda: self._call(self._stopped.set),
        )
        self._writer = Writer(self._directory, self._recording, self._clock, callbacks)
        self._writer.follower = self._follower
        self._writer.start()
        try:
            await ready
        except BaseException:
            self._directory.unlock()
            raise
        self._started = self._writable = True

    async def stop(self) -> None:
        """Writes what waits, closes the files and frees the directory."""
        if not self._started:
            return
        self._started = self._writable = False
        if self._waiting:
            self._hand_over()
        self._writer.stop()
        await self._stopped.wait()
        self._writer.join()
        self._references.close()
        self._directory.unlock()

    @property
    def healthy(self) -> bool:
        """False when the last write failed or the one in progress takes too long."""
        return self._writable and not (self._busy and self._loop.time() - self._since > STALLED)

    def open(self, entry: Opened) -> asyncio.Future[None]:
        """Writes the intent; the future is done when it is durable. Raises JournalUnavailable, at once or late."""
        if (self._busy or not self._writable) and not self.healthy:
            raise JournalUnavailable("the journal can't be written")
        if len(self._waiting) >= MAX_WAITING or self._bytes >= MAX_BYTES:
            raise JournalUnavailable("the journal's writer is too far behind")
        owner = (entry.principal.key, entry.connection)
        if entry.forwarded:
            self._running[entry.call] = owner
        future: asyncio.Future[None] = self._loop.create_future()
        self._add((entry, owner, future), entry.contents)
        return future

    def segment(self, entry: Segment) -> None:
        """Writes a part of a running stream, without waiting."""
        owner = self._running.get(entry.call)
        if owner is None:
            _log.warning("a part of a stream came for a call that isn't open")
        elif len(self._waiting) >= 4 * MAX_WAITING or self._bytes >= 4 * MAX_BYTES:
            _log.error("a part of a stream was dropped: the journal's writer is too far behind")
        else:
            self._add((entry, owner, None), entry.contents)

    def close(self, entry: Closed) -> None:
        """Writes the ending of an opened call, without waiting. Never raises."""
        owner = self._running.pop(entry.call, None)
        if owner is None:
            _log.debug("an ending came for a call that isn't open")
            return
        for reference in entry.response_ids:
            self._owned.put((*owner, reference), reference)
        self._add((entry, owner, None), entry.contents)

    def strangers(self, counts: list[Strangers]) -> None:
        """Writes the counts of unauthenticated refusals of a past minute."""
        if len(self._waiting) >= 4 * MAX_WAITING:
            _log.error(
                "%d counts of refused strangers were dropped: the journal's writer is too far behind", len(counts)
            )
            return
        for entry in counts:
            self._add((entry, None, None), ())

    async def owns(self, principal_key: str, connection: str, reference: str) -> bool:
        """Whether this principal received this response or conversation through this connection."""
        name = (principal_key, connection, reference)
        if self._owned.get(name) is not None:
            return True
        if await self._references.find(principal_key, connection, reference):
            self._owned.put(name, reference)
            return True
        return False

    def _add(self, item: Item, contents: tuple[Content, ...]) -> None:
        self._waiting.append(item)
        size = self._bytes
        for content in contents:
            size += len(content.data)
        self._bytes = size
        if item[2] is None:
            if not (self._lingers or self._busy) and self._started:
                self._linger()
            return
        self._intents += 1
        if self._scheduled or self._busy or not self._started:
            return
        if self._alone and len(self._running) == 1:
            # The only call there is, and so was the one before it: nobody would share its commit.
            self._hand_over()
        else:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _linger(self) -> None:
        """Nobody waits for what is there: it is written with the next intent, or after a moment without one."""
        self._lingers = True
        self._loop.call_later(LINGER, self._flush_late)

    def _flush(self) -> None:
        if self._shared > MANY and self._turns < TURNS and self._bytes <= QUICK_BYTES and not self._busy:
            self._turns += 1
            self._loop.call_soon(self._flush)
            return
        self._scheduled = False
        if self._waiting and not self._busy:
            self._hand_over()

    def _flush_late(self) -> None:
        self._lingers = False
        if self._waiting and not (self._busy or self._scheduled) and self._started:
            self._hand_over()

    def _hand_over(self) -> None:
        """The waiting batch is written: at once if that can't take long, else in the writer's thread."""
        batch, self._waiting = self._waiting, []
        size, self._bytes = self._bytes, 0
        if self._intents:
            self._shared += (self._intents - self._shared) / 4
            self._alone, self._intents = self._intents == 1, 0
        self._turns = 0
        if size <= QUICK_BYTES and (failed := self._writer.write_here(batch)) is not None:
            self._settle(batch, failed)
            return
        self._busy, self._since = True, self._loop.time()
        self._writer.put(batch)

    def _on_written(self, batch: Sequence[Item], failed: Sequence[Item]) -> None:
        self._busy = False
        self._settle(batch, failed)
        if self._waiting and not self._scheduled and self._started:
            if any(item[2] is not None for item in self._waiting):
                self._hand_over()
            elif not self._lingers:
                self._linger()

    def _settle(self, batch: Sequence[Item], failed: Sequence[Item]) -> None:
        """Tells those who wait."""
        for entry, _, waiter in failed:
            if isinstance(entry, Opened):
                self._running.pop(entry.call, None)
            if waiter is not None and not waiter.done():
                waiter.set_exception(JournalUnavailable("the record of this call could not be written"))
        for item in batch:
            future = item[2]
            if future is not None and not future.done():
                future.set_result(None)

    def _on_started(self, ready: asyncio.Future[None], error: Exception | None) -> None:
        if ready.done():
            return
        if error is None:
            ready.set_result(None)
        else:
            ready.set_exception(error)

    def _on_health(self, *, writable: bool) -> None:
        self._writable = writable and self._started

    def _call(self, callback: Callable[..., object], *args: object) -> None:
        """From the writer's thread to the loop; a loop that is gone has nobody left to tell."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)
