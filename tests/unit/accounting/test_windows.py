"""Windows begin and end where calendars say, and rolling ones never let go of a bucket too early."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.windows import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Calendar,
    Sliding,
    bounds,
    bucket,
    horizon,
    rolling,
    sliding,
    zone,
)
from narrows.model.limits import Per, Window


def us(text: str) -> int:
    """Unix microseconds of an instant written with its offset."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def shown(window: Window, at: int) -> tuple[str, str]:
    """The window's bounds as local clocks show them."""
    where = ZoneInfo(window.zone)
    start, end = (datetime.fromtimestamp(moment // SECOND, where) for moment in bounds(window, at))
    return start.isoformat(timespec="minutes"), end.isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("per", "where", "at", "start", "end"),
    [
        (Per.MINUTE, "UTC", "2026-03-05T10:11:12Z", "2026-03-05T10:11+00:00", "2026-03-05T10:12+00:00"),
        (Per.HOUR, "UTC", "2026-03-05T10:59:59Z", "2026-03-05T10:00+00:00", "2026-03-05T11:00+00:00"),
        (Per.DAY, "UTC", "2026-03-05T00:00+00:00", "2026-03-05T00:00+00:00", "2026-03-06T00:00+00:00"),
        # A Thursday: weeks begin on Monday. A Sunday belongs to the Monday before, a Monday to itself.
        (Per.WEEK, "UTC", "2026-03-05T10:11:12Z", "2026-03-02T00:00+00:00", "2026-03-09T00:00+00:00"),
        (Per.WEEK, "UTC", "2026-03-08T23:59:59Z", "2026-03-02T00:00+00:00", "2026-03-09T00:00+00:00"),
        (Per.WEEK, "UTC", "2026-03-09T00:00+00:00", "2026-03-09T00:00+00:00", "2026-03-16T00:00+00:00"),
        (Per.WEEK, "UTC", "2026-01-01T00:00:00Z", "2025-12-29T00:00+00:00", "2026-01-05T00:00+00:00"),
        # Months of 28, 29, 30 and 31 days; 2000 was a leap year, 1900 and 2100 are none.
        (Per.MONTH, "UTC", "2026-02-28T23:59:59Z", "2026-02-01T00:00+00:00", "2026-03-01T00:00+00:00"),
        (Per.MONTH, "UTC", "2028-02-29T12:00:00Z", "2028-02-01T00:00+00:00", "2028-03-01T00:00+00:00"),
        (Per.MONTH, "UTC", "2100-02-28T12:00:00Z", "2100-02-01T00:00+00:00", "2100-03-01T00:00+00:00"),
        (Per.MONTH, "UTC", "2026-12-31T23:59:59Z", "2026-12-01T00:00+00:00", "2027-01-01T00:00+00:00"),
        (Per.MONTH, "UTC", "2026-04-30T00:00:00Z", "2026-04-01T00:00+00:00", "2026-05-01T00:00+00:00"),
        # Berlin sets its clocks forward on 29 March 2026 (23 hours) and back on 25 October 2026 (25 hours).
        (Per.DAY, "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        (Per.DAY, "Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"),
        (Per.WEEK, "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-23T00:00+01:00", "2026-03-30T00:00+02:00"),
        (Per.MONTH, "Europe/Berlin", "2026-03-31T21:59:59Z", "2026-03-01T00:00+01:00", "2026-04-01T00:00+02:00"),
        # The hour that comes twice is two hours.
        (Per.HOUR, "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"),
        (Per.HOUR, "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"),
        # A new month there while it is still the old one here, and the other way round.
        (Per.MONTH, "Pacific/Auckland", "2026-06-30T13:00:00Z", "2026-07-01T00:00+12:00", "2026-08-01T00:00+12:00"),
        (Per.MONTH, "America/New_York", "2026-03-01T04:59:59Z", "2026-02-01T00:00-05:00", "2026-03-01T00:00-05:00"),
        # Zones that are ahead by a part of an hour.
        (Per.HOUR, "Asia/Kolkata", "2026-03-05T10:11:12Z", "2026-03-05T15:00+05:30", "2026-03-05T16:00+05:30"),
        (Per.DAY, "Asia/Kathmandu", "2026-03-05T18:14:59Z", "2026-03-05T00:00+05:45", "2026-03-06T00:00+05:45"),
        (Per.DAY, "Asia/Kathmandu", "2026-03-05T18:15:00Z", "2026-03-06T00:00+05:45", "2026-03-07T00:00+05:45"),
        # Lord Howe sets its clocks by half an hour: 02:00 → 02:30 on 4 October 2026, 02:00 → 01:30 on 5 April 2026.
        (Per.HOUR, "Australia/Lord_Howe", "2026-10-03T15:40:00Z", "2026-10-04T02:30+11:00", "2026-10-04T03:00+11:00"),
        (Per.HOUR, "Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-05T01:00+11:00", "2026-04-05T01:30+10:30"),
        (Per.HOUR, "Australia/Lord_Howe", "2026-04-04T15:10:00Z", "2026-04-05T01:30+10:30", "2026-04-05T02:00+10:30"),
        # Midnights that clocks skipped: the day began at one. Samoa left out the whole of 30 December 2011.
        (Per.DAY, "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"),
        (Per.DAY, "America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03T00:00-03:00", "2018-11-04T01:00-02:00"),
        (Per.DAY, "Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T00:00-10:00", "2011-12-31T00:00+14:00"),
        (Per.DAY, "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T00:00+14:00", "2012-01-01T00:00+14:00"),
        # Midnight came twice: St John's went from 00:01 back to 23:01. The first one counts.
        (Per.DAY, "America/St_Johns", "2006-10-29T03:00:00Z", "2006-10-29T00:00-02:30", "2006-10-30T00:00-03:30"),
    ],
)  # fmt: skip
def test_calendar_windows(per: Per, where: str, at: str, start: str, end: str) -> None:
    assert shown(Window(per, zone=where), us(at)) == (start, end)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)]
)
def test_days_on_which_clocks_are_set_are_as_long_as_they_are(day: str, hours: int) -> None:
    start, end = bounds(Window(Per.DAY, zone="Europe/Berlin"), us(f"{day}T12:00:00+01:00"))
    assert end - start == hours * HOUR


