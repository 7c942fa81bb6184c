"""What the record comes to: which amounts have settled in which bucket of which counter, and what calls still hold.

A pure function of the log's entries, in their order, and of the time: whoever reads the same log comes to the same
sums. A call that reserved and was closed without saying what it came to is unknown: it goes on holding all that it
held, and settles at it once it has been unknown for long enough.
"""

import logging
import sqlite3
from binascii import a2b_base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from narrows.accounting.counters import parse
from narrows.accounting.windows import SECOND, Calendar, rolling
from narrows.model.limits import Window
from narrows.policy.recent import Recent
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.logtable import Log, LogEntry

_CONTEXTS: Final = 65_536

_log = logging.getLogger(__name__)


Event = tuple[str, int, tuple[str, ...] | None, tuple[int, ...]]
"""A call and a time: with names and amounts, what it reserved; with None for names, what it came to."""

Came = Mapping[tuple[tuple[str, ...], int], Sequence[int]]
"""By the names of counters and the second since 1970 in which they began, what calls came to, of each counter: buckets
begin with whole seconds."""


class Held(msgspec.Struct, frozen=True, gc=False):
    """What a call holds. `at` is when it reserved that, in Unix microseconds, and says which windows it counts in;
    `unknown` when it was closed without saying what it came to, None while it runs."""

    at: int
    names: tuple[str, ...]
    amounts: tuple[int, ...]
    unknown: int | None = None

    def countable(self) -> "Held":
        """Without names that no counter has: of a time zone, say, that this machine does not know any more."""
        known = [(name, amount) for name, amount in zip(self.names, self.amounts, strict=True) if _is_name(name)]
        if len(known) == len(self.names):
            return self
        return Held(self.at, tuple(name for name, _ in known), tuple(amount for _, amount in known), self.unknown)


def _is_name(name: str) -> bool:
    try:
        parse(name)
    except ValueError:
        return False
    return True


class Fold:
    """What has been told so far. `held` by call; `sums` is what settled in (counter, bucket), and `touched` the calls
    of which something was told, since `forget`."""

    def __init__(self, held: Mapping[str, Held] | None = None) -> None:
        self.held: dict[str, Held] = dict(held or {})
        self.sums: dict[tuple[str, int], int] = {}
        self.touched: set[str] = set()
        self.ends: dict[tuple[str, int], int] = {}
        """From when on nobody asks for a bucket of `sums` any more, were the clock to step back by a window."""
        self._unknown = {call for call, one in self.held.items() if one.unknown is not None}
        self._windows: dict[tuple[str, str], Window | None] = {}
        self._calendar = Calendar()

    @property
    def told(self) -> bool:
        """Whether anything was, since `forget`, that matters here."""
        return bool(self.touched or self.sums)

    def tell(self, event: Event) -> None:
        """An intent that holds something, or an ending; of a call that holds nothing, it changes nothing."""
        call, at, names, amounts = event
        if names is not None:
            self.held[call] = Held(at, names, amounts)
            self.touched.add(call)
            return
        held = self.held.get(call)
        if held is None:
            return
        self.touched.add(call)
        if len(amounts) != len(held.amounts):
            self.held[call] = Held(held.at, held.names, held.amounts, at)
            self._unknown.add(call)
            return
        del self.held[call]
        self._unknown.discard(call)
        self._post(held, amounts)

    def add(self, names: tuple[str, ...], second: int, amounts: Sequence[int]) -> None:
        """What calls came to that have begun and ended since: they hold nothing any more."""
        self._add(names, second * SECOND, amounts)

    def abandoned(self, at: int) -> None:
        """Nobody will say what the calls that run came to: their process is gone."""
        for call in [call for call, held in self.held.items() if held.unknown is None]:
            self.tell((call, at, None, ()))

    def due(self, since: int) -> list[tuple[str, Held]]:
        """Settles at what they held the calls that were unknown at this time already; gives them."""
        out = [(call, self.held[call]) for call in self._unknown if (self.held[call].unknown or 0) <= since]
        for call, held in out:
            del self.held[call]
            self._unknown.discard(call)
            self.touched.add(call)
            self._post(held, held.amounts)
        return out

    def forget(self) -> None:
        """What was told is kept elsewhere."""
        self.sums, self.ends, self.touched = {}, {}, set()

    def _post(self, held: Held, settled: Sequence[int]) -> None:
        """None more than was held."""
        self._add(held.names, held.at, [min(pair) for pair in zip(held.amounts, settled, strict=True)])

    def _add(self, names: tuple[str, ...], at: int, amounts: Sequence[int]) -> None:
        """A name that is there twice counts once, by its first amount."""
        sums = self.sums
        for place, (name, amount) in enumerate(zip(names, amounts, strict=True)):
            if amount <= 0 or names.index(name) != place:
                continue
            window = self._window(name)
            if window is None:
                continue
            start, end = self._calendar.bounds(window, at)
            key = (name, start)
            posted = sums.get(key)
            if posted is None:
                sums[key] = amount
                self.ends[key] = _over(window, start, end)
            else:
                sums[key] = posted + amount

    def _window(self, name: str) -> Window | None:
        """None for a name that no counter has: nobody can ask for its sum."""
        parts = name.split("|", 5)
        key = (parts[2], parts[3]) if len(parts) == 6 else ("", "")
        try:
            return self._windows[key]
        except KeyError:
            pass
        try:
            window = parse(name).window
        except ValueError as error:
            _log.warning("what the record says of a budget is left out: %s", error)
            window = None
        self._windows[key] = window
        return window


