"""Windows: over which stretch of time a limit sums, and which bucket of it a moment belongs to.

A calendar window is one bucket. A rolling one, and the period of a rate, is cut into buckets of equal width; the oldest
that is partly in it counts whole, so no true stretch of its length holds more than its limit. Times are Unix time in
microseconds; they come with each question, nothing here knows what time it is.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from narrows.model.limits import Per, Window

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

PERIOD_BUCKETS: Final = 60
"""Into so many buckets the period of a rate is cut."""

_ONE_DAY: Final = timedelta(days=1)
_CLOCK: Final = {Per.MINUTE: MINUTE, Per.HOUR: HOUR}


class Sliding(msgspec.Struct, frozen=True):
    """A window that ends now: `length` microseconds long, in buckets of `width`."""

    length: int
    width: int

    def bucket(self, at: int) -> int:
        """The start of the bucket that the moment is in."""
        return at // self.width * self.width

    def first(self, bucket: int) -> int:
        """The oldest bucket that is, at least partly, in the window of some moment in `bucket`."""
        return (bucket - self.length + 1) // self.width * self.width

    def leaves(self, bucket: int) -> int:
        """From when on `bucket` counts no more."""
        return -(-(bucket + self.length + self.width - 1) // self.width) * self.width


_ROLLING: Final = {
    Per.MINUTE: Sliding(MINUTE, SECOND),
    Per.HOUR: Sliding(HOUR, MINUTE),
    Per.DAY: Sliding(DAY, 15 * MINUTE),
    Per.WEEK: Sliding(7 * DAY, 2 * HOUR),
    Per.MONTH: Sliding(30 * DAY, 8 * HOUR),
}


def rolling(per: Per) -> Sliding:
    """The window of a rolling budget; its month has 30 days."""
    return _ROLLING[per]


def sliding(period: int) -> Sliding:
    """The window of a rate over so many microseconds. Raises ValueError if that is no time at all."""
    if period < 1:
        raise ValueError(f"a period of {period} microseconds")
    return Sliding(period, -(-period // PERIOD_BUCKETS))


def zone(name: str) -> tzinfo:
    """The time zone of an IANA name. Raises ValueError if this machine knows none of that name."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no time zone is called {name!r}") from error


def bounds(window: Window, at: int) -> tuple[int, int]:
    """Start and end of the bucket that the moment is in: of a calendar window, those of the window. Raises ValueError
    for an unknown zone, and OverflowError or ValueError for moments that no calendar has."""
    if window.rolling:
        width = _ROLLING[window.per].width
        start = at // width * width
        return start, start + width
    where = zone(window.zone)
    size = _CLOCK.get(window.per)
    return _dates(window.per, where, at) if size is None else _aligned(size, where, at)


def bucket(window: Window, at: int) -> int:
    """The start of the bucket that the moment is in; raises as `bounds`."""
    return bounds(window, at)[0]


def horizon(window: Window, at: int) -> int:
    """Sums of buckets that start before this matter no more at `at`, nor would they if the clock stepped back into the
    window before, or by the length of a rolling one: whoever keeps sums may forget them. Raises as `bounds`."""
    if window.rolling:
        slide = _ROLLING[window.per]
        return slide.first(slide.first(slide.bucket(at)))
    return bucket(window, bucket(window, at) - 1)


class Calendar:
    """Bounds of buckets, remembering the last of each kind of window: most questions are about now."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[tuple[Per, bool, str], tuple[int, int]] = {}

    def bounds(self, window: Window, at: int) -> tuple[int, int]:
        """As the function of that name."""
        key = (window.per, window.rolling, window.zone)
        last = self._last.get(key)
        if last is not None and last[0] <= at < last[1]:
            return last
        found = self._last[key] = bounds(window, at)
        return found


def _offset(where: tzinfo, at: int) -> int:
    """How far local time is ahead of UTC at that moment."""
    ahead = datetime.fromtimestamp(at // SECOND, where).utcoffset()
    return 0 if ahead is None else ahead // timedelta(microseconds=1)


def _aligned(size: int, where: tzinfo, at: int) -> tuple[int, int]:
    """The minute or hour, as local clocks show it. Where clocks are set by less than an hour, or by a part of a minute,
    the one in which that happens ends there and another begins."""
    ahead = _offset(where, at)
    start = (at + ahead) // size * size - ahead
    end = start + size
    if _offset(where, start) != ahead:
        start = _change(where, start, at)
    if _offset(where, end - 1) != ahead:
        end = _change(where, at, end - 1)
    return start, end


def _change(where: tzinfo, before: int, after: int) -> int:
    """The first second in which clocks have the offset of `after` and no longer that of `before`."""
    low, high, ahead = before // SECOND, after // SECOND, _offset(where, before)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(where, middle * SECOND) == ahead:
            low = middle
        else:
            high = middle
    return high * SECOND


def _dates(per: Per, where: tzinfo, at: int) -> tuple[int, int]:
    """The day, week or month. It begins with the first midnight of its first day, or where clocks skip that midnight
    with the moment they skip it; so each moment is in exactly one, however clocks are set."""
    first = _first(per, datetime.fromtimestamp(at // SECOND, where).date())
    while (start := _midnight(first, where)) > at:
        first = _first(per, first - _ONE_DAY)
    while (end := _midnight(_next(per, first), where)) <= at:
        first, start = _next(per, first), end
    return start, end


def _midnight(day: date, where: tzinfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=where).timestamp()) * SECOND


def _first(per: Per, day: date) -> date:
    if per is Per.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if per is Per.MONTH else day


def _next(per: Per, first: date) -> date:
    if per is Per.MONTH:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + (timedelta(days=7) if per is Per.WEEK else _ONE_DAY)