def test_the_last_microsecond_belongs_to_the_window() -> None:
    window = Window(Per.DAY, zone="Europe/Berlin")
    start, end = bounds(window, us("2026-10-25T12:00:00+01:00"))
    assert bounds(window, end - 1) == bounds(window, start) == (start, end)
    assert bucket(window, end) == end
    assert bounds(window, start - 1)[1] == start


ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Havana",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut", "Asia/Pyongyang", "Australia/Lord_Howe", "Pacific/Apia",
    "Pacific/Chatham", "Africa/Cairo", "Africa/Monrovia", "America/Nuuk", "Antarctica/Troll",
)  # fmt: skip
MOMENTS = st.integers(us("1970-02-01T00:00:00+00:00"), us("2037-01-01T00:00:00+00:00"))


def changes(where: str, near: int) -> int:
    """The moment near `near` at which the clocks there are set next, or `near` if they aren't within 200 days."""
    info = ZoneInfo(where)
    start = datetime.fromtimestamp(near // SECOND, UTC)
    for days in range(200):
        day = start + timedelta(days=days)
        if day.astimezone(info).utcoffset() != (day + timedelta(days=1)).astimezone(info).utcoffset():
            low, high = int(day.timestamp()), int(day.timestamp()) + 86_400
            before = day.astimezone(info).utcoffset()
            while high - low > 1:
                middle = (low + high) // 2
                same = datetime.fromtimestamp(middle, info).utcoffset() == before
                low, high = (middle, high) if same else (low, middle)
            return high * SECOND
    return near


@given(st.sampled_from(Per), st.booleans(), st.sampled_from(ZONES), MOMENTS, st.booleans(), st.integers(-DAY, DAY))
def test_every_moment_is_in_exactly_one_window(per: Per, roll: bool, where: str, at: int, near: bool, off: int) -> None:
    window = Window(per, roll, where)
    at = changes(where, at) + off if near else at
    start, end = bounds(window, at)
    assert start <= at < end
    assert bounds(window, start) == bounds(window, end - 1) == (start, end)
    assert bounds(window, start - 1)[1] == start
    assert bounds(window, end)[0] == end
    assert Calendar().bounds(window, at) == (start, end)


def test_a_calendar_remembers_and_yet_answers_for_the_moment_asked() -> None:
    calendar, window = Calendar(), Window(Per.MINUTE)
    for at in (0, 59 * SECOND, MINUTE, 59 * SECOND, 5 * HOUR, MINUTE - 1):
        assert calendar.bounds(window, at) == bounds(window, at)
    assert calendar.bounds(Window(Per.MINUTE, rolling=True), 59 * SECOND) == (59 * SECOND, MINUTE)


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "", "Europe", "../../etc/passwd", "/etc/localtime", "UTC\0", "~", "x" * 5000]
)
def test_an_unknown_zone_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        zone(name)
    with pytest.raises(ValueError, match="time zone"):
        bounds(Window(Per.DAY, zone=name), 0)


