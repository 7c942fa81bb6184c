"""How alike prompts are, and how many of one identity were nearly the same within a time: MinHash over a window.

A prompt's sketch is 64 bytes, one for each bin of one-permutation hashing (Li, Owen, Zhang 2012) over shingles of three
words. Two sketches agree in about as many bins as the two sets of shingles have in common (Jaccard). Words are runs of
letters and digits, in lower case; of scripts without spaces, each character. Time is passed in.
"""

import re
from typing import Final
from zlib import crc32

BINS: Final = 64
SHINGLE: Final = 3
"""Words in a shingle."""

WHOLE: Final = 4_096
"""Characters of a prompt that are all looked at. Of a longer one: its first and last half of that, and half as many
from between, by place. What is inserted into a long prompt shifts the latter, so it counts for more than it is."""

SHORTEST: Final = 8
"""Shingles without which two prompts are only alike if they are the same."""

PROMPTS: Final = 128
"""Prompts of one identity that are kept: 100 bytes each."""

_WORD: Final = re.compile(r"[0-9A-Za-z_\u00aa-\u024f\u0370-\u052f]+|[^\W_]")
_EMPTY: Final = bytes(BINS)


def sketch(prompt: str) -> int:
    """The sketch of a prompt; 0 for one without words."""
    words = _WORD.findall(_sample(prompt).lower())
    if not words:
        return 0
    if len(words) < SHINGLE + SHORTEST - 1:
        return _whole(words)
    least = [0xFFFFFFFF] * BINS
    first, second = crc32(words[0].encode()), crc32(words[1].encode())
    for word in words[2:]:
        third = crc32(word.encode("utf-8", "surrogatepass"))
        # Multiplying spreads what the sum has in common with its neighbours' over all bits.
        mixed = ((first * 0x9E3779B1 + second * 0x85EBCA6B + third) * 0xC2B2AE3D) & 0xFFFFFFFF
        place = mixed >> 26
        least[place] = min(least[place], mixed)
        first, second = second, third
    return int.from_bytes(bytes((value >> 8) % 255 + 1 if value != 0xFFFFFFFF else 0 for value in least), "little")


def _sample(prompt: str) -> str:
    if len(prompt) <= WHOLE:
        return prompt
    half = WHOLE // 2
    stride = (len(prompt) - WHOLE) // 16
    middle = " ".join(prompt[half + stride * part : half + stride * part + 128] for part in range(16))
    return f"{prompt[:half]} {middle} {prompt[-half:]}"


def _whole(words: list[str]) -> int:
    """A short prompt is like itself only: every bin says the same thing."""
    value = crc32(" ".join(words).encode("utf-8", "surrogatepass"))
    filled = b"".join(crc32(value.to_bytes(4, "little") + bytes([part])).to_bytes(4, "little") for part in range(16))
    return int.from_bytes(bytes(byte or 1 for byte in filled), "little")


def similarity(one: int, other: int) -> float:
    """An estimate of what share of their shingles two prompts have in common, 0 to 1; its standard error is 0.06."""
    both_empty = (one | other).to_bytes(BINS, "little").count(0)
    used = BINS - both_empty
    if not used:
        return 0.0
    same = (one ^ other).to_bytes(BINS, "little").count(0) - both_empty
    # Bins of one byte agree by chance once in 255 times.
    return max(0.0, (same / used - 1 / 255) / (1 - 1 / 255))


class Window:
    """The last `capacity` prompts of one identity. They are replaced, never changed, so that threads may ask while
    another adds."""

    __slots__ = ("_capacity", "_prompts")

    def __init__(self, capacity: int = PROMPTS) -> None:
        self._capacity = capacity
        self._prompts: tuple[tuple[float, int], ...] = ()

    def add(self, sketch: int, now: float) -> None:
        """Takes a prompt into account; one without words is like none."""
        if sketch:
            self._prompts = (*self._prompts[-self._capacity + 1 :], (now, sketch))

    def alike(self, sketch: int, now: float, seconds: float, threshold: float) -> list[float]:
        """When prompts were sent within the last `seconds` that are as similar as the threshold, the oldest first."""
        since = now - seconds
        return [at for at, other in self._prompts if at > since and similarity(sketch, other) >= threshold]

    def __len__(self) -> int:
        return len(self._prompts)
