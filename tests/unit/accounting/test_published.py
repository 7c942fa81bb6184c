"""What a published model costs on a day: the dearest that the table leaves open, or no price that can be known."""

from datetime import date
from typing import Any

import msgspec
import pytest

from narrows.accounting.pricelist import Found, Model
from narrows.accounting.pricing import cost, worst
from narrows.accounting.published import changes, faults, price_of, tiers_of
from narrows.model.price import Price, Rates
from narrows.model.usage import Usage

DAY = date(2026, 6, 1)


def model(prices: Any, name: str = "m", **more: Any) -> Model:
    tree = {"id": name, "match": {"equals": name}, "prices": prices, **more}
    return msgspec.json.decode(msgspec.json.encode(tree), type=Model)


def price(prices: Any, tier: str | None = None, *, on: date = DAY, lent: bool = False, **more: Any) -> Price | None:
    return price_of(Found("acme", model(prices, **more), lent), on, tier)


def rates(prices: Any, tier: str | None = None, **more: Any) -> Rates:
    found = price(prices, tier, **more)
    assert found is not None
    ((start, first),) = found.tiers
    assert start == 0
    return first


def test_every_kind_of_token() -> None:
    said = {
        "input_mtok": 3, "output_mtok": 15, "cache_read_mtok": 0.3, "cache_write_mtok": 3.75, "cache_write_1h_mtok": 6,
        "input_audio_mtok": 10, "output_audio_mtok": 20, "web_searches_kcount": 10, "storage_searches_kcount": 2.5,
    }  # fmt: skip
    assert rates(said) == Rates(3_000_000, 15_000_000, 300_000, 3_750_000, 10_000_000, 20_000_000, 6_000_000)


def test_kinds_without_a_price_cost_what_the_whole_does() -> None:
    assert rates({"input_mtok": 1, "output_mtok": 2}) == Rates(10**6, 2 * 10**6, 10**6, 10**6, 10**6, 2 * 10**6)
    assert rates({"input_mtok": 0.02}).output == 20_000


def test_kinds_that_replies_do_not_tell_apart_make_their_side_as_dear() -> None:
    said = {"input_mtok": 1, "input_image_mtok": 4, "input_video_mtok": 2, "output_mtok": 2, "output_image_mtok": 30}
    assert rates(said) == Rates(4 * 10**6, 30 * 10**6, 4 * 10**6, 4 * 10**6, 10**6, 2 * 10**6)
    read = {"input_mtok": 4, "cache_read_mtok": 0.4, "cache_image_read_mtok": 0.5}
    assert rates(read).cached == 500_000


def test_sound_from_the_cache_is_not_reckoned_too_low() -> None:
    said = {
        "input_mtok": 2,
        "output_mtok": 2,
        "cache_read_mtok": 0.1,
        "input_audio_mtok": 4,
        "cache_audio_read_mtok": 3,
    }
    found = price(said)
    assert found is not None
    # 50 of 100 tokens are sound from the cache: 50 at 3, the rest at 2.
    assert cost(found, Usage(100, 0, cached=50, audio_prompt=50)) >= 250


def test_a_price_is_never_rounded_down() -> None:
    assert rates({"input_mtok": 0.0833333333333333}).prompt == 83_334


def test_tiers_begin_above_their_start() -> None:
    said = {
        "input_mtok": {"base": 1.25, "tiers": [{"start": 200_000, "price": 2.5}]},
        "output_mtok": {"base": 10, "tiers": [{"start": 200_000, "price": 15}]},
        "cache_read_mtok": {"base": 0.125, "tiers": [{"start": 100_000, "price": 0.2}]},
    }
    found = price(said)
    assert found is not None
    assert [start for start, _ in found.tiers] == [0, 100_001, 200_001]
    assert cost(found, Usage(200_000, 0)) == 250_000
    assert cost(found, Usage(200_001, 1)) == 500_018
    assert cost(found, Usage(100_001, 0, cached=100_001)) == 20_001


def test_a_fee_for_each_call() -> None:
    found = price({"input_mtok": 0, "output_mtok": 0, "requests_kcount": 5})
    assert found is not None
    assert cost(found, Usage(10, 10)) == worst(found, 10, 10) == 5_000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("m", {}), ("m", {"output_mtok": 1}), ("m", {"input_mtok": 1, "audio_hours": 0.1}),
        ("m", {"input_document_kpages": 1}), ("m", {"input_mtok": 1, "input_mchars": 4}),
        ("gpt-4o-search-preview", {"input_mtok": 2.5, "output_mtok": 10}), ("vendor/sonar-pro", {"input_mtok": 1}),
        ("o3-deep-research", {"input_mtok": 10, "output_mtok": 40, "web_searches_kcount": 10}), ("m", ()),
    ],
)  # fmt: skip
def test_what_has_no_price_that_can_be_known(name: str, said: Any) -> None:
    assert price(said, name=name) is None
    assert price(said, "priority", name=name) is None


@pytest.mark.parametrize("name", ["vendor/m:free", "omni-moderation-latest", "moderation"])
def test_what_is_free_by_its_name(name: str) -> None:
    assert rates({}, name=name) == Rates(0, 0, 0, 0, 0, 0)


def test_a_name_that_only_looks_like_one_that_searches() -> None:
    assert rates({"input_mtok": 1}, name="gpt-research").prompt == 10**6