def test_a_rolling_window_needs_no_zone() -> None:
    assert bounds(Window(Per.HOUR, rolling=True, zone="Europe/Atlantis"), MINUTE + 1) == (MINUTE, 2 * MINUTE)


@pytest.mark.parametrize(
    ("per", "length", "width"),
    [
        (Per.MINUTE, MINUTE, SECOND),
        (Per.HOUR, HOUR, MINUTE),
        (Per.DAY, DAY, 15 * MINUTE),
        (Per.WEEK, 7 * DAY, 2 * HOUR),
        (Per.MONTH, 30 * DAY, 8 * HOUR),
    ],
)
def test_buckets_of_rolling_windows(per: Per, length: int, width: int) -> None:
    assert rolling(per) == Sliding(length, width)
    assert bounds(Window(per, rolling=True), 3 * width + 1) == (3 * width, 4 * width)


@given(st.integers(1, 10 * HOUR), st.integers(0, 1 << 52))
def test_a_bucket_counts_as_long_as_any_moment_of_it_is_in_the_window(period: int, at: int) -> None:
    slide = sliding(period)
    now = slide.bucket(at)
    oldest = at - period + 1
    assert slide.first(now) <= slide.bucket(oldest)
    # Not for ever: what is older by a bucket than the window is long has left.
    assert slide.first(now) > now - period - slide.width
    # A bucket counts until it leaves, and no longer.
    gone = slide.leaves(now)
    assert slide.first(gone) > now
    assert slide.first(gone - slide.width) <= now


def test_a_period_is_cut_into_sixty() -> None:
    assert sliding(MINUTE) == Sliding(MINUTE, SECOND)
    assert sliding(1) == Sliding(1, 1)
    assert sliding(61) == Sliding(61, 2)
    with pytest.raises(ValueError, match="period"):
        sliding(0)


def test_what_may_be_forgotten() -> None:
    at = us("2026-03-05T10:11:12+00:00")
    assert horizon(Window(Per.MONTH), at) == us("2026-02-01T00:00:00+00:00")
    assert horizon(Window(Per.DAY, zone="Europe/Berlin"), at) == us("2026-03-04T00:00:00+01:00")
    minute = horizon(Window(Per.MINUTE, rolling=True), at)
    assert minute <= at - 2 * MINUTE
    assert minute >= at - 2 * MINUTE - 3 * SECOND
