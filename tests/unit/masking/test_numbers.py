"""Which numbers are looked at."""

import pytest

from narrows.masking.numbers import ALL, is_measured, replace_numbers


@pytest.mark.parametrize("literal", ["0.4111111111111111", "-12345.67890", "1.5e-07", "3e-9", "0.123456e10"])
def test_what_is_measured_has_its_digits_behind_the_point(literal: str) -> None:
    assert is_measured(literal)


@pytest.mark.parametrize(
    "literal", ["4111111111111111", "123456789.0", "123456.789012", "0.5", "42", "-1", "1e400", "true"]
)
def test_everything_else_may_be_something(literal: str) -> None:
    assert not is_measured(literal)


CARD = "4111111111111111"


def mask(literal: str) -> str:
    return literal.replace(CARD, "[X]")


def test_numbers_of_a_list_are_asked_for_where_they_stand() -> None:
    source = f"[1,-0.5e-3,[-{CARD},{CARD}],12345,{CARD}.0]"
    assert replace_numbers(source, mask) == '[1,-0.5e-3,["-[X]","[X]"],12345,"[X].0"]'


def test_of_a_long_list_only_long_numbers_are_asked_for() -> None:
    asked: list[str] = []

    def look(literal: str) -> str:
        asked.append(literal)
        return mask(literal)

    short = ",0.12345678901,12345,1e-123456,-99999" * (ALL // 30)
    source = f"[-{CARD},{CARD}{short},123456,1234567.0]"
    assert replace_numbers(source, look) == f'["-[X]","[X]"{short},123456,1234567.0]'
    assert asked == [f"-{CARD}", CARD, "123456", "1234567.0"]
