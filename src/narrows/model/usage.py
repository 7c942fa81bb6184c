"""What a reply says it cost."""

from typing import Final

import msgspec

LONGEST_TOKEN: Final = 32
"""Bytes of UTF-8 that one token stands for, at most, on average over a text: no vocabulary has longer ones."""


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Token counts as the upstream reported them; None where it did not.

    `prompt` is all of the prompt: `cached` (read from the provider's cache), `cache_write` (written to it) and
    `audio_prompt` are parts of it. `completion` is all of the output, of which `reasoning` and `audio_completion` are
    parts. `cache_write_long` is the part of `cache_write` that the provider keeps for longer, at a price of its own.
    """

    prompt: int | None = None
    completion: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    cache_write: int | None = None
    audio_prompt: int | None = None
    audio_completion: int | None = None
    cache_write_long: int | None = None

    def merge(self, later: "Usage") -> "Usage":
        """This usage with every figure that `later` names replaced (streams report it in parts)."""
        return Usage(
            later.prompt if later.prompt is not None else self.prompt,
            later.completion if later.completion is not None else self.completion,
            later.cached if later.cached is not None else self.cached,
            later.reasoning if later.reasoning is not None else self.reasoning,
            later.cache_write if later.cache_write is not None else self.cache_write,
            later.audio_prompt if later.audio_prompt is not None else self.audio_prompt,
            later.audio_completion if later.audio_completion is not None else self.audio_completion,
            later.cache_write_long if later.cache_write_long is not None else self.cache_write_long,
        )
