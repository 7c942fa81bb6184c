"""Which numbers are looked at."""

import pytest

from narrows.masking.numbers import is_measured, replace_long


@pytest.mark.parametrize("literal", ["0.4111111111111111", "-12345.67890", "1.5e-07", "3e-9", "0.123456e10"])
def test_what_is_measured_has_its_digits_behind_the_point(literal: str) -> None:
    assert is_measured(literal)


@pytest.mark.parametrize(
    "literal", ["4111111111111111", "123456789.0", "123456.789012", "0.5", "42", "-1", "1e400", "true"]
)
def test_everything_else_may_be_something(literal: str) -> None:
    assert not is_measured(literal)


def test_of_a_long_list_only_long_numbers_are_asked_for() -> None:
    asked: list[str] = []

    def mask(literal: str) -> str | None:
        asked.append(literal)
        return "[X]" if literal == "4111111111111111" else None

    source = "[1,0.12345678901,[-4111111111111111,4111111111111111],12345,123456,1234567.0,-0.0000001e123456,null]"
    masked = source.replace(",4111111111111111]", ',"[X]"]')
    assert replace_long(source, mask) == masked
    assert asked == ["-4111111111111111", "4111111111111111", "123456", "1234567.0"]
