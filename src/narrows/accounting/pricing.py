"""What tokens cost at a price: exactly, and at most.

Sums are picodollars, so nothing is rounded before the end: each call is rounded up once, to a millionth of a dollar.
The whole call is reckoned by the tier that its prompt reaches. A part is never more than its whole: what is reported
beyond that is cut, the cheapest first, and so a call whose parts overlap is not reckoned too low.
"""

import msgspec

from narrows.model.price import PICO_PER_MICRO, Price, Rates
from narrows.model.usage import Usage


class Flat(msgspec.Struct, frozen=True, gc=False):
    """A price of one tier, in picodollars: for a token of the prompt and of the output, at most (whatever kind it is
    of) and as a rule, and for the call."""

    prompt_most: int
    output_most: int
    prompt: int
    output: int
    call: int


def flat(price: Price | None) -> Flat | None:
    """A price in that form; None: it has more to it."""
    if price is None or len(price.tiers) != 1:
        return None
    rates = price.tiers[0][1]
    return Flat(_dearest_prompt(rates), max(rates.output, rates.audio_output), rates.prompt, rates.output, price.call)


def cost(price: Price, usage: Usage, *, tools: bool = False) -> int:
    """What a call with this usage cost, in millionths of a dollar; what is not reported counts as none. `tools`: the
    provider ran tools of its own, at the most that they may cost, if that is known."""
    return reckon(
        price,
        usage.prompt or 0,
        usage.completion or 0,
        cached=usage.cached or 0,
        cache_write=usage.cache_write or 0,
        cache_write_long=usage.cache_write_long or 0,
        audio_prompt=usage.audio_prompt or 0,
        audio_output=usage.audio_completion or 0,
        tools=tools,
    )


def reckon(
    price: Price,
    prompt: int,
    output: int,
    *,
    cached: int = 0,
    cache_write: int = 0,
    cache_write_long: int = 0,
    audio_prompt: int = 0,
    audio_output: int = 0,
    tools: bool = False,
) -> int:
    """What so many tokens cost, in millionths of a dollar. `cache_write_long` is a part of `cache_write`."""
    prompt, output = max(prompt, 0), max(output, 0)
    rates = _rates(price, prompt)
    pico = price.call + (price.tools or 0 if tools else 0)
    left = prompt
    if cached > 0 or cache_write > 0 or audio_prompt > 0:
        long = min(max(cache_write_long, 0), max(cache_write, 0))
        parts = (
            (rates.cached, cached),
            (rates.cache_write, cache_write - long),
            (rates.cache_write if rates.cache_write_long is None else rates.cache_write_long, long),
            (rates.audio_prompt, audio_prompt),
        )
        for rate, count in sorted(parts, reverse=True):
            taken = min(max(count, 0), left)
            left -= taken
            pico += rate * taken
    spoken = min(max(audio_output, 0), output)
    pico += rates.prompt * left + rates.output * (output - spoken) + rates.audio_output * spoken
    return -(-pico // PICO_PER_MICRO)


def worst(price: Price, prompt: int | None, output: int | None, *, tools: bool = False) -> int | None:
    """The most that a call can cost with at most so many tokens, of whatever kinds, in millionths of a dollar. None
    where a count has no bound, or where the provider runs tools and nobody knows what those may cost."""
    if prompt is None or output is None or (tools and price.tools is None):
        return None
    prompt, output = max(prompt, 0), max(output, 0)
    tiers = price.tiers
    most = 0
    for index, (start, rates) in enumerate(tiers):
        if start > prompt and index:
            break
        longest = prompt if index + 1 == len(tiers) else min(prompt, tiers[index + 1][0] - 1)
        most = max(most, _dearest_prompt(rates) * longest + max(rates.output, rates.audio_output) * output)
    pico = most + price.call + (price.tools or 0 if tools else 0)
    return -(-pico // PICO_PER_MICRO)


def _rates(price: Price, prompt: int) -> Rates:
    """The rates of the tier that a prompt of this length reaches."""
    tiers = price.tiers
    rates = tiers[0][1]
    for start, later in tiers[1:]:
        if prompt < start:
            break
        rates = later
    return rates


def _dearest_prompt(rates: Rates) -> int:
    most = max(rates.prompt, rates.cached, rates.cache_write, rates.audio_prompt)
    long = rates.cache_write_long
    return most if long is None or long < most else long
