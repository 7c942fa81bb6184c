"""Costs are exact to the picodollar, rounded up once, by the tier of the prompt; parts never exceed the whole."""

from decimal import ROUND_CEILING, Decimal

import pytest

from narrows.accounting.pricing import cost, reckon, worst
from narrows.model.price import Price, Rates
from narrows.model.usage import Usage

MINI = Price(((0, Rates(150_000, 600_000, 75_000, 150_000, 150_000, 600_000)),))
"""0.15 and 0.60 dollars a million, half price for what is cached."""

CLAUDE = Price(((0, Rates(3_000_000, 15_000_000, 300_000, 3_750_000, 3_000_000, 15_000_000, 6_000_000)),))
TIERED = Price(
    (
        (0, Rates(1_250_000, 10_000_000, 125_000, 1_250_000, 1_250_000, 10_000_000)),
        (200_001, Rates(2_500_000, 15_000_000, 250_000, 2_500_000, 2_500_000, 15_000_000)),
    )
)
SPOKEN = Price(((0, Rates(2_500_000, 10_000_000, 1_250_000, 2_500_000, 40_000_000, 80_000_000)),))


def test_a_call_is_rounded_up_once() -> None:
    assert reckon(MINI, 0, 0) == 0
    assert reckon(MINI, 1, 0) == 1
    assert reckon(MINI, 1, 1) == 1
    assert reckon(MINI, 1_000_000, 1_000_000) == 750_000
    assert reckon(MINI, 1_234, 567) == 526  # 525.3 millionths


def test_what_is_read_from_a_cache_and_written_to_it_has_its_price() -> None:
    assert reckon(MINI, 1_000, 0, cached=800) == 90
    # 50 new, 100 read, 30 kept for the usual time, 20 for longer.
    exact = (50 * Decimal("3") + 100 * Decimal("0.3") + 30 * Decimal("3.75") + 20 * Decimal("6") + 9 * 15).to_integral(
        ROUND_CEILING
    )
    usage = Usage(200, 9, cached=100, cache_write=50, cache_write_long=20)
    assert cost(CLAUDE, usage) == exact == 548


def test_sound_has_its_price() -> None:
    assert cost(SPOKEN, Usage(100, 50, audio_prompt=60, audio_completion=40)) == 40 * 2.5 + 60 * 40 + 10 * 10 + 40 * 80


def test_reasoning_is_output() -> None:
    assert cost(MINI, Usage(0, 1_000, reasoning=900)) == cost(MINI, Usage(0, 1_000))


def test_the_prompt_decides_on_the_tier_of_the_whole_call() -> None:
    assert reckon(TIERED, 200_000, 1_000) == 260_000
    assert reckon(TIERED, 200_001, 1_000) == 515_003
    assert reckon(TIERED, 200_001, 0, cached=200_001) == 50_001


def test_each_call_has_its_fee() -> None:
    price = Price(MINI.tiers, call=5_000_000_000)
    assert reckon(price, 0, 0) == 5_000
    assert reckon(price, 1_000_000, 0) == 155_000


def test_tools_cost_the_most_they_may() -> None:
    price = Price(MINI.tiers, tools=300_000_000_000)
    assert reckon(price, 0, 0) == 0
    assert reckon(price, 0, 0, tools=True) == worst(price, 0, 0, tools=True) == 300_000
    assert reckon(MINI, 0, 0, tools=True) == 0
    assert worst(MINI, 10, 10, tools=True) is None


def test_what_is_not_reported_counts_as_none() -> None:
    assert cost(Price(MINI.tiers, call=1), Usage()) == 1


def test_parts_are_never_more_than_their_whole() -> None:
    assert reckon(MINI, 100, 10, cached=10**9) == reckon(MINI, 100, 10, cached=100)
    assert reckon(SPOKEN, 0, 10, audio_output=99) == reckon(SPOKEN, 0, 10, audio_output=10)
    assert reckon(CLAUDE, 100, 0, cache_write=10, cache_write_long=99) == 330
    assert reckon(CLAUDE, 100, 0, cache_write_long=99) == 300
    assert reckon(MINI, -5, -5, cached=-5, cache_write=-5, audio_prompt=-5, audio_output=-5) == 0
    assert reckon(MINI, 100, 0, cached=-1) == 15


def test_of_parts_that_overlap_the_dearest_counts() -> None:
    assert reckon(SPOKEN, 100, 0, cached=80, audio_prompt=60) == 60 * 40 + 40 * 1.25


def test_the_worst_is_the_dearest_kind_of_each_side() -> None:
    assert worst(CLAUDE, 1_000, 1_000) == 21_000
    assert worst(SPOKEN, 1_000, 1_000) == 120_000
    assert worst(MINI, 0, 0) == 0
    assert worst(Price(MINI.tiers, call=1), 1, 0) == 1


def test_the_worst_is_the_dearest_tier_that_can_be_reached() -> None:
    assert worst(TIERED, 200_000, 1_000) == 260_000
    assert worst(TIERED, 200_001, 1_000) == 515_003
    upside_down = Price(((0, TIERED.tiers[1][1]), (10, TIERED.tiers[0][1])))
    assert worst(upside_down, 11, 1_000) == reckon(upside_down, 9, 1_000) == 15_023


@pytest.mark.parametrize(("prompt", "output"), [(None, 1), (1, None), (None, None)])
def test_what_has_no_bound_has_no_worst(prompt: int | None, output: int | None) -> None:
    assert worst(MINI, prompt, output) is None
