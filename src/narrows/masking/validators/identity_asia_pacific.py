"""Numbers that Australia, New Zealand, India, Singapore, Korea, Japan, Thailand, China, Turkey, Israel and South Africa
give to people and enterprises."""

from typing import Final

from narrows.masking.validators.calendars import is_date, is_yymmdd
from narrows.masking.validators.checksums import compact, digits_of, is_uniform, luhn, verhoeff, weighted

TFN_WEIGHTS: Final = (1, 4, 3, 7, 5, 8, 6, 9, 10)
TFN_SHORT_WEIGHTS: Final = (10, 7, 8, 4, 6, 3, 5, 1)
ABN_WEIGHTS: Final = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
ACN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 1)
MEDICARE_WEIGHTS: Final = (1, 3, 7, 9, 1, 3, 7, 9)
NRIC_WEIGHTS: Final = (2, 7, 6, 5, 4, 3, 2)
NRIC_OFFSETS: Final = {"S": 0, "T": 4, "F": 0, "G": 4, "M": 3}
NRIC_CHECKS: Final = {
    "S": "JZIHGFEDCBA",
    "T": "JZIHGFEDCBA",
    "F": "XWUTRQPNMLK",
    "G": "XWUTRQPNMLK",
    "M": "XWUTRQPNJLK",
}
RRN_WEIGHTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
TNIN_WEIGHTS: Final = (13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
MY_NUMBER_WEIGHTS: Final = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
RESIDENT_CHECKS: Final = "10X98765432"
IRD_FIRST: Final = (3, 2, 7, 6, 5, 4, 3, 2)
IRD_SECOND: Final = (7, 4, 3, 2, 5, 2, 7, 6)
PAN_HOLDERS: Final = frozenset("ABCFGHJLPTK")


def is_tfn(text: str) -> bool:
    """Nine digits (eight of the old numbers), weighted sum a multiple of 11: ATO, TFN algorithm."""
    number = digits_of(text)
    if is_uniform(number):
        return False
    if len(number) == 8:
        return weighted(number, TFN_SHORT_WEIGHTS) % 11 == 0
    return len(number) == 9 and weighted(number, TFN_WEIGHTS) % 11 == 0


def is_abn(text: str) -> bool:
    """Eleven digits, the first less one, weighted sum a multiple of 89: Australian Business Register, ABN format."""
    number = digits_of(text)
    if len(number) != 11 or number[0] == "0":
        return False
    return (weighted(number, ABN_WEIGHTS) - ABN_WEIGHTS[0]) % 89 == 0


def is_acn(text: str) -> bool:
    """Nine digits, weights 8 to 1, complement modulo 10: ASIC, ACN check digit (Corporations Regulations)."""
    number = digits_of(text)
    if len(number) != 9 or is_uniform(number):
        return False
    return -weighted(number, ACN_WEIGHTS) % 10 == int(number[8])


def is_australian_medicare(text: str) -> bool:
    """Begins with 2 to 6, the ninth digit is a weighted sum modulo 10, the tenth counts issues: Services Australia."""
    number = digits_of(text)
    if len(number) not in (10, 11) or number[0] not in "23456" or number[9] == "0":
        return False
    return weighted(number, MEDICARE_WEIGHTS) % 10 == int(number[8])


def is_ird(text: str) -> bool:
    """New Zealand: a number of 10 to 150 million, two rounds of modulus 11: Inland Revenue, IRD number validation."""
    number = digits_of(text).zfill(9)
    if len(number) != 9 or not 10_000_000 < int(number) < 150_000_000 or is_uniform(number[1:]):
        return False
    check = -weighted(number, IRD_FIRST) % 11
    if check == 10:
        check = -weighted(number, IRD_SECOND) % 11
    return check == int(number[8])


def is_aadhaar(text: str) -> bool:
    """Twelve digits that begin with 2 to 9, Verhoeff, and no palindrome: UIDAI, Aadhaar number specification."""
    number = digits_of(text)
    return len(number) == 12 and number[0] not in "01" and verhoeff(number) and number != number[::-1]


def is_pan(text: str) -> bool:
    """The fourth letter is the kind of holder and the serial is not 0000: Income Tax Department, PAN structure."""
    number = text.upper()
    return len(number) == 10 and number[3] in PAN_HOLDERS and number[5:9] != "0000"


def is_nric(text: str) -> bool:
    """A letter for the kind and century, seven digits, a check letter modulo 11: ICA; M since 2022."""
    number = text.upper()
    if len(number) != 9 or number[0] not in NRIC_CHECKS or not number[1:8].isdigit():
        return False
    total = weighted(number[1:8], NRIC_WEIGHTS) + NRIC_OFFSETS[number[0]]
    return NRIC_CHECKS[number[0]][total % 11] == number[8]


def is_rrn(text: str) -> bool:
    """Date of birth and a digit for sex and century: Resident Registration Act, enforcement rule art. 2.

    Numbers given since October 2020 have no check digit.
    """
    number = digits_of(text)
    return len(number) == 13 and is_yymmdd(number[:6])


def is_checked_rrn(text: str) -> bool:
    """The same with the check digit modulo 11 of the numbers given before; 13 for a foreigner's."""
    number = digits_of(text)
    if not is_rrn(text):
        return False
    total = weighted(number, RRN_WEIGHTS)
    base = 13 if number[6] in "5678" else 11
    return (base - total % 11) % 10 == int(number[12])


def is_thai_id(text: str) -> bool:
    """Thirteen digits, weights 13 to 2, modulus 11: Department of Provincial Administration."""
    number = digits_of(text)
    if len(number) != 13 or number[0] in "09":
        return False
    return (11 - weighted(number, TNIN_WEIGHTS) % 11) % 10 == int(number[12])


def is_tckn(text: str) -> bool:
    """Eleven digits with two checks over odd and even places modulo 10: Turkish law 5490, population office."""
    number = digits_of(text)
    if len(number) != 11 or number[0] == "0":
        return False
    values = [int(digit) for digit in number]
    tenth = (7 * sum(values[0:9:2]) - sum(values[1:8:2])) % 10
    return values[9] == tenth and values[10] == sum(values[:10]) % 10


def is_south_african_id(text: str) -> bool:
    """Date of birth, serial, citizenship 0 to 2, Luhn: Department of Home Affairs, Identification Act 68 of 1997."""
    number = digits_of(text)
    return len(number) == 13 and is_yymmdd(number[:6]) and number[10] in "012" and luhn(number)


def is_my_number(text: str) -> bool:
    """Japan: twelve digits, weights 6 5 4 3 2 7 6 5 4 3 2, modulus 11: ministerial ordinance 85 of 2014, art. 5."""
    number = digits_of(text)
    if len(number) != 12 or is_uniform(number):
        return False
    rest = weighted(number, MY_NUMBER_WEIGHTS) % 11
    return int(number[11]) == (0 if rest <= 1 else 11 - rest)


def is_chinese_resident_id(text: str) -> bool:
    """Region, date of birth, serial and a check character, ISO/IEC 7064 MOD 11-2: GB 11643-1999."""
    number = compact(text)
    if len(number) != 18 or not number[:17].isdigit() or number[0] == "0":
        return False
    if not 1880 <= int(number[6:10]) <= 2039 or not is_date(int(number[6:10]), int(number[10:12]), int(number[12:14])):
        return False
    return RESIDENT_CHECKS[weighted(number, RESIDENT_WEIGHTS) % 11] == number[17]


def is_israeli_id(text: str) -> bool:
    """Nine digits, Luhn: Population and Immigration Authority."""
    number = digits_of(text)
    return len(number) == 9 and not is_uniform(number) and luhn(number)
