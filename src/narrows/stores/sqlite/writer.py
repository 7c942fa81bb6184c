"""The writer: owns the journal's files, its thread, and what happens when the files can't be written.

A batch is one transaction. If it fails, its intents fail (their calls are never forwarded) and everything else in it
is retained, in order and bounded, and tried again, at the latest every `PROBE` seconds. It knows nothing of the
event loop beyond the callbacks it is given.

While no batch is with the thread, whoever hands batches over may write a small one itself (`write_here`): a commit
that waits for no disk costs less than waking a thread and being woken by it. What may take long stays the thread's:
fsync, large batches, new files, retries.
"""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from narrows.config.schema import Recording
from narrows.model.record import Closed, Opened, Outcome
from narrows.ports.clock import Clock
from narrows.stores.sqlite.checkpoints import Checkpointer
from narrows.stores.sqlite.contents import Owner
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.journalfile import Entry, JournalFile, Work
from narrows.stores.sqlite.masterkey import load_or_create
from narrows.stores.sqlite.recovery import Files

PROBE: Final = 1.0
"""Seconds between two tries while writing fails."""

SLOW: Final = 0.005
SLOW_COUNT: Final = 3
"""Seconds the caller's thread may stand still in a commit. After so many longer ones in a short while the next ones are
the writer's thread's: the event loop does not go on waiting for a disk that makes writers wait. One alone says little:
a busy machine takes the processor away for as long."""

_REST: Final = 1.0
_TURN: Final = 256
"""Batches the caller's thread writes before the writer's looks after the files."""

_RETAINED: Final = 20_000
_RECOVERED: Final = 1_000

_log = logging.getLogger(__name__)

Item = tuple[Entry, Owner | None, Any]
"""An entry, whose it is, and what the loop waits on (opaque here)."""


class Follower(Protocol):
    """Who is told of what was written, in whichever thread wrote it, before those who wait for it are."""

    def wrote(self, last: int, entries: Sequence[Entry], *, reserving: bool) -> None:
        """These entries are in the log now, the last of them at this place. `reserving`: the intent of one of them says
        what its call reserved."""


class Callbacks:
    """What the writer tells: called in its thread."""

    def __init__(
        self,
        started: Callable[[Exception | None], None],
        written: Callable[[Sequence[Item], Sequence[Item]], None],
        health: Callable[[bool], None],
        stopped: Callable[[], None],
    ) -> None:
        self.started, self.written, self.health, self.stopped = started, written, health, stopped


