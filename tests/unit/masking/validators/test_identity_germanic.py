import pytest

from narrows.masking.validators.identity_germanic import (
    is_austrian_social_security,
    is_belgian_national_number,
    is_bsn,
    is_german_health_insurance,
    is_german_social_security,
    is_german_tax_id,
    is_swiss_ahv,
    is_travel_document,
)
from unit.masking.validators.mistakes import overlooked


@pytest.mark.parametrize("number", ["36574261809", "86095742719", "47036892816", "65929970489"])
def test_a_german_tax_number(number: str) -> None:
    assert overlooked(is_german_tax_id, number) == []


@pytest.mark.parametrize("number", ["06574261809", "12345678903", "11123456786", "3657426180"])
def test_digits_are_repeated_in_it_as_the_rule_says(number: str) -> None:
    assert not is_german_tax_id(number)


def test_numbers_of_the_german_insurances() -> None:
    assert overlooked(is_german_health_insurance, "A123456780") == []
    assert is_german_social_security("15070649C103")
    assert is_german_social_security("65180539W001")
    assert not is_german_social_security("15070649C104")
    assert not is_german_social_security("15321349C103")


def test_a_travel_document() -> None:
    assert is_travel_document("T220001293")
    assert is_travel_document("L01X00T471")
    assert overlooked(is_travel_document, "T220001293") == []


@pytest.mark.parametrize(
    ("check", "number"),
    [(is_bsn, "111222333"), (is_bsn, "123456782"), (is_swiss_ahv, "756.9217.0769.85"),
     (is_austrian_social_security, "1237010180")],
)  # fmt: skip
def test_a_wrong_digit_is_caught(check: object, number: str) -> None:
    assert overlooked(check, number) == []  # type: ignore[arg-type]


def test_a_belgian_number_of_either_century() -> None:
    assert is_belgian_national_number("85.07.30-033 28")
    assert is_belgian_national_number("17073003384")
    assert not is_belgian_national_number("85073003329")
    assert not is_belgian_national_number("85173003328")
