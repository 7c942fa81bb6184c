"""Times as people write and read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from narrows.cli.failure import Failure
from narrows.cli.moments import SECOND, iso, parse_moment, parse_span, show_duration, show_moment

NOW = 1_700_000_000 * SECOND


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("1w", 604_800)]
)
def test_a_span_counts_back_from_now(text: str, seconds: int) -> None:
    assert parse_moment(text, NOW, "--since") == NOW - seconds * SECOND


def test_iso_times_with_a_zone_are_exact() -> None:
    expected = int(datetime(2026, 1, 31, 14, tzinfo=UTC).timestamp()) * SECOND
    assert parse_moment("2026-01-31T14:00:00Z", NOW, "--since") == expected
    assert parse_moment("2026-01-31T15:00+01:00", NOW, "--since") == expected


def test_a_date_is_its_local_midnight() -> None:
    expected = int(datetime(2026, 1, 31).astimezone().timestamp()) * SECOND
    assert parse_moment("2026-01-31", NOW, "--since") == expected


def test_a_zone_is_for_times_that_name_none() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    assert parse_moment("2026-01-31", NOW, "--since", tokyo) == parse_moment("2026-01-30T15:00Z", NOW, "--since")
    assert parse_moment("2026-01-31T00:00Z", NOW, "--since", tokyo) == parse_moment("2026-01-31T00:00Z", NOW, "--since")
    assert parse_moment("2h", NOW, "--since", tokyo) == NOW - 7200 * SECOND


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "-1h", "2026-13-01", "99999999d"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(Failure, match="--until") as caught:
        parse_moment(text, NOW, "--until")
    assert caught.value.code == 2


def test_spans() -> None:
    assert parse_span("90d", "--expires") == 90 * 86_400 * SECOND
    for text in ("0d", "d", "90", "1y"):
        with pytest.raises(Failure, match="--expires"):
            parse_span(text, "--expires")


def test_showing() -> None:
    assert iso(NOW + 5) == "2023-11-14T22:13:20.000005+00:00"
    assert datetime.fromisoformat(show_moment(NOW)).astimezone().timestamp() == NOW // SECOND
    assert [show_duration(value) for value in (7, 1500, 2_500_000)] == ["7 µs", "1.5 ms", "2.50 s"]
