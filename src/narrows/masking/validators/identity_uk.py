"""Numbers that the authorities of the United Kingdom and Ireland give to people."""

from typing import Final

from narrows.masking.validators.calendars import is_day_and_month
from narrows.masking.validators.checksums import compact, digits_of, is_uniform, weighted

NHS_WEIGHTS: Final = (10, 9, 8, 7, 6, 5, 4, 3, 2)
UTR_WEIGHTS: Final = (6, 7, 8, 9, 10, 5, 4, 3, 2)
UTR_CHECKS: Final = "21987654321"
PPS_CHECKS: Final = "WABCDEFGHIJKLMNOPQRSTUV"
PPS_SECOND: Final = "WABCDEFGHI"

UNUSED_PREFIXES: Final = frozenset(("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"))
"""National insurance prefixes that are never allocated: HMRC manual NIM39110."""


def is_nhs(text: str) -> bool:
    """Ten digits, weights 10 to 2, modulus 11: NHS Data Dictionary, "NHS NUMBER"."""
    number = digits_of(text)
    if len(number) != 10 or is_uniform(number):
        return False
    return (11 - weighted(number, NHS_WEIGHTS) % 11) % 11 == int(number[9])


def is_nino(text: str) -> bool:
    """Two letters of an allocated prefix, six digits and a suffix A to D: HMRC manual NIM39110."""
    number = compact(text)
    return number[:2] not in UNUSED_PREFIXES and not is_uniform(number[2:8])


def is_utr(text: str) -> bool:
    """Ten digits of which the first checks the rest, weights 6 7 8 9 10 5 4 3 2 modulo 11: HMRC, UTR modulus check."""
    number = digits_of(text)
    if len(number) != 10 or is_uniform(number):
        return False
    return UTR_CHECKS[weighted(number[1:], UTR_WEIGHTS) % 11] == number[0]


def is_driving_licence(text: str) -> bool:
    """Sixteen characters with the holder's date of birth in the sixth to eleventh: DVLA, driver number.

    The tens and units of the year enclose month and day; a woman's month is 50 higher.
    """
    number = compact(text)
    digits = number[5:11]
    if len(number) != 16 or not digits.isdigit():
        return False
    month = int(digits[1:3])
    return is_day_and_month(month - 50 if month > 50 else month, int(digits[3:5]))


def is_pps(text: str) -> bool:
    """Ireland: seven digits, a check letter of modulus 23, since 2013 a second letter of weight 9: S.I. 554/2012."""
    number = compact(text)
    if len(number) not in (8, 9) or not number[:7].isdigit():
        return False
    total = weighted(number, (8, 7, 6, 5, 4, 3, 2))
    if len(number) == 9:
        if number[8] not in PPS_SECOND:
            return False
        total += 9 * PPS_SECOND.index(number[8])
    return PPS_CHECKS[total % 23] == number[7]
