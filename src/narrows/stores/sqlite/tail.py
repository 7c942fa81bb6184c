"""What the journal's writer has written of late, for whoever keeps accounts of it: the end of the log, in memory.

The writer tells it of each batch once that is committed, in whichever thread wrote it. What a reader takes follows
without a gap what it took before, unless a commit that seemed to fail was made all the same; then `first` says so, and
what is missing is in the log.
"""

import threading
from collections.abc import Sequence, Set

import msgspec

from narrows.model.record import Closed, Opened
from narrows.stores.sqlite.journalfile import Entry
from narrows.stores.sqlite.replay import Event


class Taken(msgspec.Struct, frozen=True):
    """What the log says of reservations from place `first` to `last`. `whole`: what had settled before the last `mark`
    is in the log up to there."""

    first: int
    last: int
    events: Sequence[Event]
    whole: bool


class Tail:
    """Told by the writer, taken from by one reader."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []
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
                self._events = []
                self._first = first
                self._counts = True  # an intent may be among what is missing here
            self._last = last
            if not (reserving or self._counts):
                return
            events, settled, marked = self._events, self._settled, self._marked
            for entry in entries:
                if type(entry) is Opened:
                    reserved = entry.reserved
                    if reserved is not None and entry.forwarded:
                        self._counts = True
                        events.append((entry.call, entry.at, reserved.counters, reserved.amounts))
                elif self._counts and type(entry) is Closed:
                    # Whether the call had reserved anything is the reader's to know.
                    call = entry.call
                    events.append((call, entry.at, None, entry.settled))
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
            taken = Taken(self._first, self._last, self._events, not self._marked)
            self._events = []
            self._first = self._last + 1
            return taken

    def __len__(self) -> int:
        return len(self._events)
