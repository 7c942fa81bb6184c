"""Numbers that Spain, Italy, France and Portugal give to people."""

from typing import Final

from narrows.masking.validators.calendars import is_day_and_month
from narrows.masking.validators.checksums import compact, digits_of, is_uniform, luhn

NIF_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
NIE_PREFIXES: Final = "XYZ"

FISCAL_MONTHS: Final = "ABCDEHLMPRST"
FISCAL_DIGITS: Final = dict(zip("LMNPQRSTUV", "0123456789", strict=True))
"""Letters that stand for digits where two people would have the same code (omocodia)."""

FISCAL_NUMERIC: Final = (6, 7, 9, 10, 12, 13, 14)
FISCAL_FIRST: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
FISCAL_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (*FISCAL_FIRST, *FISCAL_FIRST, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)


def is_nif(text: str) -> bool:
    """Eight digits and a letter by modulus 23: Real Decreto 1553/2005; K, L, M before seven digits: RD 1065/2007."""
    number = compact(text)
    if len(number) != 9 or not number[1:8].isdigit():
        return False
    if number[0] in "KLM":
        return NIF_LETTERS[int(number[1:8]) % 23] == number[8]
    return number[0].isdigit() and not is_uniform(number[:8]) and NIF_LETTERS[int(number[:8]) % 23] == number[8]


def is_nie(text: str) -> bool:
    """X, Y or Z in place of 0, 1 or 2, seven digits and the letter of a NIF: Real Decreto 557/2011, art. 206."""
    number = compact(text)
    if len(number) != 9 or number[0] not in NIE_PREFIXES or not number[1:8].isdigit():
        return False
    return NIF_LETTERS[int(f"{NIE_PREFIXES.index(number[0])}{number[1:8]}") % 23] == number[8]


def is_fiscal_code(text: str) -> bool:
    """Sixteen characters with date of birth, municipality and a check letter: Decreto 23.12.1976 n. 13813."""
    code = compact(text)
    if len(code) != 16 or code[8] not in FISCAL_MONTHS:
        return False
    plain = "".join([FISCAL_DIGITS.get(char, char) if at in FISCAL_NUMERIC else char for at, char in enumerate(code)])
    day = plain[9:11]
    if not all(plain[at].isdigit() for at in FISCAL_NUMERIC):
        return False
    month = FISCAL_MONTHS.index(code[8]) + 1
    if not is_day_and_month(month, int(day) - 40 if int(day) > 40 else int(day)):
        return False
    total = sum(
        FISCAL_ODD[char] if at % 2 == 0 else int(char) if char.isdigit() else ord(char) - 65
        for at, char in enumerate(code[:15])
    )
    return chr(65 + total % 26) == code[15]


def is_italian_vat(text: str) -> bool:
    """Eleven digits, Luhn, of a provincial office: D.P.R. 633/1972 art. 35 (partita IVA)."""
    number = digits_of(text)
    office = int(number[7:10] or 0)
    return len(number) == 11 and (1 <= office <= 100 or office in (120, 121, 888, 999)) and luhn(number)


def is_nir(text: str) -> bool:
    """Sex, year, month, department, municipality, serial, and 97 minus the remainder by 97: INSEE, décret 82-103.

    The departments of Corsica are 2A and 2B, which count as 19 and 18; month 20 and more stands for an unknown one.
    """
    number = compact(text)
    if len(number) != 15 or number[0] not in "1234578":
        return False
    month = number[3:5]
    plain = number[:5] + {"2A": "19", "2B": "18"}.get(number[5:7], number[5:7]) + number[7:]
    if not plain.isdigit() or not (1 <= int(month) <= 12 or 20 <= int(month) <= 42 or 50 <= int(month) <= 99):
        return False
    return 97 - int(plain[:13]) % 97 == int(plain[13:])


def is_portuguese_nif(text: str) -> bool:
    """Nine digits, weights 9 to 2, modulus 11: Decreto-Lei 14/2013."""
    number = digits_of(text)
    if len(number) != 9 or number[0] not in "12356789" or is_uniform(number):
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(number, range(9, 1, -1), strict=False)) % 11
    return int(number[8]) == (0 if check > 9 else check)
