"""Numbers that Sweden, Finland, Norway, Denmark and Poland give to people. Most hold the date of birth."""

from typing import Final

from narrows.masking.validators.calendars import is_date, is_ddmmyy, is_yymmdd
from narrows.masking.validators.checksums import compact, digits_of, is_uniform, luhn, weighted

HETU_CHECKS: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
FNR_FIRST: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
FNR_SECOND: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
PESEL_WEIGHTS: Final = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
CPR_WEIGHTS: Final = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)


def is_personnummer(text: str) -> bool:
    """Date of birth, serial, Luhn over the last ten digits: Skatteverket SKV 704.

    A coordination number has a day that is 60 higher: SKV 707.
    """
    number = digits_of(text)
    if len(number) == 12 and number[:2] in ("18", "19", "20"):
        number = number[2:]
    if len(number) != 10:
        return False
    day = int(number[4:6])
    born = f"{number[:4]}{day - 60 if day > 60 else day:02}"
    return is_yymmdd(born) and number[6:9] != "000" and luhn(number)


def is_hetu(text: str) -> bool:
    """Date of birth, century sign, serial, one of 31 check characters: DVV, decree 690/2022 on the new signs."""
    number = compact(text)
    if len(number) == 11:
        number = number[:6] + number[7:]
    if len(number) != 10 or not number[:9].isdigit() or not is_ddmmyy(number[:6]):
        return False
    return int(number[6:9]) >= 2 and HETU_CHECKS[int(number[:9]) % 31] == number[9]


def is_fodselsnummer(text: str) -> bool:
    """Date of birth, serial, two check digits modulo 11: Skatteetaten.

    A D number adds 40 to the day, an H number 40 to the month; synthetic people of the test registers 65 or 80.
    """
    number = digits_of(text)
    if len(number) != 11:
        return False
    day, month = int(number[:2]), int(number[2:4])
    day -= 40 if day > 40 else 0
    month -= 80 if month > 80 else 65 if month > 65 else 40 if month > 40 else 0
    if not is_date(int(number[4:6]), month, day):
        return False
    return weighted(number, FNR_FIRST) % 11 == 0 and weighted(number, FNR_SECOND) % 11 == 0


def is_cpr(text: str) -> bool:
    """Date of birth and serial: CPR-kontoret. The check modulo 11 was given up in 2007, so it is not asked for."""
    number = digits_of(text)
    if len(number) != 10:
        return False
    day = int(number[:2])
    return is_ddmmyy(f"{day - 60 if day > 60 else day:02}{number[2:6]}") and number[6:] != "0000"


def is_checked_cpr(text: str) -> bool:
    """The same with the check modulo 11 that most numbers still pass."""
    return is_cpr(text) and weighted(digits_of(text), CPR_WEIGHTS) % 11 == 0


def is_pesel(text: str) -> bool:
    """Date of birth with the century in the month, serial, weights 1 3 7 9 modulo 10: Polish register act, art. 15."""
    number = digits_of(text)
    if len(number) != 11 or is_uniform(number):
        return False
    century, month = divmod(int(number[2:4]), 20)
    year = int(number[:2]) + (1900, 2000, 2100, 2200, 1800)[century]
    return is_date(year, month, int(number[4:6])) and weighted(number, PESEL_WEIGHTS) % 10 == 0
