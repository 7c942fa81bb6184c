import pytest

from narrows.masking.validators.identity_americas import is_cnpj, is_cpf, is_cuit, is_curp, is_rut, is_sin
from unit.masking.validators.mistakes import overlooked


@pytest.mark.parametrize(
    ("check", "number"),
    [(is_sin, "130 692 544"), (is_sin, "046454286"), (is_cuit, "20-05536168-2"), (is_rut, "12.531.909-2"),
     (is_rut, "12.345.678-5")],
)  # fmt: skip
def test_a_wrong_digit_is_caught(check: object, number: str) -> None:
    assert overlooked(check, number) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "number"), [(is_cpf, "390.533.447-05"), (is_cpf, "529.982.247-25"), (is_cnpj, "16.727.230/0001-97")]
)
def test_only_one_pair_of_check_digits_fits(check: object, number: str) -> None:
    pairs = [f"{pair:02}" for pair in range(100) if check(f"{number[:-2]}{pair:02}")]  # type: ignore[operator]
    assert pairs == [number[-2:]]


def test_no_person_has_a_number_of_one_digit() -> None:
    assert not is_cpf("111.111.111-11")
    assert not is_cnpj("00.000.000/0000-00")
    assert not is_sin("000 000 000")


def test_a_cnpj_with_letters() -> None:
    assert is_cnpj("12.ABC.345/01DE-35")
    assert is_cnpj("12abc34501de35")
    assert not is_cnpj("12.ABD.345/01DE-35")


def test_a_check_character_that_is_a_letter() -> None:
    assert is_rut("10.000.013-K")
    assert not is_rut("10.000.013-0")


def test_a_curp_holds_a_birthday() -> None:
    assert is_curp("BOXW310820HNERXN09")
    assert is_curp("hegg560427mvzrrl04")
    assert not is_curp("BOXW310820HNERXN08")
    assert not is_curp("BOXW311320HNERXN09")
