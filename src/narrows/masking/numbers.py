"""Which numbers of a document can hold something that detectors know.

Identifiers, cards and accounts are whole numbers. The digits behind a point are a measurement's, and sixteen of them
pass a card's checksum by chance one time in ten; so do all numbers of a vector together.
"""

import re
from collections.abc import Callable
from typing import Final

_MEASURED: Final = re.compile(r"-?[0-9]{1,5}\.[0-9]{5,}(?:[eE][+-]?[0-9]+)?|-?[0-9](?:\.[0-9]+)?[eE]-[0-9]+")
_LONG: Final = re.compile(r"(?<![0-9.eE+-])-?[0-9]{6,}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def is_measured(literal: str) -> bool:
    """Whether a number's literal is that of a measurement: at most five digits, a point, and five or more; or a small
    fraction with an exponent."""
    return _MEASURED.fullmatch(literal) is not None


def replace_long(source: str, mask: Callable[[str], str | None]) -> str:
    """A long list of numbers as JSON source, in which numbers of six and more digits before the point were asked for:
    `mask` gives a string for one, None to leave it."""

    def masked(number: re.Match[str]) -> str:
        text = mask(number.group())
        return number.group() if text is None else f'"{text}"'

    return _LONG.sub(masked, source)