DATED = [
    {"prices": {"input_mtok": 1}},
    {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": 3}},
    {"constraint": {"start_date": "2026-06-01"}, "prices": {"input_mtok": 2}},
]


@pytest.mark.parametrize(
    ("on", "dollars"), [("2026-02-28", 1), ("2026-03-01", 3), ("2026-05-31", 3), ("2026-06-01", 2)]
)
def test_a_price_holds_from_its_day_on(on: str, dollars: int) -> None:
    assert rates(DATED, on=date.fromisoformat(on)).prompt == dollars * 10**6


def test_days_on_which_prices_begin() -> None:
    variant = {"when": {"speed": "fast"}, "prices": {}, "constraint": {"start_date": "2026-07-01"}}
    days = changes(model(DATED, price_variants=[variant]))
    assert [*map(str, days)] == ["2026-03-01", "2026-06-01", "2026-07-01"]


def test_the_dearest_time_of_the_day() -> None:
    said = [
        {"prices": {"input_mtok": 1, "output_mtok": 5}},
        {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": 2, "output_mtok": 1}},
        {
            "constraint": {"start_time": "01:00:00", "end_time": "04:00:00"},
            "prices": {"input_mtok": 1, "output_mtok": 4},
        },
    ]
    found = rates(said)
    assert (found.prompt, found.output) == (2 * 10**6, 4 * 10**6)
    assert rates(said, on=date(2026, 1, 1)).output == 5 * 10**6
    assert price([*said, {"constraint": {"start_time": "05:00:00"}, "prices": {}}]) is None


TIERS = [
    {"when": {"service_tier": "default"}, "prices": {}},
    {"when": {"service_tier": "priority"}, "prices": {"input_mtok": 4}, "constraint": {"start_date": "2026-06-01"}},
    {"when": {"service_tier": "priority"}, "prices": {"input_mtok": 3, "output_mtok": 9}},
    {"when": {"service_tier": "flex"}, "prices": {"input_mtok": 1, "output_mtok": 1}},
    {"when": {"processing": "batch"}, "prices": {"input_mtok": 99}},
]
USUAL = {"input_mtok": 2, "output_mtok": 6}


@pytest.mark.parametrize(
    ("tier", "prompt", "output"),
    [(None, 2, 6), ("default", 2, 6), ("priority", 4, 9), ("flex", 1, 1), ("batch", 4, 9), ("other", 4, 9)],
)
def test_a_service_tier_has_its_price_and_one_that_nobody_knows_the_dearest(
    tier: str | None, prompt: int, output: int
) -> None:
    found = rates(USUAL, tier, price_variants=TIERS)
    assert (found.prompt, found.output) == (prompt * 10**6, output * 10**6)


def test_a_tier_of_a_price_that_another_provider_published_is_not_taken_at_its_word() -> None:
    assert rates(USUAL, "flex", price_variants=TIERS, lent=True).prompt == 4 * 10**6


def test_a_tier_that_has_not_begun() -> None:
    assert rates(USUAL, "priority", price_variants=TIERS, on=date(2026, 5, 31)).prompt == 3 * 10**6
    assert tiers_of(model(USUAL, price_variants=TIERS), DAY) == ("default", "priority", "flex")


def test_tiers_of_different_lengths_are_put_together() -> None:
    tiered = {"base": 1, "tiers": [{"start": 10, "price": 2}]}
    fast = {"when": {"speed": "fast"}, "prices": {"input_mtok": {"base": 1.5, "tiers": [{"start": 20, "price": 9}]}}}
    found = price({"input_mtok": tiered}, "other", price_variants=[fast])
    assert found is not None
    assert [(start, one.prompt) for start, one in found.tiers] == [(0, 1_500_000), (11, 2_000_000), (21, 9_000_000)]


def test_what_the_operator_says_tools_cost() -> None:
    found = price({"input_mtok": 1}, tools="0.25")
    assert found is not None
    assert worst(found, 0, 0, tools=True) == 250_000
    unsaid = price({"input_mtok": 1})
    assert unsaid is not None
    assert unsaid.tools is None


@pytest.mark.parametrize(
    "prices",
    [
        {"input_mtok": -1}, {"input_mtok": 10**7}, {"input_mtok": "NaN"}, {"input_mtok": "Infinity"},
        [{"prices": {"output_mtok": -0.1}}], {"input_mtok": {"base": -1, "tiers": []}},
        {"input_mtok": {"base": 1, "tiers": [{"start": 5, "price": -2}]}},
        {"input_mtok": {"base": 1, "tiers": [{"start": 5, "price": 2}, {"start": 5, "price": 3}]}},
        {"input_mtok": {"base": 1, "tiers": [{"start": -5, "price": 2}]}},
    ],
)  # fmt: skip
def test_prices_that_can_not_be(prices: Any) -> None:
    assert len([*faults(model(prices))]) == 1
    assert len([*faults(model(USUAL, price_variants=[{"when": {"speed": "fast"}, "prices": USUAL}]))]) == 0


def test_a_variant_and_tools_that_can_not_be() -> None:
    variant = {"when": {"speed": "fast"}, "prices": {"input_mtok": -1}}
    assert len([*faults(model(USUAL, price_variants=[variant], tools=-1))]) == 2
