"""What the journal's writer has written of late, for whoever keeps accounts of it: the end of the log, in memory.

The writer tells it of each batch once that is committed, in whichever thread wrote it. What a reader takes follows
without a gap what it took before, unless a commit that seemed to fail was made all the same; then `first` says so, and
what is missing is in the log.

Most calls begin and end between two takes. What such calls came to is summed here, by whose it is and the second in
which they began, so that a reader has as many sums to look at as there are callers, however many calls they make.
"""

import threading
from collections.abc import Sequence, Set
from itertools import repeat
from operator import add
from typing import Final

import msgspec

from narrows.accounting.windows import SECOND
from narrows.model.record import Closed, Opened
from narrows.model.reservation import Reserved
from narrows.stores.sqlite.journalfile import Entry
from narrows.stores.sqlite.replay import Came, Event

_NOTHING: Final = repeat(0)


class Taken(msgspec.Struct, frozen=True):
    """What the log says of reservations from place `first` to `last`: of calls that have begun or have ended there in
    `events`, of those that have done both in `came`. `whole`: what had settled before the last `mark` is in the log up
    to there."""

    first: int
    last: int
    events: Sequence[Event]
    came: Came
    whole: bool


class Tail:
    """Told by the writer, taken from by one reader."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._running: dict[str, tuple[int, Reserved]] = {}
        self._came: dict[tuple[tuple[str, ...], int], tuple[int, ...]] = {}
        self._first, self._last = 1, 0
        self._counts = False
        self._settled: set[str] = set()
        self._marked: set[str] = set()

    def wrote(self, last: int, entries: Sequence[Entry], *, reserving: bool = True) -> None:
        """These entries were committed; the last of them at this place. `reserving`: one of them may say of a call that
        it reserved something."""
        with self._lock:
            first = last + 1 - len(entries)
            if first != self._last + 1:
                self._empty()
                self._first = first
                self._counts = True  # an intent may be among what is missing here
            self._last = last
            if not (reserving or self._counts):
                return
            running, settled, marked = self._running, self._settled, self._marked
            for entry in entries:
                if type(entry) is Opened:
                    reserved = entry.reserved
                    if reserved is not None and entry.forwarded:
                        self._counts = True
                        running[entry.call] = reserved.at or entry.at, reserved
                elif self._counts and type(entry) is Closed:
                    call = entry.call
                    began = running.pop(call, None)
                    if began is None:
                        # Whether the call had reserved anything is the reader's to know.
                        self._events.append((call, entry.at, None, entry.settled))
                    else:
                        self._ended(call, *began, entry)
                    settled.discard(call)
                    if marked:
                        marked.discard(call)

    def settled(self, call: str) -> None:
        """What the call came to counts already; its ending is not in the log yet. Told by whoever writes that."""
        self._settled.add(call)

    def ended(self, calls: Set[str]) -> None:
        """These endings are in the log, though the writer did not tell of them."""
        with self._lock:
            self._settled.difference_update(calls)
            self._marked.difference_update(calls)

    def mark(self) -> None:
        """From here on `whole` asks for what has settled until now."""
        with self._lock:
            self._marked |= self._settled
            self._settled = set()

    def take(self) -> Taken:
        """What was told since it was last asked."""
        with self._lock:
            events = self._events
            for call, (at, reserved) in self._running.items():
                events.append((call, at, reserved.counters, reserved.amounts))
            taken = Taken(self._first, self._last, events, self._came, not self._marked)
            self._empty()
            self._first = self._last + 1
            return taken

    def _ended(self, call: str, at: int, reserved: Reserved, entry: Closed) -> None:
        """A call that reserved in what is here has ended; it came to no more than it held."""
        amounts, names, most = entry.settled, reserved.counters, reserved.amounts
        if len(amounts) != len(most):
            self._events += (call, at, names, most), (call, entry.at, None, amounts)
            return
        key = (names, at // SECOND)
        clipped = map(max, map(min, amounts, most), _NOTHING)
        came = self._came.get(key)
        self._came[key] = tuple(clipped if came is None else map(add, came, clipped))

    def _empty(self) -> None:
        self._events, self._running, self._came = [], {}, {}
