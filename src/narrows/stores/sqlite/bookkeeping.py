"""Keeps ledger.db true to the log: the ledger's thread.

Everything it knows of reservations it has from the log, never from the book that decides: what the book says now, the
log may not hold yet, and what a failed batch took along it never will. So there is one account of what was reserved and
settled, made in one way, whether calls run or a start reads what is new.
"""

import logging
import sqlite3
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.ledgerfile import LedgerFile, LedgerUnreadable, put_aside
from narrows.stores.sqlite.replay import Fold, Held, Replay
from narrows.stores.sqlite.tail import Tail, Taken

LONGEST: Final = 70 * 24 * 3600 * 1_000_000
"""Microseconds after which no call counts any more: the longest window, and as much again, and some days."""

_BREATH: Final = 16
_REST: Final = 0.001
"""After so many events, so many seconds of rest. The event loop would wait for the interpreter's lock otherwise; and
where both have one processor, what this takes at a stretch is what calls wait for."""

_MANY: Final = 100_000
"""Entries of the log between two writings while much of it is read."""

_IDLE: Final = 60.0
"""Seconds after which a place in the log is kept although nothing of it matters here: a start reads less."""

_DROP: Final = 3600.0

_log = logging.getLogger(__name__)

_UNREADABLE: Final = (sqlite3.Error, schema.SchemaUnknown, msgspec.DecodeError)


class Advanced(msgspec.Struct, frozen=True):
    """What a step came to: the calls that settled at what they held since their outcome stays unknown, and whether all
    that had settled before the tail was marked is in the file."""

    settled: Sequence[tuple[str, Held]]
    whole: bool


