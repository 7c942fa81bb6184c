"""What a model of a published table costs on a day, as a Price.

Whatever the table leaves open is taken at its dearest, so that no call costs more than was reckoned:

- A price from a day on counts from midnight UTC of that day. Prices by the time of day: the dearest of them.
- Kinds of tokens that replies do not tell apart (pictures, video, citations) make their whole side as dear as they are.
- A kind without a price of its own costs what the whole does; output without one, what the prompt does.
- A service tier has the price that the table gives it; one that it does not name, and any of a model whose price
  another provider published, the dearest that the model has.
- More decimals than picodollars a token: rounded up.

None, no price: what the table has without one, unless it is free by its name; what also costs by the hour, page or
character; models that search on their own, as nobody can say how often.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Final

import msgspec

from narrows.accounting.pricelist import Constraint, Found, Model, Prices, Tiered, Variant
from narrows.model.price import PICO_PER_MICRO, Price, Rates

LARGEST: Final = Decimal(1_000_000)
"""Dollars, for a million tokens or a thousand of anything else: nothing costs more."""

LONGEST: Final = 10**12
"""Tokens; no prompt is so long."""

_PER_THOUSAND: Final = 10**9
"""Picodollars each, of a dollar a thousand."""

_PER_DOLLAR: Final = 10**12
_TIERS: Final = frozenset({"service_tier", "speed"})
_SEARCHES: Final = re.compile(r"(?:^|[-/])(?:search|deep-research|sonar)")
_FREE: Final = re.compile(r":free$|(?:^|-)moderation(?:-|$)")
_ASIDE: Final = frozenset({"web_searches_kcount", "storage_searches_kcount"})
"""Fees for tools that the provider runs: how often it does, nobody knows before."""

_NOTHING: Final = Price(((0, Rates(0, 0, 0, 0, 0, 0)),))


def price_of(found: Found, on: date, tier: str | None = None) -> Price | None:
    """The price of a model on a day, in a service tier that is not the usual one; None where it has none."""
    model = found.model
    usual = _in_tier(model, on, None)
    if tier is not None and usual is not None:
        known = tiers_of(model, on)
        if tier in known and not found.lent:
            usual = _in_tier(model, on, tier)
        else:
            usual = _dearest([usual, *(_in_tier(model, on, each) for each in known)])
    if usual is None or model.tools is None:
        return usual
    return msgspec.structs.replace(usual, tools=_pico(model.tools, _PER_DOLLAR))


def tiers_of(model: Model, on: date) -> tuple[str, ...]:
    """The service tiers that the table has prices for on a day."""
    return tuple(dict.fromkeys(tier for variant in _variants(model, on) for tier in variant.when.values()))


def changes(model: Model) -> Iterator[date]:
    """The days on which a price of the model begins."""
    every = [one.constraint for one in model.prices] if isinstance(model.prices, tuple) else []
    for constraint in (*every, *(variant.constraint for variant in model.price_variants or ())):
        if constraint is not None and constraint.start_date is not None:
            yield constraint.start_date


def faults(model: Model) -> Iterator[str]:
    """What is wrong with the prices of a model."""
    every = [one.prices for one in model.prices] if isinstance(model.prices, tuple) else [model.prices]
    for prices in (*every, *(variant.prices for variant in model.price_variants or ())):
        for kind, value in prices.items():
            amounts = [] if value is None else [value]
            if isinstance(value, Tiered):
                amounts = [value.base, *(tier.price for tier in value.tiers)]
                starts = [tier.start for tier in value.tiers]
                if any(start < 0 for start in starts) or starts != sorted(set(starts)):
                    yield f"{kind}: its tiers do not begin one after another"
            for amount in amounts:
                if isinstance(amount, Decimal) and not _is_price(amount):
                    yield f"{kind}: {amount} is no price in dollars"
    if model.tools is not None and not _is_price(model.tools):
        yield f"tools: {model.tools} is no price in dollars"


def _is_price(amount: Decimal) -> bool:
    return amount.is_finite() and 0 <= amount <= LARGEST


def _in_tier(model: Model, on: date, tier: str | None) -> Price | None:
    """The dearest of the prices that hold on a day, with what is priced otherwise in the tier in place of the usual."""
    own: Prices = {}
    for variant in _variants(model, on) if tier is not None else ():
        if tier in variant.when.values():
            own = {**{kind: value for kind, value in variant.prices.items() if value is not None}, **own}
    return _dearest([_priced(model.id, {**prices, **own}) for prices in _holding(model, on)])


def _holding(model: Model, on: date) -> list[Prices]:
    """The prices that hold at some time of the day."""
    if not isinstance(model.prices, tuple):
        return [model.prices]
    held: list[Prices] = []
    for priced in reversed(model.prices):
        if priced.constraint is not None and priced.constraint.start_time is not None:
            held.append(priced.prices)
        elif _begun(priced.constraint, on):
            return [*held, priced.prices]
    return [*held, *(first.prices for first in model.prices[:1])]


def _variants(model: Model, on: date) -> list[Variant]:
    """What is priced otherwise in a service tier on a day."""
    return [
        variant
        for variant in model.price_variants or ()
        if _TIERS.issuperset(variant.when) and _begun(variant.constraint, on)
    ]


def _begun(constraint: Constraint | None, on: date) -> bool:
    return constraint is None or constraint.start_date is None or constraint.start_date <= on


def _dearest(prices: Sequence[Price | None]) -> Price | None:
    """A price that is nowhere below any of these; None if one of them is not known, or there are none."""
    known = [price for price in prices if price is not None]
    if not known or len(known) < len(prices):
        return None
    if len(known) == 1:
        return known[0]
    starts = sorted({start for price in known for start, _ in price.tiers})
    tiers = tuple((start, _highest([_at(price, start) for price in known])) for start in starts)
    return Price(tiers, max(price.call for price in known))


def _at(price: Price, prompt: int) -> Rates:
    return [rates for start, rates in price.tiers if start <= prompt][-1]


def _highest(rates: Sequence[Rates]) -> Rates:
    return Rates(
        prompt=max(one.prompt for one in rates),
        output=max(one.output for one in rates),
        cached=max(one.cached for one in rates),
        cache_write=max(one.cache_write for one in rates),
        audio_prompt=max(one.audio_prompt for one in rates),
        audio_output=max(one.audio_output for one in rates),
        cache_write_long=max(
            one.cache_write if one.cache_write_long is None else one.cache_write_long for one in rates
        ),
    )


def _priced(name: str, prices: Prices) -> Price | None:
    """The price that a table's entry says."""
    said = {kind: value for kind, value in prices.items() if value is not None}
    if not said:
        return _NOTHING if _FREE.search(name) else None
    fee = said.pop("requests_kcount", None)
    if _SEARCHES.search(name) and fee is None:
        return None
    kinds = {kind.removesuffix("_mtok"): value for kind, value in said.items() if kind not in _ASIDE}
    if "input" not in kinds or any(not kind.endswith("_mtok") for kind in said.keys() - _ASIDE):
        return None
    starts = {tier.start for value in said.values() if isinstance(value, Tiered) for tier in value.tiers}
    # A tier of the table begins above its start, one of ours with it.
    tiers = [(0, _rates(kinds, 0)), *((start + 1, _rates(kinds, start + 1)) for start in sorted(starts))]
    return Price(tuple(tiers), 0 if fee is None else _pico(_above(fee, LONGEST), _PER_THOUSAND))


