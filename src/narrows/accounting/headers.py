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

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from narrows.model.limits import Budget, Rate, Unit
from narrows.model.reservation import Counter

HeaderPairs = tuple[tuple[bytes, bytes], ...]

SECOND: Final = 1_000_000
_MINUTE: Final = 60
_HOUR: Final = 3600
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999; later moments can't be written."""

_OPENAI: Final = tuple(
    (unit, tuple(f"x-ratelimit-{what}-{kind}".encode() for what in ("limit", "remaining", "reset")))
    for unit, kind in ((Unit.CALLS, "requests"), (Unit.TOKENS, "tokens"))
)
_ANTHROPIC: Final = tuple(
    (unit, tuple(f"anthropic-ratelimit-{kind}-{what}".encode() for what in ("limit", "remaining", "reset")))
    for unit, kind in (
        (Unit.CALLS, "requests"),
        (Unit.TOKENS, "tokens"),
        (Unit.PROMPT_TOKENS, "input-tokens"),
        (Unit.OUTPUT_TOKENS, "output-tokens"),
    )
)
_ANTHROPICS: Final = "anthropic"
_WRITTEN: Final = 64


_Kind = tuple[tuple[bytes, bytes], bytes, bytes, int, int, int, tuple[tuple[int, int], ...]]
"""The header of the first limit of a kind, the names of the other two, where its two numbers stand and how much it is,
and where those of other limits begin, with how much these are."""


class Lines:
    """The headers for calls that these counters count, in a dialect. `counters` are those they tell of: of them the
    numbers are wanted. Made once for many calls, as is all that is the same for each."""

    __slots__ = ("_kinds", "_last", "_lasting", "_written", "counters")

    def __init__(self, counters: Iterable[Counter], dialect: str) -> None:
        self._lasting = dialect != _ANTHROPICS
        self._written = _lasting if self._lasting else _moment
        self._last: dict[int, bytes] = {}
        told: list[Counter] = []
        kinds: list[_Kind] = []
        some = [(one, one.limit) for one in counters]
        for unit, names in _ANTHROPIC if dialect == _ANTHROPICS else _OPENAI:
            members: list[tuple[int, int]] = []
            for counter, limit in some:
                if isinstance(limit, Budget | Rate) and limit.unit is unit and not limit.observe:
                    members.append((2 * len(told), limit.limit))
                    told.append(counter)
            if members:
                of, remaining, reset = names
                place, most = members[0]
                kinds.append(((of, b"%d" % most), remaining, reset, place, place + 1, most, tuple(members[1:])))
        self._kinds = tuple(kinds)
        self.counters: Final = tuple(told)

    def tell(self, taken: Sequence[int], at: int) -> HeaderPairs:
        """The headers at that time (Unix microseconds), where so much of `counters` is taken: two numbers for each, as
        ledgers tell them."""
        found: list[tuple[bytes, bytes]] = []
        last, lasting = self._last, self._lasting
        for of, remaining, reset, place, ends, most, others in self._kinds:
            left, moment = most - taken[place], taken[ends]
            if others:
                left, moment, tightest = _tightest(taken, ((place, most), *others))
                of = (of[0], b"%d" % tightest)  # noqa: PLW2901 - said of another limit
            # A reset is written once in a second: what changes from call to call is what is left.
            key = -((at - moment) // SECOND) if lasting else moment
            written = last.get(key) or self._reset(key, moment, at)
            found += of, (remaining, b"%d" % (left if left > 0 else 0)), (reset, written)
        return tuple(found)

    def _reset(self, key: int, moment: int, at: int) -> bytes:
        if len(self._last) >= _WRITTEN:
            self._last.clear()
        written = self._last[key] = self._written(moment, at)
        return written


def _tightest(taken: Sequence[int], members: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    """What is left, until when, and of how much: where that is least."""
    place, most = members[0]
    left, moment = most - taken[place], taken[place + 1]
    for other, limit in members[1:]:
        less, resets = limit - taken[other], taken[other + 1]
        if less < left or (less == left and resets > moment):
            left, moment, most = less, resets, limit
    return left, moment, most


def seconds(until: int) -> int:
    """Whole seconds of so many microseconds, rounded up, at least one: who comes back then is not too early."""
    return max(1, -(-until // SECOND))


def _lasting(until: int, at: int) -> bytes:
    """The time until a moment, as OpenAI writes it."""
    left = -((at - until) // SECOND)
    if left <= 0:
        return b"0s"
    if left < _MINUTE:
        return b"%ds" % left
    minutes, rest = divmod(left, _MINUTE)
    if left < _HOUR:
        return b"%dm%ds" % (minutes, rest)
    return b"%dh%dm%ds" % (*divmod(minutes, _MINUTE), rest)


def _moment(until: int, _at: int) -> bytes:
    """A moment as RFC 3339, in whole seconds, rounded up."""
    moment = datetime.fromtimestamp(min(-(-until // SECOND), _LATEST), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
