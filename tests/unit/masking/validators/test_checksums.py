import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking.validators.checksums import (
    compact,
    digits_of,
    is_uniform,
    luhn,
    mod_11_10,
    mod_97_10,
    verhoeff,
    weighted,
)
from unit.masking.validators.mistakes import neighbours_swapped, overlooked

DIGITS = st.text("0123456789", min_size=1, max_size=40)


def _completed(check: object, body: str) -> list[str]:
    return [body + digit for digit in "0123456789" if check(body + digit)]  # type: ignore[operator]


@given(DIGITS)
def test_luhn_has_one_check_digit_and_catches_each_wrong_digit(body: str) -> None:
    (number,) = _completed(luhn, body)
    assert overlooked(luhn, number) == []


@given(DIGITS)
def test_verhoeff_has_one_check_digit_and_catches_wrong_and_swapped_digits(body: str) -> None:
    (number,) = _completed(verhoeff, body)
    assert overlooked(verhoeff, number) == []
    assert [swapped for swapped in neighbours_swapped(number) if verhoeff(swapped)] == []


@given(DIGITS)
def test_mod_11_10_has_one_check_digit_and_catches_each_wrong_digit(body: str) -> None:
    (number,) = _completed(mod_11_10, body)
    assert overlooked(mod_11_10, number) == []


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=30))
def test_mod_97_10_catches_each_wrong_digit(body: str) -> None:
    check = 98 - int("".join(str(int(char, 36)) for char in body) + "00") % 97
    assert overlooked(mod_97_10, f"{body}{check:02}") == []


@pytest.mark.parametrize("check", [luhn, verhoeff, mod_97_10, mod_11_10])
def test_nothing_is_no_number(check: object) -> None:
    assert check("") is False  # type: ignore[operator]


def test_known_numbers_pass() -> None:
    assert luhn("79927398713")
    assert verhoeff("2363")
    assert mod_97_10("3214282912345698765432161182")
    assert mod_11_10("07945")


def test_separators_are_forgiven_and_letters_kept_where_they_count() -> None:
    assert digits_of("12 34-5a") == "12345"
    assert compact("gb82 West-1") == "GB82WEST1"
    assert digits_of("١٢") == compact("é") == ""


def test_one_character_throughout_is_uniform() -> None:
    assert is_uniform("")
    assert is_uniform("0000")
    assert not is_uniform("0001")


def test_digits_without_a_weight_do_not_count() -> None:
    assert weighted("123", (1, 10)) == 21


@given(st.text(st.one_of(st.sampled_from("0123456789 -."), st.characters())))
def test_digits_are_those_of_ascii(text: str) -> None:
    assert digits_of(text) == "".join(char for char in text if char in "0123456789")
