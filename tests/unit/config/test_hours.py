"""Working hours: how they are written, and whether a moment is in them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from narrows.config.hours import DAY, WorkingHours, days, hours, moment
from narrows.config.scalars import Wrong
from narrows.model.approval import Hours

BERLIN = ZoneInfo("Europe/Berlin")
MON_FRI = frozenset(range(5))


def at(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("mon",), {0}),
        (("mon-fri",), {0, 1, 2, 3, 4}),
        (("Mon - Wed", "sun"), {0, 1, 2, 6}),
        (("fri-mon",), {4, 5, 6, 0}),
        (("mon-sun",), set(range(7))),
        (("tue-tue",), {1}),
        (None, set(range(7))),
    ],
)
def test_days(names: tuple[str, ...] | None, found: set[int]) -> None:
    assert days(names) == found


@pytest.mark.parametrize("name", ["", "monday", "mon-", "-fri", "mon-fri-sun", "1"])
def test_what_is_no_day(name: str) -> None:
    with pytest.raises(Wrong, match="no day"):
        days((name,))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("09:00-18:00", (540, 1080)),
        (" 22:30 - 06:00 ", (1350, 360)),
        ("00:00-24:00", (0, DAY)),
        ("18:00-00:00", (1080, 0)),
        (None, (0, DAY)),
    ],
)
def test_hours(text: str | None, found: tuple[int, int]) -> None:
    assert hours(text) == found


@pytest.mark.parametrize("text", ["2026-01-05T10:00+01:00", " 2026-01-05 09:00:00Z", "2026-01-05T04:00:00-05:00"])
def test_a_moment(text: str) -> None:
    assert moment(text) == 1_767_603_600_000_000


@pytest.mark.parametrize("text", ["", "monday", "2026-01-05", "2026-01-05T10:00", "10:00+01:00"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(Wrong, match="offset"):
        moment(text)


NO_HOURS = (
    "9-18", "9:00-18:00", "09:00", "09:60-18:00", "24:00-06:00", "09:00-24:01", "09:00-09:00", "\u0660\u0669:00-18:00",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_HOURS)
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(Wrong):
        hours(text)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-01-05T09:00:00", True),  # Monday
        ("2026-01-05T08:59:59", False),
        ("2026-01-05T17:59:59", True),
        ("2026-01-05T18:00:00", False),
        ("2026-01-03T12:00:00", False),  # Saturday
        ("2026-07-06T09:00:00", True),  # summer time
        ("2026-07-06T08:59:59", False),
    ],
)
def test_a_moment_is_judged_by_the_clocks_of_the_zone(moment: str, inside: bool) -> None:
    assert WorkingHours(Hours(MON_FRI, 540, 1080, "Europe/Berlin")).holds(at(moment)) is inside


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-01-09T23:00:00", True),  # Friday
        ("2026-01-10T05:59:00", True),  # the end of Friday's
        ("2026-01-10T06:00:00", False),
        ("2026-01-10T23:00:00", False),  # Saturday's own
        ("2026-01-11T05:00:00", False),
        ("2026-01-12T05:00:00", False),  # Sunday's
        ("2026-01-12T22:00:00", True),
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_begin(moment: str, inside: bool) -> None:
    assert WorkingHours(Hours(MON_FRI, 1320, 360, "Europe/Berlin")).holds(at(moment)) is inside


def test_every_moment_is_in_all_hours_of_all_days() -> None:
    always = WorkingHours(Hours(days(None), *hours(None), "UTC"))
    assert all(always.holds(moment * 3_599_000_000) for moment in range(500))


def test_clocks_that_are_set() -> None:
    # On 2026-03-29 clocks go from 02:00 to 03:00: 01:30Z is half past three.
    night = WorkingHours(Hours(frozenset({6}), 180, 240, "Europe/Berlin"))
    assert night.holds(at("2026-03-29T01:30:00", "UTC"))
    assert not night.holds(at("2026-03-29T00:59:00", "UTC"))
