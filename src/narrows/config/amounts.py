"""Amounts as the settings of limits and prices write them: exact decimals with their units, held as integers.

Every function takes what is written and gives the value, or raises Wrong. Nothing is ever rounded: what can't be held
exactly is told.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from narrows.config.scalars import LARGEST_NUMBER, Wrong, nearest
from narrows.model.limits import Unit

MICRO_DIGITS: Final = 6
"""Decimals of money and compute units, which are held in millionths."""

PICO_DIGITS: Final = 12
"""Decimals of dollars that are held in picodollars."""

# fmt: off
UNITS: Final[Mapping[str, Unit]] = {
    "usd": Unit.USD,
    "token": Unit.TOKENS, "tokens": Unit.TOKENS,
    "prompt token": Unit.PROMPT_TOKENS, "prompt tokens": Unit.PROMPT_TOKENS,
    "output token": Unit.OUTPUT_TOKENS, "output tokens": Unit.OUTPUT_TOKENS,
    "unit": Unit.COMPUTE, "units": Unit.COMPUTE,
    "call": Unit.CALLS, "calls": Unit.CALLS,
}
# fmt: on
"""Units by every spelling, words apart by one space."""

_NUMBER: Final = re.compile(r"(?P<whole>[0-9](?:_?[0-9]){0,20})(?:\.(?P<decimals>[0-9]{1,20}))?\Z")
_AMOUNT: Final = re.compile(r"(?P<number>[-+]?[0-9][0-9_.,]{0,60})(?P<unit>[^0-9].{0,40})?\Z", re.DOTALL)
_PERCENTAGE: Final = re.compile(r"([0-9]{1,6}) ?%\Z")
_LIKE: Final = "write it as `5 usd` or `2000000 tokens`"


def words(text: str) -> str:
    """A name of several words in its one spelling: small letters, one space between words."""
    return " ".join(text.lower().replace("_", " ").split())


def amount(text: str) -> dict[str, Any]:
    """A count of a unit: `5 usd` is 5,000,000 millionths of a dollar. The plain form of `limits.Amount`."""
    match = _AMOUNT.match(text.strip())
    if match is None or match["unit"] is None:
        raise Wrong("expected an amount with its unit", _dollars(text) or _LIKE)
    written = words(match["unit"])
    unit = UNITS.get(written)
    if unit is None:
        known = ", ".join(dict.fromkeys(UNITS.values()))
        raise Wrong(f"there is no unit `{written}`; there are {known}", nearest(written, UNITS))
    digits = MICRO_DIGITS if unit.scale > 1 else 0
    return {"count": scaled(match["number"], digits, str(unit)), "unit": unit.value}


def money(text: str) -> int:
    """An amount of money, in millionths of a dollar."""
    found = amount(text)
    if found["unit"] != Unit.USD.value:
        raise Wrong("is no amount of money", "write it as `0.50 usd`")
    count: int = found["count"]
    return count


def percentage(text: str) -> int:
    """A whole percentage, 1 to 100."""
    match = _PERCENTAGE.match(text.strip())
    if match is None:
        raise Wrong("expected a whole percentage", "write it as `80%`")
    value = int(match[1])
    if not 1 <= value <= 100:
        raise Wrong("must be from 1% to 100%")
    return value


def price(text: str) -> int:
    """Dollars for a million tokens, in picodollars a token: `0.15` is 150,000."""
    return scaled(text.strip(), MICRO_DIGITS, "dollars per million tokens", least=0)


def dollars(text: str) -> int:
    """Dollars, in picodollars: `0.001` is 1,000,000,000."""
    return scaled(text.strip(), PICO_DIGITS, "dollars", least=0)


def count(text: str) -> int:
    """A whole number, 1 or more."""
    return scaled(text.strip(), 0, "of them")


def weight(text: str) -> int:
    """Compute units, in millionths."""
    return scaled(text.strip(), MICRO_DIGITS, "units", least=0)


def scaled(text: str, digits: int, what: str, *, least: int = 1) -> int:
    """A decimal number, moved left by `digits`. Raises Wrong unless it is exactly an integer then, at least `least`."""
    if text.startswith("-"):
        raise Wrong("must be more than 0" if least else "must be at least 0")
    match = _NUMBER.match(text.removeprefix("+"))
    if match is None:
        raise Wrong("expected a number", "such as 2000000, 2_000_000 or 0.5; no commas, no exponents")
    decimals = (match["decimals"] or "").rstrip("0")
    if len(decimals) > digits:
        said = f"at most {digits} decimals" if digits else "whole numbers only"
        raise Wrong(f"{what}: {said}")
    value = int(match["whole"] + decimals.ljust(digits, "0"))
    if value < least:
        raise Wrong("must be more than 0")
    if value > LARGEST_NUMBER:
        raise Wrong(f"is too large; at most {LARGEST_NUMBER // 10**digits} {what}")
    return value


READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "amount": amount,
    "amount of money": money,
    "count": count,
    "percentage": percentage,
    "price": price,
    "sum in dollars": dollars,
    "weight": weight,
}
"""How a setting is read whose unit is one of these."""


def _dollars(text: str) -> str | None:
    return "write `5 usd` for five dollars" if "$" in text else None
