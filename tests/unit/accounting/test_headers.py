"""What is left is told in the headers of the API that the caller speaks, by the tightest limit of each kind."""

import pytest

from narrows.accounting.headers import HeaderPairs, Lines, seconds
from narrows.model.limits import AgentCap, Budget, Concurrency, Counted, Per, Rate, Scope, Unit, Window
from narrows.model.reservation import Counter, Standing

SECOND = 1_000_000
AT = 1_700_000_000 * SECOND


def rate(unit: Unit, limit: int, *, observe: bool = False) -> Rate:
    return Rate("p", unit, limit, 60 * SECOND, observe)


def budget(unit: Unit, limit: int) -> Budget:
    return Budget("p", unit, Window(Per.DAY), Scope.USER, limit)


def standing(limit: Counted, used: int, held: int = 0, resets: int = 30) -> Standing:
    return Standing(Counter("n", limit, "s"), used, held, AT + resets * SECOND)


def headers(dialect: str, standings: list[Standing], at: int) -> HeaderPairs:
    """What is told of counters that stand so."""
    by_counter = {id(one.counter): one for one in standings}
    lines = Lines([one.counter for one in standings], dialect)
    told = [by_counter[id(one)] for one in lines.counters]
    return lines.tell([number for one in told for number in (one.used + one.held, one.resets)], at)


def test_openai() -> None:
    found = headers("openai", [standing(rate(Unit.CALLS, 60), 10, 5), standing(budget(Unit.TOKENS, 100), 150)], AT)
    assert dict(found) == {
        b"x-ratelimit-limit-requests": b"60",
        b"x-ratelimit-remaining-requests": b"45",
        b"x-ratelimit-reset-requests": b"30s",
        b"x-ratelimit-limit-tokens": b"100",
        b"x-ratelimit-remaining-tokens": b"0",
        b"x-ratelimit-reset-tokens": b"30s",
    }


def test_anthropic() -> None:
    found = headers("anthropic", [standing(rate(Unit.CALLS, 60), 10), standing(budget(Unit.OUTPUT_TOKENS, 9), 1)], AT)
    assert dict(found) == {
        b"anthropic-ratelimit-requests-limit": b"60",
        b"anthropic-ratelimit-requests-remaining": b"50",
        b"anthropic-ratelimit-requests-reset": b"2023-11-14T22:13:50Z",
        b"anthropic-ratelimit-output-tokens-limit": b"9",
        b"anthropic-ratelimit-output-tokens-remaining": b"8",
        b"anthropic-ratelimit-output-tokens-reset": b"2023-11-14T22:13:50Z",
    }


def test_the_tightest_limit_is_told() -> None:
    loose, tight = standing(rate(Unit.CALLS, 60), 10), standing(budget(Unit.CALLS, 20), 15, resets=7_000)
    for order in ([loose, tight], [tight, loose]):
        found = dict(headers("openai", order, AT))
        assert found[b"x-ratelimit-limit-requests"] == b"20"
        assert found[b"x-ratelimit-remaining-requests"] == b"5"


def test_of_two_as_tight_the_one_that_lasts_longer() -> None:
    short, long = standing(rate(Unit.CALLS, 60), 60), standing(rate(Unit.CALLS, 90), 90, resets=90)
    for order in ([short, long], [long, short]):
        assert dict(headers("openai", order, AT))[b"x-ratelimit-limit-requests"] == b"90"


@pytest.mark.parametrize(
    ("microseconds", "written"),
    [
        (-5, b"0s"),
        (1, b"1s"),
        (59 * SECOND, b"59s"),
        (59 * SECOND + 1, b"1m0s"),
        (360 * SECOND, b"6m0s"),
        (3_630 * SECOND, b"1h0m30s"),
        (30 * 86_400 * SECOND, b"720h0m0s"),
    ],
)
def test_a_reset_is_a_time_as_openai_writes_it(microseconds: int, written: bytes) -> None:
    one = Standing(Counter("n", rate(Unit.CALLS, 1), "s"), 0, 0, AT + microseconds)
    assert dict(headers("openai", [one], AT))[b"x-ratelimit-reset-requests"] == written


def test_a_moment_beyond_all_calendars_is_the_last_one() -> None:
    one = Standing(Counter("n", rate(Unit.CALLS, 1), "s"), 0, 0, 1 << 70)
    assert dict(headers("anthropic", [one], AT))[b"anthropic-ratelimit-requests-reset"] == b"9999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    ("limit", "dialect", "is_told"),
    [
        (rate(Unit.CALLS, 1), "json", True),
        (rate(Unit.CALLS, 1, observe=True), "openai", False),
        (budget(Unit.PROMPT_TOKENS, 1), "openai", False),
        (budget(Unit.PROMPT_TOKENS, 1), "anthropic", True),
        (budget(Unit.USD, 1), "openai", False),
        (Concurrency("p", 1), "openai", False),
        (AgentCap("p", 1, 1), "openai", False),
    ],
)
def test_what_headers_tell_of(limit: Counted, dialect: str, *, is_told: bool) -> None:
    assert bool(Lines([Counter("n", limit, "s")], dialect).counters) is is_told


def test_whoever_comes_back_in_time_is_not_too_early() -> None:
    assert [seconds(value) for value in (-9, 0, 1, SECOND, SECOND + 1)] == [1, 1, 1, 1, 2]