class Writer:
    """One thread, from `start` to `stop`."""

    def __init__(
        self, directory: DataDirectory, recording: Recording, clock: Clock, tell: Callbacks, *, probe: float = PROBE
    ) -> None:
        self._probe = probe
        self.follower: Follower | None = None
        self._directory, self._recording, self._clock, self._tell = directory, recording, clock, tell
        self._queue: queue.SimpleQueue[Sequence[Item] | None] = queue.SimpleQueue()
        self._writing = threading.Lock()
        self._quick = recording.durability == "normal"
        self._here = self._slow = 0
        self._slow_since = 0.0
        self._retained: list[Work] = []
        self._failing = False
        self._try_after = self._rotate_after = self._thread_until = 0.0
        self._worker = threading.Thread(target=self._run, name="narrows-journal", daemon=True)

    def start(self) -> None:
        """Starts the thread; `started` is told when the files are open and what a crash left is closed."""
        self._worker.start()

    def put(self, batch: Sequence[Item]) -> None:
        """Hands over a batch; `written` is told of it, with the items that failed."""
        self._queue.put(batch)

    def write_here(self, batch: Sequence[Item]) -> Sequence[Item] | None:
        """Writes a small batch in the caller's thread and gives the items that failed; None if it must be `put`."""
        now = time.monotonic()
        if not self._quick or self._failing or now < self._thread_until or self._checkpointer.wanted:
            return None
        if not self._writing.acquire(blocking=False):
            return None
        # Asking how long this thread has worked is a system call: only after a slow commit it matters.
        watched = self._slow > 0 and now - self._slow_since <= _REST
        worked = time.thread_time() if watched else 0.0
        try:
            failed = self._tried(batch)
        finally:
            self._writing.release()
        stood_still = time.monotonic() - now
        self._note_here(now, stood_still - (time.thread_time() - worked) if watched else stood_still)
        return failed

    def _note_here(self, began: float, stood_still: float) -> None:
        """What a batch of the caller's thread leaves to do for the writer's."""
        self._here += 1
        if self._failing or self._here >= _TURN:
            # It probes until the disk answers, and looks whether a new file is due.
            self._here = 0
            self._queue.put(())
        elif stood_still > SLOW:
            if began - self._slow_since > _REST:
                self._slow_since, self._slow = began, 0
            self._slow += 1
            if self._slow >= SLOW_COUNT:
                self._thread_until = began + _REST

    def stop(self) -> None:
        """After what was handed over, the files are closed and `stopped` is told."""
        self._queue.put(None)

    def join(self) -> None:
        """Waits for the thread's end."""
        self._worker.join()

    def _run(self) -> None:
        try:
            self._begin()
        except Exception as error:  # noqa: BLE001 - the thread's boundary: whoever starts the journal is told
            self._tell.started(error)
            return
        self._tell.started(None)
        try:
            while (batch := self._next()) is not None:
                with self._writing:
                    self._write(batch)
        finally:
            self._end()
            self._tell.stopped()

    def _begin(self) -> None:
        master = load_or_create(self._directory)
        self._files = Files(self._directory, master, self._recording)
        try:
            self._file: JournalFile = self._files.latest(self._clock.now())
            self._close_running()
        except (sqlite3.Error, OSError) as error:
            raise DataDirectoryError(f"{self._directory.path}: the journal can't be written: {error}") from None
        self._checkpointer = Checkpointer(self._file.path)

    def _close_running(self) -> None:
        """What was running when the last process ended is closed as unknown."""
        now = self._clock.now()
        left = sorted(self._file.running)
        for start in range(0, len(left), _RECOVERED):
            part = left[start : start + _RECOVERED]
            self._file.write([(Closed(call, now, Outcome.UNKNOWN, None), None) for call in part], now)
        if left:
            _log.warning("%d calls were open when the gate last stopped; closed as unknown", len(left))

    def _next(self) -> Sequence[Item] | None:
        """The next batch, None at the end; an empty one when it is time to try again."""
        if not self._failing:
            return self._queue.get()
        try:
            return self._queue.get(timeout=self._probe)
        except queue.Empty:
            return ()

    def _write(self, batch: Sequence[Item]) -> None:
        """The thread's part: a batch, or none, and what is due besides."""
        failed = self._tried(batch) if batch or self._failing else ()
        if not self._failing:
            self._keep_small()
        if batch:
            self._tell.written(batch, failed)

    def _tried(self, batch: Sequence[Item]) -> Sequence[Item]:
        try:
            return self._try(batch)
        except Exception:  # noqa: BLE001 - the journal's boundary: one entry that can't be written must not take the others along
            _log.exception("a batch of the journal failed unexpectedly; its entries are written one by one")
            return self._one_by_one(batch)

    def _try(self, batch: Sequence[Item]) -> Sequence[Item]:
        """Writes what was retained, then the batch; gives the intents that failed."""
        if self._failing and time.monotonic() < self._try_after:
            return self._retain(batch)
        work: Sequence[Work] = [*self._retained, *batch] if self._retained else batch
        written: Sequence[Entry] = ()
        try:
            if work:
                written = self._file.write(work, self._clock.now())
            else:
                self._file.probe()
        except (sqlite3.Error, OSError) as error:
            self._try_after = time.monotonic() + self._probe
            self._turn(failing=True, why=str(error))
            return self._retain(batch)
        self._retained.clear()
        self._turn(failing=False)
        self._checkpointer.note()
        if written and self.follower is not None:
            self.follower.wrote(self._file.seq, written, reserving=self._file.reserving)
        return ()

    def _one_by_one(self, batch: Sequence[Item]) -> Sequence[Item]:
        failed: list[Item] = []
        retained: list[Item] = [(work[0], work[1], None) for work in self._retained]
        self._retained.clear()
        for item in [*retained, *batch]:
            try:
                failed.extend(self._try([item]))
            except Exception:  # noqa: BLE001 - the same boundary, for the entry at fault
                _log.exception("an entry of the journal was dropped: %s", type(item[0]).__name__)
                failed.append(item)
        return failed

    def _retain(self, batch: Sequence[Item]) -> Sequence[Item]:
        """Keeps all but the intents for the next try; gives the intents."""
        kept: list[Work] = [item[:2] for item in batch if not isinstance(item[0], Opened)]
        room = max(_RETAINED - len(self._retained), 0)
        self._retained.extend(kept[:room])
        if len(kept) > room:
            _log.error(
                "the journal lost %d entries that it could neither write nor keep; the next start closes their calls "
                "as unknown",
                len(kept) - room,
            )
        return [item for item in batch if isinstance(item[0], Opened)]

    def _turn(self, *, failing: bool, why: str = "") -> None:
        if failing == self._failing:
            return
        self._failing = failing
        if failing:
            _log.error("the journal can't be written: %s; no call is forwarded until it can", why)
        else:
            _log.warning("the journal can be written again")
        self._tell.health(not failing)

    def _keep_small(self) -> None:
        """The write-ahead log, and the file."""
        if self._checkpointer.wanted:
            self._checkpointer.help(self._file.connection)
        if self._file.size() >= self._recording.rotate:
            self._rotate()

    def _rotate(self) -> None:
        """Goes on in a new file. If that fails, the old one grows on, and it is tried again a little later."""
        if time.monotonic() < self._rotate_after:
            return
        try:
            following = self._files.following(self._file, self._clock.now())
        except (sqlite3.Error, OSError) as error:
            self._rotate_after = time.monotonic() + self._probe
            _log.error("a new journal file can't be begun: %s", error)
            return
        self._leave()
        self._file = following
        self._checkpointer = Checkpointer(following.path)

    def _leave(self) -> None:
        """The last connection of a file copies its write-ahead log and removes it."""
        self._checkpointer.stop()
        try:
            self._file.connection.close()
        except sqlite3.Error as error:
            _log.warning("%s was not closed cleanly: %s", self._file.path.name, error)

    def _end(self) -> None:
        if self._retained:
            self._try_after = 0.0
            self._try(())
        if self._retained:
            _log.error("%d entries could not be written before the end", len(self._retained))
        self._leave()
