"""Which numbers of a document can hold something that detectors know.

Identifiers, cards and accounts are whole numbers. The digits behind a point are a measurement's, and sixteen of them
pass a card's checksum by chance one time in ten; so do all numbers of a vector together.
"""

import re
from collections.abc import Callable
from typing import Final

_MEASURED: Final = re.compile(r"-?[0-9]{1,5}\.[0-9]{5,}(?:[eE][+-]?[0-9]+)?|-?[0-9](?:\.[0-9]+)?[eE]-[0-9]+")
ALL: Final = 1_024
"""Characters of a list's source in which every number is looked at."""

_EVERY: Final = re.compile(r"-?[0-9][0-9.eE+-]*")
_LONG: Final = re.compile(r"(?<![0-9.eE+-])-?[0-9]{6,}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def is_measured(literal: str) -> bool:
    """Whether a number's literal is that of a measurement: at most five digits, a point, and five or more; or a small
    fraction with an exponent."""
    return _MEASURED.fullmatch(literal) is not None


def replace_numbers(source: str, mask: Callable[[str], str]) -> str:
    """A list of numbers as JSON source, each given to `mask`, which gives it back or a text in its place. In a source
    of more than ALL characters only numbers of six and more digits before the point are: vectors and tensors have few
    of them, and nothing shorter is a finding without a name."""

    def masked(number: re.Match[str]) -> str:
        text = mask(number.group())
        return text if text == number.group() else f'"{text}"'

    return (_EVERY if len(source) <= ALL else _LONG).sub(masked, source)