def _over(window: Window, start: int, end: int) -> int:
    """From when on a bucket matters no more, nor would it if the clock were set back by as much as the window is
    long."""
    if not window.rolling:
        return end + (end - start)
    slide = rolling(window.per)
    return slide.leaves(start) + slide.length


class _Tale(msgspec.Struct, frozen=True, gc=False):
    """What an entry says that matters here."""

    at: int
    kind: str
    call: str = ""
    context: str = ""
    forwarded: bool = True
    reserved: tuple[int, ...] | None = None
    reserved_at: int = 0
    settled: tuple[int, ...] = ()


class _Budgets(msgspec.Struct, frozen=True, gc=False):
    """What a context says that matters here."""

    budgets: tuple[str, ...] = ()


_tales: Final = msgspec.json.Decoder(list[_Tale]).decode
_budgets: Final = msgspec.json.Decoder(_Budgets).decode


class Replay:
    """Reads the journals of a directory, read-only, into folds. Raises sqlite3.Error, schema.SchemaUnknown and
    msgspec.DecodeError where they can't be read."""

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._begins: dict[Path, int] = {}

    def first(self) -> int:
        """The first place of the log that is still there; 1 if there is none."""
        return next((first for _, first in self._files()), 1)

    def last(self) -> int:
        """The last place of the log; 0 if there is none."""
        files = self._files()
        if not files:
            return 0
        with closing(schema.connect(files[-1][0], readonly=True)) as connection:
            return schema.last_seq(connection)

    def entry(self, place: int) -> LogEntry | None:
        """The entry at this place; None if there is none."""
        for path, first in reversed(self._files()):
            if first <= place:
                with closing(schema.connect(path, readonly=True)) as connection:
                    return next(iter(Log(connection).at([place])), None)
        return None

    def since(self, at: int) -> int:
        """A place before which every entry is older than that."""
        young = self.first()
        for path, first in self._files():
            with closing(schema.connect(path, readonly=True)) as connection:
                if schema.made(connection) > at:
                    break
            young = first
        return young

    def run(self, fold: Fold, after: int, until: int | None = None) -> Iterator[int]:
        """Tells the fold of the entries after a place, up to another, some at a time; gives the place reached."""
        files = self._files()
        for index, (path, first) in enumerate(files):
            if index + 1 < len(files) and files[index + 1][1] <= after + 1:
                continue
            after = max(after, first - 1)  # files before may have been taken away
            with closing(schema.connect(path, readonly=True)) as connection:
                names = _Names(connection)
                for start, data in Log(connection).lines(after + 1):
                    tales = _tales(b"[%b]" % data.replace(b"\n", b","))
                    stop = len(tales) if until is None else min(len(tales), until + 1 - start)
                    if start + stop <= after + 1:
                        return
                    # All is looked up first, so that what can't be read leaves nothing told by half.
                    for event in _events(tales[max(after + 1 - start, 0) : stop], names):
                        fold.tell(event)
                    after = max(after, start + stop - 1)
                    yield after
                    if until is not None and after >= until:
                        return

    def _files(self) -> list[tuple[Path, int]]:
        """The journals, oldest first, with the place at which each begins."""
        paths = [path for _, path in self._directory.journals()]
        if paths and paths[-1] not in self._begins and not schema.is_complete(paths[-1]):
            paths.pop()  # it is being made at this moment: nothing is in it
        for path in paths:
            if path not in self._begins:
                with closing(schema.connect(path, readonly=True)) as connection:
                    self._begins[path] = schema.first_seq(connection)
        return [(path, self._begins[path]) for path in paths]


def _events(tales: Sequence[_Tale], names: "_Names") -> list[Event]:
    events: list[Event] = []
    for tale in tales:
        if tale.kind == "closed":
            events.append((tale.call, tale.at, None, tale.settled))
        elif tale.reserved is not None and tale.kind == "opened" and tale.forwarded:
            found = names.of(tale.context)
            if len(found) == len(tale.reserved):
                events.append((tale.call, tale.reserved_at or tale.at, found, tale.reserved))
            else:
                _log.warning("what call %s reserved is left out: its context is not in the record any more", tale.call)
    return events


class _Names:
    """The counters that the contexts of one file name."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: Recent[str, tuple[str, ...]] = Recent(_CONTEXTS)

    def of(self, commitment: str) -> tuple[str, ...]:
        """None of them if the context is not in the file any more."""
        known = self._known.get(commitment)
        if known is None:
            row = self._connection.execute(
                "SELECT entry FROM context WHERE commitment = ?", (a2b_base64(commitment),)
            ).fetchone()
            known = () if row is None else _budgets(row[0]).budgets
            self._known.put(commitment, known)
        return known
