"""Amounts are held exactly, or it is told why they can't be."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.config import amounts
from narrows.config.scalars import LARGEST_NUMBER, Wrong
from narrows.model.limits import Unit


def wrong(kind: str, text: str) -> Wrong:
    with pytest.raises(Wrong) as caught:
        amounts.READ[kind](text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        ("5 usd", 5_000_000, Unit.USD),
        ("0.50 usd", 500_000, Unit.USD),
        ("0.000001 USD", 1, Unit.USD),
        ("1.2500000000 usd", 1_250_000, Unit.USD),
        ("5usd", 5_000_000, Unit.USD),
        ("+5 usd", 5_000_000, Unit.USD),
        ("007 calls", 7, Unit.CALLS),
        ("1 call", 1, Unit.CALLS),
        ("2_000_000 tokens", 2_000_000, Unit.TOKENS),
        ("1 token", 1, Unit.TOKENS),
        ("3.0 tokens", 3, Unit.TOKENS),
        ("9 prompt_tokens", 9, Unit.PROMPT_TOKENS),
        ("9  Output   tokens", 9, Unit.OUTPUT_TOKENS),
        ("0.25 units", 250_000, Unit.COMPUTE),
        (f"{LARGEST_NUMBER} tokens", LARGEST_NUMBER, Unit.TOKENS),
    ],
)
def test_an_amount(text: str, count: int, unit: Unit) -> None:
    assert amounts.amount(text) == {"count": count, "unit": unit.value}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected an amount with its unit"),
        ("usd", "expected an amount with its unit"),
        ("5", "expected an amount with its unit"),
        ("five usd", "expected an amount with its unit"),
        ("5 euro", "there is no unit `euro`"),
        ("5 usd usd", "there is no unit `usd usd`"),
        ("-5 usd", "must be more than 0"),
        ("-0 usd", "must be more than 0"),
        ("0 tokens", "must be more than 0"),
        ("0.0000001 usd", "at most 6 decimals"),
        ("5.0000001 units", "at most 6 decimals"),
        ("1.5 tokens", "whole numbers only"),
        ("0.5 calls", "whole numbers only"),
        ("2,000 tokens", "expected a number"),
        ("5. usd", "expected a number"),
        ("5.0.0 usd", "expected a number"),
        ("1__0 tokens", "expected a number"),
        ("1e9 tokens", "there is no unit"),
        ("٣ usd", "expected an amount"),
        (f"{LARGEST_NUMBER + 1} tokens", "is too large; at most 9007199254740992 tokens"),
        ("9007199255 usd", "is too large; at most 9007199254 usd"),
        ("9" * 60 + " tokens", "expected a number"),
    ],
)
def test_what_is_no_amount(text: str, said: str) -> None:
    assert said in wrong("amount", text).message


def test_the_nearest_unit_is_told() -> None:
    assert wrong("amount", "5 tokns").hint == "did you mean `tokens`?"
    assert wrong("amount", "$5").hint == "write `5 usd` for five dollars"


@given(st.decimals(min_value=Decimal("0.000001"), max_value=9_007_199_254, places=6))
def test_money_is_exact(value: Decimal) -> None:
    assert amounts.money(f"{value:f} usd") == int(value * 1_000_000)


def test_money_is_in_usd() -> None:
    assert wrong("amount of money", "5 tokens").hint == "write it as `0.50 usd`"


@pytest.mark.parametrize(("text", "percent"), [("80%", 80), ("1 %", 1), ("100%", 100)])
def test_a_percentage(text: str, percent: int) -> None:
    assert amounts.percentage(text) == percent


@pytest.mark.parametrize("text", ["0%", "101%", "120 %", "80", "0.8", "80.5%", "-5%", ""])
def test_what_is_no_percentage(text: str) -> None:
    wrong("percentage", text)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("price", "0.15", 150_000),
        ("price", "0", 0),
        ("price", "75", 75_000_000),
        ("price", "0.000001", 1),
        ("sum in dollars", "0.001", 1_000_000_000),
        ("sum in dollars", "0.000000000001", 1),
        ("weight", "1", 1_000_000),
        ("weight", "0.5", 500_000),
        ("count", "60", 60),
    ],
)
def test_prices_and_weights_are_exact(kind: str, text: str, value: int) -> None:
    assert amounts.READ[kind](text) == value


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("price", "0.0000001", "at most 6 decimals"),
        ("price", "-1", "must be at least 0"),
        ("price", "1e-3", "expected a number"),
        ("price", "$1", "expected a number"),
        ("price", "nan", "expected a number"),
        ("price", "inf", "expected a number"),
        ("price", "99999999999", "is too large"),
        ("sum in dollars", "10000", "is too large"),
        ("count", "1.5", "whole numbers only"),
        ("count", "0", "must be more than 0"),
    ],
)
def test_what_is_no_price(kind: str, text: str, said: str) -> None:
    assert said in wrong(kind, text).message
