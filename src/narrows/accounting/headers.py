"""What replies and refusals say of the caller's limits, in the headers of the API that it speaks.

The official SDKs of OpenAI and Anthropic act on `retry-after`, `retry-after-ms` and `x-should-retry` alone. They hand
the others to their user as they are, so frameworks and agents read them to pace themselves; their names and spellings
are the vendors':

- `x-ratelimit-limit-requests`, `-remaining-requests`, `-reset-requests` and the same of `-tokens`; a reset is the time
  until then, as `1s`, `6m0s`, `1h0m30s`.
- for `dialect: anthropic`: `anthropic-ratelimit-requests-limit`, `-remaining`, `-reset` and the same of `tokens`,
  `input-tokens` and `output-tokens`; a reset is a moment of RFC 3339.

Of several limits of a kind the tightest is told: that of which the least is left. Only what is enforced is told, and no
money: vendors have no header for it. Pure.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from narrows.model.limits import Budget, Rate, Unit
from narrows.model.reservation import Counter, Standing

HeaderPairs = tuple[tuple[bytes, bytes], ...]

SECOND: Final = 1_000_000
_MINUTE: Final = 60
_HOUR: Final = 3600
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999; later moments can't be written."""

_OPENAI: Final = {
    unit: tuple(f"x-ratelimit-{what}-{kind}".encode() for what in ("limit", "remaining", "reset"))
    for unit, kind in ((Unit.CALLS, "requests"), (Unit.TOKENS, "tokens"))
}
_ANTHROPIC: Final = {
    unit: tuple(f"anthropic-ratelimit-{kind}-{what}".encode() for what in ("limit", "remaining", "reset"))
    for unit, kind in (
        (Unit.CALLS, "requests"),
        (Unit.TOKENS, "tokens"),
        (Unit.PROMPT_TOKENS, "input-tokens"),
        (Unit.OUTPUT_TOKENS, "output-tokens"),
    )
}


_TOLD: Final = (Budget, Rate)


def told(counter: Counter, dialect: str) -> bool:
    """Whether headers tell of such a counter."""
    limit = counter.limit
    return isinstance(limit, _TOLD) and not limit.observe and limit.unit in _names(dialect)


def headers(dialect: str, standings: Sequence[Standing], at: int) -> HeaderPairs:
    """The headers for limits that stand so at that time (Unix microseconds), of counters that are `told`."""
    tightest: dict[Unit, tuple[int, int, int]] = {}
    for standing in standings:
        limit = standing.counter.limit
        if not isinstance(limit, _TOLD):
            continue
        most, unit = limit.limit, limit.unit
        left = most - standing.used - standing.held
        known = tightest.get(unit)
        if known is None or left < known[0] or (left == known[0] and standing.resets > known[1]):
            tightest[unit] = (left, standing.resets, most)
    found: list[tuple[bytes, bytes]] = []
    anthropic = dialect == "anthropic"
    names = _ANTHROPIC if anthropic else _OPENAI
    for unit, (left, moment, most) in tightest.items():
        if unit in names:
            of, remaining, reset = names[unit]
            found.append((of, b"%d" % most))
            found.append((remaining, b"%d" % left if left > 0 else b"0"))
            found.append((reset, _moment(moment) if anthropic else _lasting(moment - at)))
    return tuple(found)


def seconds(until: int) -> int:
    """Whole seconds of so many microseconds, rounded up, at least one: who comes back then is not too early."""
    return max(1, -(-until // SECOND))


def _names(dialect: str) -> "dict[Unit, tuple[bytes, ...]]":
    return _ANTHROPIC if dialect == "anthropic" else _OPENAI


def _lasting(until: int) -> bytes:
    """A time from now, as OpenAI writes it."""
    left = max(0, -(-until // SECOND))
    if left < _MINUTE:
        return b"%ds" % left
    minutes, rest = divmod(left, _MINUTE)
    if left < _HOUR:
        return b"%dm%ds" % (minutes, rest)
    return b"%dh%dm%ds" % (*divmod(minutes, _MINUTE), rest)


def _moment(at: int) -> bytes:
    """A moment as RFC 3339, in whole seconds, rounded up."""
    moment = datetime.fromtimestamp(min(-(-at // SECOND), _LATEST), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
