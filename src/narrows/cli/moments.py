"""Times as people write and read them: `2h` ago, an ISO date, `90d` from now. All are Unix microseconds within."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

from narrows.cli.failure import USAGE, Failure

SECOND: Final = 1_000_000
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"(\d{1,6})\s*([smhdw])")


def parse_moment(text: str, now: int, option: str, zone: tzinfo | None = None) -> int:
    """A moment in the past: a span back from `now` (`30m`, `2h`, `1d`, `1w`), or an ISO date or time.

    A time that names no zone is in `zone`, by default the machine's own. Raises Failure.
    """
    span = _SPAN.fullmatch(text.strip())
    if span:
        return now - int(span[1]) * _UNITS[span[2]] * SECOND
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Failure(
            f"{option}: '{text}' is no time; write 30m, 2h, 1d or 2026-01-31 or 2026-01-31T14:00", USAGE
        ) from None
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    return int(moment.astimezone(UTC).timestamp() * SECOND)


def parse_span(text: str, option: str) -> int:
    """A span in microseconds (`12h`, `90d`). Raises Failure."""
    span = _SPAN.fullmatch(text.strip())
    if span is None or int(span[1]) == 0:
        raise Failure(f"{option}: '{text}' is no span; write 12h, 90d or 26w", USAGE)
    return int(span[1]) * _UNITS[span[2]] * SECOND


def show_moment(at: int) -> str:
    """Local date and time to the second."""
    return datetime.fromtimestamp(at / SECOND, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso(at: int) -> str:
    """ISO 8601 in UTC with microseconds, for machines."""
    return datetime.fromtimestamp(at // SECOND, UTC).replace(microsecond=at % SECOND).isoformat()


def show_duration(microseconds: int) -> str:
    """A duration in the unit that suits it."""
    if microseconds < 1_000:
        return f"{microseconds} µs"
    if microseconds < SECOND:
        return f"{microseconds / 1_000:.1f} ms"
    return f"{microseconds / SECOND:.2f} s"
