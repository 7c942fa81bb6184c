"""What a model costs, in integers: picodollars a token, so that every published price is exact."""

from typing import Final

import msgspec

PICO_PER_MICRO: Final = 1_000_000
"""One dollar for a million tokens is a millionth of a dollar a token: so many picodollars."""


class Rates(msgspec.Struct, frozen=True):
    """Picodollars for one token of each kind. `cached` is read from the provider's cache, `cache_write` written to it;
    both, and `audio_prompt`, are part of the prompt. `audio_output` is part of the output, and so is reasoning, at its
    price. `cache_write_long` is what is written to be kept for longer; None: it costs what `cache_write` does."""

    prompt: int
    output: int
    cached: int
    cache_write: int
    audio_prompt: int
    audio_output: int
    cache_write_long: int | None = None


class Price(msgspec.Struct, frozen=True):
    """A model's price. `tiers` are the rates for prompts of at least so many tokens, ascending, the first from 0 on:
    the whole call is reckoned by the tier that its prompt reaches. `call` is in picodollars for each call. `tools` is
    the most that the provider's own tools may cost in one call, in picodollars; None: nobody knows."""

    tiers: tuple[tuple[int, Rates], ...]
    call: int = 0
    tools: int | None = None
