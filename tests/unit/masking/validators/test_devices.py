import pytest

from narrows.masking.validators.devices import has_vin_check_digit, is_imei, is_luhn_imei, is_vin_shape
from unit.masking.validators.mistakes import overlooked


@pytest.mark.parametrize("number", ["1M8GDM9AXKP042788", "5GZCZ43D13S812715", "1HGCM82633A004352"])
def test_a_north_american_vin(number: str) -> None:
    assert overlooked(has_vin_check_digit, number) == []
    assert is_vin_shape(number)


def test_a_vin_of_elsewhere_has_the_shape_alone() -> None:
    assert is_vin_shape("WVWZZZ1JZXW000001")
    assert not has_vin_check_digit("WVWZZZ1JZXW000001")


@pytest.mark.parametrize(
    "text", ["1M8GDM9AXKP04278", "IM8GDM9AXKP042788", "12345678901234567", "ABCDEFGHJKLMNPRST", "1" * 17]
)
def test_what_has_not(text: str) -> None:
    assert not is_vin_shape(text)


@pytest.mark.parametrize("number", ["490154203237518", "35-209900-176148-1"])
def test_an_imei(number: str) -> None:
    assert overlooked(is_luhn_imei, number) == []
    assert is_imei(number)


def test_an_imei_of_no_reporting_body() -> None:
    assert is_luhn_imei("650194322375183")
    assert not is_imei("650194322375183")
    assert not is_luhn_imei("000000000000000")
