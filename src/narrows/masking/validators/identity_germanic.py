"""Numbers that Germany, the Netherlands, Belgium, Austria and Switzerland give to people."""

from typing import Final

from narrows.masking.validators.calendars import is_ddmmyy
from narrows.masking.validators.checksums import compact, digits_of, is_uniform, mod_11_10, weighted

BSN_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3, 2, -1)
SVNR_WEIGHTS: Final = (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)
EAN_WEIGHTS: Final = (1, 3) * 6 + (1,)
DOCUMENT_WEIGHTS: Final = (7, 3, 1, 7, 3, 1, 7, 3, 1)
KVNR_WEIGHTS: Final = (1, 2) * 5
RVNR_WEIGHTS: Final = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)


def is_german_tax_id(text: str) -> bool:
    """Eleven digits, ISO/IEC 7064 MOD 11,10, of the first ten exactly one digit twice or thrice: § 139b AO, BZSt.

    Since 2016 a digit may stand thrice, but never three in a row.
    """
    number = digits_of(text)
    if len(number) != 11 or number[0] == "0":
        return False
    counts = sorted((number[:10].count(digit) for digit in set(number[:10])), reverse=True)
    if counts[0] not in (2, 3) or (len(counts) > 1 and counts[1] > 1):
        return False
    if counts[0] == 3 and any(number[at] == number[at + 1] == number[at + 2] for at in range(8)):
        return False
    return mod_11_10(number)


def is_german_health_insurance(text: str) -> bool:
    """A letter and nine digits: the letter as two digits, weights 1 and 2, digit sums, modulo 10: § 290 SGB V."""
    number = compact(text)
    if len(number) != 10 or not number[0].isalpha() or not number[1:].isdigit():
        return False
    digits = f"{ord(number[0]) - 64:02}{number[1:9]}"
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(digits, KVNR_WEIGHTS, strict=True))
    return total % 10 == int(number[9])


def is_german_social_security(text: str) -> bool:
    """Area, date of birth, initial, serial, check digit: § 147 SGB VI and VKVV § 2.

    The letter counts as its two-digit place in the alphabet; digit sums of the weighted digits, modulo 10.
    """
    number = compact(text)
    if len(number) != 12 or not number[8].isalpha() or not (number[:8] + number[9:]).isdigit():
        return False
    day = int(number[2:4])
    born = f"{day - 50 if day > 50 else day:02}{number[4:8]}"
    if number[4:6] != "00" and not is_ddmmyy(born):
        return False
    digits = f"{number[:8]}{ord(number[8]) - 64:02}{number[9:11]}"
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(digits, RVNR_WEIGHTS, strict=True))
    return total % 10 == int(number[11])


def is_travel_document(text: str) -> bool:
    """Nine characters and a check digit, weights 7 3 1: ICAO Doc 9303 part 3, §4.9, on identity cards and passports."""
    number = compact(text)
    if len(number) != 10 or not number[9].isdigit():
        return False
    total = sum(int(char, 36) * weight for char, weight in zip(number, DOCUMENT_WEIGHTS, strict=False))
    return total % 10 == int(number[9])


def is_bsn(text: str) -> bool:
    """Nine digits, the "elfproef": weights 9 to 2 and -1 sum to a multiple of 11: Wet algemene bepalingen BSN."""
    number = digits_of(text)
    return len(number) == 9 and not is_uniform(number) and weighted(number, BSN_WEIGHTS) % 11 == 0


def is_belgian_national_number(text: str) -> bool:
    """Date of birth, serial, 97 minus the remainder by 97; a 2 before it for those born since 2000: arrêté of 3.4.1984.

    Months count 20 or 40 more in the numbers of those who are not residents (bis numbers).
    """
    number = digits_of(text)
    if len(number) != 11 or is_uniform(number):
        return False
    month, day = int(number[2:4]) % 20, int(number[4:6])
    if int(number[2:4]) > 52 or month > 12 or day > 31:
        return False
    check = int(number[9:])
    return check in (97 - int(number[:9]) % 97, 97 - int("2" + number[:9]) % 97)


def is_austrian_social_security(text: str) -> bool:
    """A serial, a check digit and the date of birth; weights 3 7 9 5 8 4 2 1 6 modulo 11: ASVG § 460d."""
    number = digits_of(text)
    if len(number) != 10 or number[0] == "0" or not 1 <= int(number[4:6]) <= 31 or not 1 <= int(number[6:8]) <= 15:
        return False
    return weighted(number, SVNR_WEIGHTS) % 11 == int(number[3])


def is_swiss_ahv(text: str) -> bool:
    """Thirteen digits that begin with 756 and end in the check digit of EAN-13: AHVV Art. 133."""
    number = digits_of(text)
    return len(number) == 13 and number.startswith("756") and weighted(number, EAN_WEIGHTS) % 10 == 0
