import pytest

from narrows.masking.validators.phones import (
    is_area_phone,
    is_grouped_phone,
    is_international_phone,
    is_national_phone,
    is_trunk_phone,
)


@pytest.mark.parametrize(
    "text",
    ["+44 20 7946 0958", "+1-903-140-4508x769", "+46 (0)8 928 571 38", "0048 22 345 67 89", "011 44 20 7946 0958"],
)
def test_an_international_number(text: str) -> None:
    assert is_international_phone(text)


@pytest.mark.parametrize(
    "text",
    [
        "+999 1234 5678",
        "+44 123",
        "+1234567890123456",
        "+11111111111",
        "+1.12345679",
        "+44 20 7946 0958 2",
        "+1 212 555 0199 2024",
    ],
)
def test_what_is_no_international_number(text: str) -> None:
    assert not is_international_phone(text)


@pytest.mark.parametrize("text", ["467 3395", "540392", "(212) 555-0199 x12", "71-33-52-22", "01.84.17.61.18"])
def test_a_national_number(text: str) -> None:
    assert is_national_phone(text)


@pytest.mark.parametrize(
    "text",
    [
        "12345",
        "2020-2021",
        "2023-04-05",
        "5.4.2023",
        "04/05/2023",
        "1111111",
        "192.168.1.100",
        "123456.78",
        "1.234.567",
    ],
)
def test_what_is_none(text: str) -> None:
    assert not is_national_phone(text)


def test_an_area_is_no_year() -> None:
    assert is_area_phone("(08) 8747 6301")
    assert not is_area_phone("(1998) 345-367")
    assert not is_area_phone("(12) 34-56")


def test_a_trunk_number_has_one_zero_and_nine_digits() -> None:
    assert is_trunk_phone("020 7946 0958")
    assert not is_trunk_phone("00 7946 09587")
    assert not is_trunk_phone("0123 45")


def test_digits_in_one_piece_are_a_number_at_its_usual_lengths() -> None:
    assert is_grouped_phone("450 0840")
    assert is_grouped_phone("5403926876")
    assert not is_grouped_phone("1234567")
