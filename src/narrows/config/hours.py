"""Moments and working hours: what `mon-fri` and `09:00-18:00` mean, and whether a moment is in them.

What time it is comes with the question.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from narrows.config.scalars import Wrong, nearest
from narrows.model.approval import Hours

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY: Final = 24 * 60
"""Minutes."""

_HOURS: Final = re.compile(r"([0-9]{2}):([0-9]{2}) ?- ?([0-9]{2}):([0-9]{2})\Z")
_MICROS: Final = 1_000_000


class WorkingHours:
    """Working hours, ready to be asked. Raises ValueError or KeyError for a zone that this machine does not know."""

    __slots__ = ("_hours", "_zone")

    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._zone: tzinfo = UTC if hours.zone == "UTC" else ZoneInfo(hours.zone)

    def holds(self, at: int) -> bool:
        """Whether the moment, in Unix microseconds, is in them, as clocks of the zone show it. Hours that go past
        midnight belong to the day on which they begin."""
        local = datetime.fromtimestamp(at // _MICROS, self._zone)
        day, minute = local.weekday(), local.hour * 60 + local.minute
        hours = self._hours
        if hours.start < hours.end:
            return day in hours.days and hours.start <= minute < hours.end
        if minute >= hours.start:
            return day in hours.days
        return minute < hours.end and (day - 1) % 7 in hours.days


def moment(text: str) -> int:
    """A moment as it is written, `2026-01-05T10:00+01:00`, in Unix microseconds. Raises Wrong."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise Wrong("expected a moment with its offset from UTC", "write it as 2026-01-05T10:00+01:00")
    return round(read.timestamp()) * _MICROS


def days(names: tuple[str, ...] | None) -> frozenset[int]:
    """Days by number, 0 for Monday; all where none are named. Raises Wrong."""
    if names is None:
        return frozenset(range(7))
    found: set[int] = set()
    for name in names:
        first, dash, last = name.strip().lower().partition("-")
        start = _day(first.strip())
        end = _day(last.strip()) if dash else start
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(found)


def hours(text: str | None) -> tuple[int, int]:
    """The minutes of a day from when and until when; the whole day where none are given. Raises Wrong."""
    if text is None:
        return 0, DAY
    match = _HOURS.match(text.strip())
    if match is None:
        raise Wrong("expected hours of a day", "write them as `09:00-18:00`")
    start, end = (int(match[at]) * 60 + int(match[at + 1]) for at in (1, 3))
    if int(match[2]) > 59 or int(match[4]) > 59 or start >= DAY or end > DAY:
        raise Wrong("there is no such time of a day", "they go from 00:00 to 24:00")
    if start == end:
        raise Wrong("begins and ends at the same time", "leave `hours` out for whole days")
    return start, end


def _day(name: str) -> int:
    if name not in DAYS:
        raise Wrong(f"there is no day `{name}`; there are {', '.join(DAYS)}", nearest(name, DAYS))
    return DAYS.index(name)
