import pytest

from narrows.masking.validators.identity_us import is_dea, is_itin, is_npi, is_ssn
from unit.masking.validators.mistakes import overlooked


@pytest.mark.parametrize("number", ["054-28-6917", "899-99-9999", "001010001"])
def test_a_social_security_number(number: str) -> None:
    assert is_ssn(number)


@pytest.mark.parametrize(
    "number", ["000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "111-11-1111", "12345678"]
)
def test_what_was_never_given_out(number: str) -> None:
    assert not is_ssn(number)


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("912-70-1234", True),
        ("912-65-1234", True),
        ("912-66-1234", False),
        ("912-93-1234", False),
        ("812-70-1234", False),
    ],
)
def test_an_individual_taxpayer_number(number: str, *, valid: bool) -> None:
    assert is_itin(number) is valid


@pytest.mark.parametrize("number", ["1234567893", "1245319599"])
def test_a_provider(number: str) -> None:
    assert overlooked(is_npi, number) == []
    assert not is_npi("3" + number[1:])


def test_a_registration_of_the_dea() -> None:
    assert is_dea("AB1234563")
    assert is_dea("F91234563")
    assert [digit for digit in "0123456789" if is_dea(f"BB138856{digit}")] == ["8"]
    assert not is_dea("QB1234563")
    assert not is_dea("AB0000000")
