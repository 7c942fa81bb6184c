"""Reading the record back: every call, one call, sessions, what is new. For the command line, beside a running gate.

It opens the journals read-only and takes no lock. It must never write: not a row, not a key.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from narrows.evidence.entries import ClosedEntry, SegmentEntry
from narrows.evidence.sealing import MasterKey
from narrows.model.record import Transcript
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.reading import Readers, Row
from narrows.stores.sqlite.runs import END
from narrows.stores.sqlite.selection import EVERYTHING, Filters, contains, selects
from narrows.stores.sqlite.views import (
    HELD,
    CallRecord,
    CallView,
    Intent,
    Piece,
    SegmentView,
    SessionView,
    call_view,
    join,
)


class Archive:
    """The record in a data directory. Every method raises DataDirectoryError when it can't be read."""

    def __init__(self, directory: Path) -> None:
        self._directory = DataDirectory(directory)
        self._master: MasterKey | None = None
        if not directory.is_dir():
            raise DataDirectoryError(f"{directory}: no data directory; is `store` right, and has the gate ever run?")

    def calls(
        self, filters: Filters = EVERYTHING, *, newest_first: bool = True, limit: int | None = None
    ) -> Iterator[CallView]:
        """The calls that are selected, in the order of their start."""
        return islice(self._selected(filters, newest_first=newest_first), limit)

    def call(self, call: str) -> CallRecord | None:
        """One call with its contents, decrypted; None if there is no such call."""
        with self._readers() as readers:
            return _whole(call, readers)

    def sessions(self, filters: Filters = EVERYTHING, *, limit: int | None = None) -> list[SessionView]:
        """The sessions of the selected calls, the one last active first."""
        sessions: dict[tuple[str, str], list[CallView]] = {}
        for call in self._selected(filters, newest_first=True):
            sessions.setdefault((call.user, call.session), []).append(call)
        return [_session(calls) for calls in islice(sessions.values(), limit)]

    def position(self) -> int:
        """The last place in the log: where `tail` goes on from."""
        with self._readers() as readers:
            return readers[len(readers) - 1].last() if len(readers) else 0

    def tail(self, after: int, filters: Filters = EVERYTHING) -> tuple[list[CallView], int]:
        """The selected calls that began or ended next after this place, and the place to go on from.

        A bounded step: call it until the place no longer moves, then again after a while.
        """
        with self._readers() as readers:
            for index in range(len(readers)):
                calls, last = readers[index].changed(after)
                if last > after:
                    views = (_view(call, place, readers, index) for call, place in calls.items())
                    return [view for view in views if view is not None and _wanted(filters, view, readers)], last
        return [], after

    def _selected(self, filters: Filters, *, newest_first: bool) -> Iterator[CallView]:
        since = filters.since if filters.since is not None else -1
        until = filters.until if filters.until is not None else END
        with self._readers() as readers:
            files = range(len(readers))
            for index in reversed(files) if newest_first else files:
                for page in readers[index].opened(since, until, newest_first=newest_first):
                    ended = _endings(page, readers, index)
                    views = (call_view(intent, ended.get(intent.opened.call)) for intent in page)
                    yield from (view for view in views if _wanted(filters, view, readers))

    def _readers(self) -> Readers:
        if self._master is None and self._directory.journals():
            self._master = load(self._directory)
        return Readers(self._directory, self._master)


def _endings(page: list[Intent], readers: Readers, index: int) -> dict[str, ClosedEntry]:
    """A call may end in a later file than it began in."""
    ended: dict[str, ClosedEntry] = {}
    missing = [intent.opened.call for intent in page if intent.opened.forwarded]
    after = min((intent.opened.seq for intent in page), default=0)
    while missing and index < len(readers):
        ended |= readers[index].closed(missing, after)
        missing = [call for call in missing if call not in ended]
        index += 1
    return ended


def _wanted(filters: Filters, view: CallView, readers: Readers) -> bool:
    if not selects(filters, view):
        return False
    if filters.text is None:
        return True
    record = _whole(view.id, readers, view.seq, END if view.closed_seq is None else view.closed_seq)
    return record is not None and contains(record, filters.text)


def _view(call: str, place: int, readers: Readers, index: int) -> CallView | None:
    """The call that a row at this place, in this file, tells of."""
    while index >= 0:
        for row in readers[index].rows(call, last=place):
            if isinstance(row.entry, Intent):
                return call_view(row.entry, _endings([row.entry], readers, index).get(call))
        index -= 1
    return None


def _whole(call: str, readers: Readers, first: int = 0, last: int = END) -> CallRecord | None:
    """The call with its contents, all of it from one place to another: backwards, since what is asked for is rarely
    old, until its intent is found."""
    parts: list[tuple[Row, tuple[Piece, ...], bool]] = []
    for index in reversed(range(len(readers))):
        if readers[index].first() > last:
            continue
        rows = readers[index].rows(call, first, last)
        parts[:0] = [(row, *readers[index].pieces(row)) for row in rows]
        if any(isinstance(row.entry, Intent) for row in rows):
            break
    return _record(parts)


def _record(parts: list[tuple[Row, tuple[Piece, ...], bool]]) -> CallRecord | None:
    """The call that these rows, in the log's order, tell of."""
    opened: Intent | None = None
    closed: ClosedEntry | None = None
    request: tuple[Piece, ...] = ()
    reply: tuple[Piece, ...] = ()
    segments: list[SegmentView] = []
    for row, pieces, _ in parts:
        match row.entry:
            case Intent() as entry:
                opened, request = entry, pieces
            case ClosedEntry() as entry:
                closed, reply = entry, pieces
            case SegmentEntry() as entry:
                segments.append(SegmentView(entry.index, entry.at, pieces))
    if opened is None:
        return None
    segments.sort(key=lambda segment: segment.index)
    streamed = [piece for segment in segments for piece in segment.contents] + list(reply)
    return CallRecord(
        call=call_view(opened, closed),
        request=request,
        reply=reply,
        segments=tuple(segments),
        transcript=join([part for piece in streamed if (part := _transcript(piece)) is not None]),
        intact=all(sound for _, _, sound in parts),
    )


def _transcript(piece: Piece) -> Transcript | None:
    if piece.label != "stream" or piece.text is None:
        return None
    try:
        return msgspec.json.decode(piece.text, type=Transcript)
    except msgspec.DecodeError:
        return None


def _session(calls: list[CallView]) -> SessionView:
    """A session of calls that come newest first."""
    usages = [usage for call in calls if (usage := call.counted or call.usage) is not None]
    return SessionView(
        id=calls[0].session,
        user=calls[0].user,
        first=min(call.at for call in calls),
        last=max(call.closed_at or call.at for call in calls),
        calls=sum(call.outcome != HELD for call in calls),
        connections=tuple(sorted({call.connection for call in calls})),
        models=tuple(sorted({model for call in calls if (model := call.model or call.model_asked)})),
        agents=tuple(sorted({call.declared_agent or call.agent for call in calls})),
        outcomes=dict(Counter(call.outcome or "running" for call in calls)),
        statuses=dict(Counter(call.status for call in calls if call.status is not None)),
        prompt_tokens=sum(usage.prompt or 0 for usage in usages),
        completion_tokens=sum(usage.completion or 0 for usage in usages),
    )
