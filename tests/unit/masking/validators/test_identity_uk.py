import pytest

from narrows.masking.validators.identity_uk import is_driving_licence, is_nhs, is_nino, is_pps, is_utr
from unit.masking.validators.mistakes import neighbours_swapped, overlooked


@pytest.mark.parametrize("number", ["9434765919", "401 023 2137"])
def test_an_nhs_number_catches_wrong_and_swapped_digits(number: str) -> None:
    assert overlooked(is_nhs, number) == []
    assert not any(is_nhs(swapped) for swapped in neighbours_swapped(number))


def test_a_number_whose_check_digit_would_be_ten_is_none() -> None:
    assert not any(is_nhs(f"943476503{digit}") for digit in "0123456789")


@pytest.mark.parametrize(
    ("number", "valid"), [("AB123456C", True), ("qq 12 34 56 c", True), ("BG123456C", False), ("AB000000C", False)]
)
def test_a_national_insurance_number(number: str, *, valid: bool) -> None:
    assert is_nino(number) is valid


def test_a_taxpayer_reference() -> None:
    assert is_utr("1955839661")
    assert not is_utr("2955839661")
    assert not is_utr("0000000000")


@pytest.mark.parametrize(
    ("number", "valid"),
    [("MORGA657054SM9IJ", True), ("MORGA607054SM9IJ", True), ("MORGA697054SM9IJ", False), ("MORGA652994SM9IJ", False),
     ("MORGA", False)],
)  # fmt: skip
def test_a_driver_number_holds_a_birthday(number: str, *, valid: bool) -> None:
    assert is_driving_licence(number) is valid


@pytest.mark.parametrize("number", ["1234567FA", "6433435F", "6433435FW"])
def test_a_personal_public_service_number(number: str) -> None:
    assert overlooked(is_pps, number) == []


def test_a_second_letter_that_is_not_in_use() -> None:
    assert not is_pps("6433435FZ")
    assert not is_pps("643343F")
