"""The shipped table, in the format that tables are kept in, says what the package says."""

from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot

from narrows.accounting import published
from narrows.accounting.ownprices import normal
from narrows.accounting.pricelist import Found, Pricelist, faults
from narrows.accounting.pricing import cost
from narrows.accounting.published import price_of
from narrows.model.price import Price
from narrows.model.usage import Usage
from narrows.wiring.shipped_prices import dump

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def table() -> bytes:
    return dump()


def priced(table: bytes, provider: str, model: str, tier: str | None = None) -> Price:
    found = Pricelist(table).find(provider, model)
    assert found is not None
    price = price_of(found, NOON.date(), tier)
    assert price is not None
    return price


def test_it_is_a_table_with_every_model_and_nothing_wrong(table: bytes) -> None:
    pricelist = Pricelist(table)
    providers = get_snapshot().providers
    assert [found.model.id for found in pricelist.all()] == [model.id for one in providers for model in one.models]
    assert not [*faults(pricelist, table)]
    assert not [fault for found in pricelist.all() for fault in published.faults(found.model)]
    assert [*Pricelist(normal(table)).all()] == [*pricelist.all()]


@pytest.mark.parametrize(
    ("provider", "model", "tier", "usage", "theirs"),
    [
        ("openai", "gpt-4o-mini", None, Usage(1000, 500, cached=400),
         {"input_tokens": 1000, "output_tokens": 500, "cache_read_tokens": 400}),
        ("openai", "gpt-4o-mini", "priority", Usage(1000, 500, cached=400),
         {"input_tokens": 1000, "output_tokens": 500, "cache_read_tokens": 400}),
        ("anthropic", "claude-opus-5", None, Usage(9000, 700, cached=6000, cache_write=2000, cache_write_long=500),
         {"input_tokens": 9000, "output_tokens": 700, "cache_read_tokens": 6000, "cache_write_tokens": 2000,
          "cache_write_1h_tokens": 500}),
        ("google", "gemini-2.5-pro", None, Usage(200_000, 1000, cached=50_000),
         {"input_tokens": 200_000, "output_tokens": 1000, "cache_read_tokens": 50_000}),
        ("google", "gemini-2.5-pro", None, Usage(200_001, 1000, cached=50_000),
         {"input_tokens": 200_001, "output_tokens": 1000, "cache_read_tokens": 50_000}),
        ("openai", "gpt-audio", None, Usage(800, 300, audio_prompt=700, audio_completion=250),
         {"input_tokens": 800, "output_tokens": 300, "input_audio_tokens": 700, "output_audio_tokens": 250}),
        ("perplexity", "sonar", None, Usage(100, 100), {"input_tokens": 100, "output_tokens": 100}),
    ],
)  # fmt: skip
def test_calls_cost_what_the_package_says(
    table: bytes, provider: str, model: str, tier: str | None, usage: Usage, theirs: dict[str, int]
) -> None:
    context = None if tier is None else {"service_tier": tier}
    said = genai_prices.calc_price(
        genai_prices.Usage(**theirs),
        model,
        provider_id=provider,
        genai_request_timestamp=NOON,
        price_context=context,
    )
    exact = (said.total_price * 1_000_000).to_integral(ROUND_CEILING)
    assert cost(priced(table, provider, model, tier), usage) == int(exact)


def test_no_model_is_reckoned_below_what_the_package_says(table: bytes) -> None:
    pricelist = Pricelist(table)
    usage = Usage(300_000, 2_000)
    theirs = genai_prices.Usage(input_tokens=300_000, output_tokens=2_000)
    compared = 0
    for provider in get_snapshot().providers:
        for model, found in zip(provider.models, pricelist.models(provider.id), strict=True):
            price = price_of(Found(provider.id, found), NOON.date())
            if price is None:
                continue
            try:
                said = model.calc_price(theirs, provider, genai_request_timestamp=NOON)
            except ValueError:
                continue  # It has prices of kinds that this usage does not tell.
            compared += 1
            assert cost(price, usage) >= said.total_price * Decimal(1_000_000)
    assert compared > 2_000
