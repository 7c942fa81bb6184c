"""No call costs more than was reckoned for it at worst, and what it costs is exact."""

from decimal import ROUND_CEILING, Decimal

from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.pricing import cost, reckon, worst
from narrows.model.price import PICO_PER_MICRO, Price, Rates
from narrows.model.usage import Usage

RATE = st.integers(0, 10**8)
LARGE = st.one_of(st.integers(0, 50), st.integers(0, 10**7))
ANY_COUNT = st.one_of(st.none(), st.integers(-(10**14), 10**14), LARGE)


@st.composite
def rates(draw: st.DrawFn, least: Rates | None = None) -> Rates:
    """Rates; none below those of `least`."""
    low = [0] * 6 if least is None else [getattr(least, name) for name in Rates.__struct_fields__[:6]]
    drawn = [rate + draw(RATE) for rate in low]
    long = None if least is not None and least.cache_write_long is None else draw(st.one_of(st.none(), RATE))
    if least is not None and least.cache_write_long is not None:
        long = least.cache_write_long + draw(RATE)
    return Rates(*drawn, long)


@st.composite
def prices(draw: st.DrawFn, *, rising: bool = False) -> Price:
    """Prices of up to four tiers; `rising`: a later tier is nowhere cheaper."""
    starts = [0, *sorted(draw(st.sets(st.one_of(st.integers(1, 50), st.integers(1, 10**7)), max_size=3)))]
    tiers: list[tuple[int, Rates]] = []
    for start in starts:
        tiers.append((start, draw(rates(tiers[-1][1] if rising and tiers else None))))
    return Price(tuple(tiers), draw(RATE), draw(st.one_of(st.none(), RATE)))


def usages(prompt: int, output: int) -> st.SearchStrategy[Usage]:
    """Usage within bounds, with parts that may be anything."""
    return st.builds(
        Usage, st.integers(0, prompt), st.integers(0, output), ANY_COUNT, ANY_COUNT, ANY_COUNT, ANY_COUNT, ANY_COUNT,
        ANY_COUNT,
    )  # fmt: skip


@given(prices(), LARGE, LARGE, st.booleans(), st.data())
def test_no_usage_within_the_bounds_costs_more_than_the_worst(
    price: Price, prompt: int, output: int, tools: bool, data: st.DataObject
) -> None:
    most = worst(price, prompt, output, tools=tools)
    spent = cost(price, data.draw(usages(prompt, output)), tools=tools)
    assert spent >= 0
    if most is None:
        assert tools
        assert price.tools is None
    else:
        assert spent <= most


@given(prices(), LARGE, LARGE, st.data())
def test_the_worst_is_no_more_than_some_call_can_cost(
    price: Price, prompt: int, output: int, data: st.DataObject
) -> None:
    reached = [0, prompt, *(start - 1 for start, _ in price.tiers if 0 < start <= prompt)]
    calls = (
        Usage(tokens, output, audio_completion=spoken, **({kind: tokens} if kind else {}), **more)
        for tokens in reached
        for spoken in (0, output)
        for kind, more in (
            ("", {}),
            ("cached", {}),
            ("cache_write", {}),
            ("cache_write", {"cache_write_long": tokens}),
            ("audio_prompt", {}),
        )
    )
    assert max(cost(price, usage) for usage in calls) == worst(price, prompt, output)


@given(prices(rising=True), LARGE, LARGE, LARGE, LARGE, usages(10**7, 10**7))
def test_more_tokens_never_cost_less(
    price: Price, prompt: int, more: int, output: int, further: int, parts: Usage
) -> None:
    named = {
        "cached": parts.cached or 0,
        "cache_write": parts.cache_write or 0,
        "cache_write_long": parts.cache_write_long or 0,
        "audio_prompt": parts.audio_prompt or 0,
        "audio_output": parts.audio_completion or 0,
    }
    spent = reckon(price, prompt, output, **named)
    assert spent <= reckon(price, prompt + more, output + further, **named)
    most, least = worst(price, prompt + more, output + further), worst(price, prompt, output)
    assert most is not None
    assert least is not None
    assert least <= most


@given(prices(), LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE)
def test_it_is_exact(
    price: Price, plain: int, cached: int, written: int, long: int, heard: int, output: int, spoken: int
) -> None:
    prompt = plain + cached + written + long + heard
    of = [tier for start, tier in price.tiers if start <= prompt][-1]
    longer = of.cache_write if of.cache_write_long is None else of.cache_write_long
    dollars = [
        (plain, of.prompt), (cached, of.cached), (written, of.cache_write), (long, longer), (heard, of.audio_prompt),
        (output, of.output), (spoken, of.audio_output), (1, price.call),
    ]  # fmt: skip
    exact = sum((Decimal(count) * Decimal(rate) / PICO_PER_MICRO for count, rate in dollars), Decimal(0))
    reckoned = reckon(
        price, prompt, output + spoken, cached=cached, cache_write=written + long, cache_write_long=long,
        audio_prompt=heard, audio_output=spoken,
    )  # fmt: skip
    assert reckoned == int(exact.to_integral(ROUND_CEILING))