def _rates(kinds: Mapping[str, Decimal | Tiered], prompt: int) -> Rates:
    """The rates for a prompt of so many tokens."""
    at = {kind: _above(value, prompt) for kind, value in kinds.items()}
    whole = at["input"]
    out = at.get("output", whole)
    heard, spoken = at.get("input_audio", whole), at.get("output_audio", out)
    whole = max(value for kind, value in at.items() if kind.startswith("input") and kind != "input_audio")
    out = max([out, *(value for kind, value in at.items() if kind.startswith("output_") and kind != "output_audio")])
    read = [value for kind, value in at.items() if _is_read(kind) and kind != "cache_audio_read"]
    written = [value for kind, value in at.items() if _is_written(kind) and not kind.endswith("_1h")]
    kept = [value for kind, value in at.items() if _is_written(kind) and kind.endswith("_1h")]
    cached = max(read, default=whole)
    if "cache_audio_read" in at:
        # Sound that was read from the cache is reported as both: as what is cached, and as sound.
        cached = max(cached, at["cache_audio_read"] + whole - heard)
    write = max(written, default=whole)
    return Rates(
        prompt=_pico(whole, PICO_PER_MICRO),
        output=_pico(out, PICO_PER_MICRO),
        cached=_pico(cached, PICO_PER_MICRO),
        cache_write=_pico(write, PICO_PER_MICRO),
        audio_prompt=_pico(heard, PICO_PER_MICRO),
        audio_output=_pico(spoken, PICO_PER_MICRO),
        cache_write_long=_pico(max([write, *kept]), PICO_PER_MICRO) if kept else None,
    )


def _is_read(kind: str) -> bool:
    return kind.startswith("cache_") and kind.endswith("_read")


def _is_written(kind: str) -> bool:
    return kind.startswith("cache_") and "write" in kind


def _above(value: Decimal | Tiered, prompt: int) -> Decimal:
    """The value for a prompt of so many tokens."""
    if not isinstance(value, Tiered):
        return value
    return next((tier.price for tier in reversed(value.tiers) if prompt > tier.start), value.base)


def _pico(dollars: Decimal, each: int) -> int:
    return int((dollars * each).to_integral(ROUND_CEILING))
