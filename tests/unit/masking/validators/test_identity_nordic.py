import pytest

from narrows.masking.validators.identity_nordic import (
    is_checked_cpr,
    is_cpr,
    is_fodselsnummer,
    is_hetu,
    is_personnummer,
    is_pesel,
)
from unit.masking.validators.mistakes import overlooked


@pytest.mark.parametrize(
    ("check", "number"),
    [(is_personnummer, "811228-9874"), (is_personnummer, "670919-9530"), (is_hetu, "131052-308T"),
     (is_fodselsnummer, "15108695088"), (is_pesel, "44051401359"), (is_pesel, "02070803628"),
     (is_checked_cpr, "211062-5629")],
)  # fmt: skip
def test_a_wrong_digit_is_caught(check: object, number: str) -> None:
    assert overlooked(check, number) == []  # type: ignore[arg-type]


def test_a_swedish_number_with_its_century_and_one_of_a_coordination() -> None:
    assert is_personnummer("19670919-9530")
    assert not is_personnummer("17670919-9530")
    assert is_personnummer("701063-2391")
    assert not is_personnummer("701032-2391")


def test_a_finnish_number_with_a_new_sign() -> None:
    assert is_hetu("131052A308T")
    assert not is_hetu("131052-001T")
    assert not is_hetu("321052-308T")


def test_a_danish_number_needs_no_check_since_2007() -> None:
    assert is_cpr("010107-1234")
    assert not is_checked_cpr("010107-1234")
    assert not is_cpr("320107-1234")


def test_the_month_of_a_pesel_holds_the_century() -> None:
    assert not is_pesel("44131401359")
    assert not is_pesel("00000000000")
