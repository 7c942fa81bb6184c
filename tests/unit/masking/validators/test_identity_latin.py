import pytest

from narrows.masking.validators.identity_latin import (
    is_fiscal_code,
    is_italian_vat,
    is_nie,
    is_nif,
    is_nir,
    is_portuguese_nif,
)
from unit.masking.validators.mistakes import overlooked


@pytest.mark.parametrize(
    ("check", "number"),
    [(is_nif, "54362315K"), (is_nif, "12345678Z"), (is_nie, "X2482300W"), (is_nie, "Y1234567X"),
     (is_nir, "255081416802538"),
     (is_fiscal_code, "RSSMRA85T10A562S"), (is_fiscal_code, "RCCMNL83S18D969H"), (is_italian_vat, "00743110157")],
)  # fmt: skip
def test_a_wrong_digit_is_caught(check: object, number: str) -> None:
    assert overlooked(check, number) == []  # type: ignore[arg-type]


def test_letters_stand_for_digits_where_two_would_have_the_same_code() -> None:
    assert is_fiscal_code("RSSMRA85T10A56NH")
    assert not is_fiscal_code("RSSMRA85T10A56NS")


def test_a_fiscal_code_holds_a_birthday() -> None:
    assert not is_fiscal_code("RSSMRA85T72A562S")
    assert not is_fiscal_code("RSSMRA85F10A562S")


def test_a_nif_of_a_minor_and_one_of_nobody() -> None:
    assert is_nif("K0867756N")
    assert not is_nif("K0867756T")
    assert not is_nif("00000000T")
    assert not is_nie("W1234567L")


def test_corsica() -> None:
    assert is_nir("1 84 12 2A 451 089 33")
    assert is_nir("184122B45108960")
    assert not is_nir("184122A45108960")
    assert not is_nir("955081416802538")
    assert not is_nir("255131416802538")


def test_a_portuguese_number() -> None:
    assert is_portuguese_nif("501964843")
    assert not is_portuguese_nif("501964842")
    assert not is_portuguese_nif("401964843")
