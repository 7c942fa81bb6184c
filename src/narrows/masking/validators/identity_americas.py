"""Numbers that Canada, Brazil, Mexico, Argentina and Chile give to people and enterprises."""

from typing import Final

from narrows.masking.validators.calendars import is_yymmdd
from narrows.masking.validators.checksums import compact, digits_of, is_uniform, luhn, weighted

CPF_FIRST: Final = (10, 9, 8, 7, 6, 5, 4, 3, 2)
CPF_SECOND: Final = (11, *CPF_FIRST)
CNPJ_FIRST: Final = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
CNPJ_SECOND: Final = (6, *CNPJ_FIRST)
CUIT_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
CURP_VALUES: Final = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
RUT_CHECKS: Final = "0123456789K"


def is_sin(text: str) -> bool:
    """Nine digits, Luhn, that do not begin with 8: Employment and Social Development Canada, SIN code of practice.

    No person's number begins with 0, but examples do (046 454 286), and whoever writes one down means a person's.
    """
    number = digits_of(text)
    return len(number) == 9 and number[0] != "8" and not is_uniform(number) and luhn(number)


def is_cpf(text: str) -> bool:
    """Eleven digits, the last two modulo 11: Receita Federal, IN RFB 2.172/2024."""
    number = digits_of(text)
    if len(number) != 11 or is_uniform(number):
        return False
    first = weighted(number, CPF_FIRST) * 10 % 11 % 10
    second = weighted(number, CPF_SECOND) * 10 % 11 % 10
    return number[9:] == f"{first}{second}"


def is_cnpj(text: str) -> bool:
    """Twelve characters and two check digits modulo 11; since July 2026 letters too, A as 17: IN RFB 2.229/2024."""
    number = compact(text)
    if len(number) != 14 or not number[12:].isdigit() or is_uniform(number):
        return False
    values = [ord(char) - 48 for char in number]
    first = _cnpj_check(values, CNPJ_FIRST)
    second = _cnpj_check(values, CNPJ_SECOND)
    return values[12:] == [first, second]


def _cnpj_check(values: list[int], weights: tuple[int, ...]) -> int:
    rest = sum(value * weight for value, weight in zip(values, weights, strict=False)) % 11
    return 0 if rest < 2 else 11 - rest


def is_curp(text: str) -> bool:
    """Eighteen characters with the date of birth and a check digit modulo 10: RENAPO, instructivo normativo CURP."""
    code = text.upper()
    if len(code) != 18 or not code[17].isdigit() or not code[4:10].isdigit() or not is_yymmdd(code[4:10]):
        return False
    total = sum(CURP_VALUES.find(char) * (18 - at) for at, char in enumerate(code[:17]))
    return (10 - total % 10) % 10 == int(code[17])


def is_cuit(text: str) -> bool:
    """Eleven digits with the kind of taxpayer first, weights 5 4 3 2 7 6 5 4 3 2 modulo 11: AFIP RG 10/97."""
    number = digits_of(text)
    if len(number) != 11 or number[:2] not in ("20", "23", "24", "25", "26", "27", "30", "33", "34"):
        return False
    check = 11 - weighted(number, CUIT_WEIGHTS) % 11
    return check != 10 and check % 11 == int(number[10])


def is_rut(text: str) -> bool:
    """Seven or eight digits and a check character modulo 11, weights 2 to 7 from the right: Chile, DFL 3 of 1969."""
    number = compact(text)
    if len(number) not in (8, 9) or not number[:-1].isdigit() or is_uniform(number[:-1]):
        return False
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(number[:-1])))
    return RUT_CHECKS[-total % 11] == number[-1]