class Bookkeeping:
    """`begin` first, then `advance` again and again, `end` at last: all in one thread."""

    def __init__(self, directory: Path, tail: Tail) -> None:
        self._directory, self._tail = DataDirectory(directory), tail
        self._replay = Replay(self._directory)
        self._fold = Fold()
        self._reached = 0
        """The last place that the fold was told of."""
        self._failing = False
        self._wrote = self._dropped = 0.0

    def begin(self, now: int, unknown: int) -> dict[str, Held]:
        """Opens or makes the file, tells it what is new in the log, settles what has been unknown for so many
        microseconds, and gives what calls of the last process hold; none of these will end any more. Raises
        DataDirectoryError."""
        try:
            return self._begin(now, unknown)
        except (*_UNREADABLE, OSError, LedgerUnreadable) as error:
            raise DataDirectoryError(
                f"{self._directory.path}: the sums of budgets can't be read or kept: {error}"
            ) from None

    def advance(self, now: int, unknown: int) -> Advanced:
        """Takes what the tail holds, settles what has been unknown for so many microseconds, and writes. What can't be
        written now is written the next time. Raises nothing."""
        taken = self._tail.take()
        settled: list[tuple[str, Held]] = []
        try:
            if taken.first == self._reached + 1:
                self._tell(taken)
                self._reached = taken.last
            else:
                # The tail does not go on where this stands: the log tells all of it.
                for reached in self._replay.run(self._fold, self._reached, taken.last):
                    self._reached = reached
                    time.sleep(_REST)
                self._tail.ended(self._fold.touched - self._fold.held.keys())
            settled = self._fold.due(now - unknown)
            if self._fold.told or self._place_is_old():
                self._write()
            self._drop(now)
        except (*_UNREADABLE, OSError) as error:
            # What was taken and not told is read from the log the next time, what was told is written then.
            self._turn(failing=True, why=str(error))
            return Advanced(_countable(settled), whole=False)
        self._turn(failing=False)
        return Advanced(_countable(settled), taken.whole)

    def end(self) -> None:
        """Writes what is known and closes the file."""
        try:
            if self._fold.told or self._reached != self._file.place:
                self._write()
            self._file.close()
        except (*_UNREADABLE, OSError) as error:
            _log.warning("%s was not closed cleanly: %s; the next start reads the record", self._file.path, error)

    def _begin(self, now: int, unknown: int) -> dict[str, Held]:
        file, last = self._opened(), self._replay.last()
        fresh = self._stranger(file, last)
        if fresh:
            file = self._anew(file)
            began = self._replay.entry(last)
            # The clock may be wrong; what it said when the log was written counts, too.
            file.place = self._replay.since(min(now, began.at if began else now) - LONGEST) - 1
        self._file, self._fold, self._reached = file, Fold(file.held), file.place
        if file.place > last:
            _log.warning(
                "%s is of place %d in the log, which ends at %d: the log has lost what came after, as a power cut may "
                "do where it isn't synced; the sums of budgets are kept", file.path, file.place, last,
            )  # fmt: skip
            self._fold.abandoned(now)
            self._reached = last
        began_at, first = time.monotonic(), self._reached
        for reached in self._replay.run(self._fold, self._reached):
            self._reached = reached
            if reached - self._file.place >= _MANY:
                self._write()
        self._fold.abandoned(now)
        self._fold.due(now - unknown)
        self._write()
        if fresh and last:
            _log.warning(
                "read the sums of budgets anew from %d entries of the record, in %.1f s",
                self._reached - first, time.monotonic() - began_at,
            )  # fmt: skip
        self._dropped = time.monotonic()
        return dict(_countable(list(self._fold.held.items())))

    def _opened(self) -> LedgerFile:
        try:
            return LedgerFile(self._directory.path)
        except LedgerUnreadable as error:
            _log.warning("%s; it is put aside", error)
            put_aside(self._directory.path)
            return LedgerFile(self._directory.path)

    def _stranger(self, file: LedgerFile, last: int) -> bool:
        """Whether the file is new, or of another log than this."""
        if not file.place:
            return True
        entry = self._replay.entry(file.place) if self._replay.first() <= file.place <= last else None
        if entry is None or entry.leaf == file.leaf:
            return False
        _log.warning("%s is of another log than the journals beside it; it is put aside", file.path)
        return True

    def _anew(self, file: LedgerFile) -> LedgerFile:
        if not file.place:
            return file
        file.close()
        put_aside(self._directory.path)
        return LedgerFile(self._directory.path)

    def _tell(self, taken: Taken) -> None:
        fold, events = self._fold, taken.events
        for start in range(0, len(events), _BREATH):
            for event in events[start : start + _BREATH]:
                fold.tell(event)
            time.sleep(_REST)
        came = iter(taken.came.items())
        while part := list(islice(came, _BREATH)):
            for (names, second), amounts in part:
                fold.add(names, second, amounts)
            time.sleep(_REST)

    def _write(self) -> None:
        fold, place = self._fold, self._reached
        entry = self._replay.entry(place) if place else None
        self._file.write(place, entry.leaf if entry else b"", fold.sums, fold.ends, fold.touched, fold.held)
        fold.forget()
        self._wrote = time.monotonic()

    def _place_is_old(self) -> bool:
        return self._reached != self._file.place and time.monotonic() - self._wrote >= _IDLE

    def _drop(self, now: int) -> None:
        """Now and then what nobody asks for any more is removed: not at once after the start, when the clock may not be
        set yet."""
        if time.monotonic() - self._dropped >= _DROP:
            self._dropped = time.monotonic()
            self._file.drop(now)

    def _turn(self, *, failing: bool, why: str = "") -> None:
        if failing == self._failing:
            return
        self._failing = failing
        if failing:
            _log.error("the sums of budgets can't be kept in %s: %s; the record has them", self._file.path, why)
        else:
            _log.warning("the sums of budgets can be kept again")


def _countable(held: Sequence[tuple[str, Held]]) -> list[tuple[str, Held]]:
    """What is held, for who must know all counters by their names: without those that nobody knows any more."""
    return [(call, one.countable()) for call, one in held]
