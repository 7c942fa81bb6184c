"""Numbers that the authorities of the United States give to people and to those who treat them."""

from typing import Final

from narrows.masking.validators.checksums import digits_of, is_uniform, luhn

ITIN_GROUPS: Final = frozenset((*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)))
"""The fourth and fifth digit of an ITIN: IRS, Internal Revenue Manual 3.21.263."""

DEA_REGISTRANTS: Final = frozenset("ABCDEFGHJKLMPRSTUXabcdefghjklmprstux")


def is_ssn(text: str) -> bool:
    """No area 000, 666 or 900 to 999, no group 00, no serial 0000: SSA, randomization FAQ, 20 CFR 422.103."""
    number = digits_of(text)
    if len(number) != 9 or is_uniform(number):
        return False
    area, group, serial = number[:3], number[3:5], number[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def is_itin(text: str) -> bool:
    """Nine digits that begin with 9 and whose group the IRS has opened: IRM 3.21.263."""
    number = digits_of(text)
    return len(number) == 9 and number[0] == "9" and int(number[3:5]) in ITIN_GROUPS


def is_npi(text: str) -> bool:
    """Ten digits that begin with 1 or 2, Luhn behind the issuer prefix 80840: 45 CFR 162.406, CMS NPI check digit."""
    number = digits_of(text)
    return len(number) == 10 and number[0] in "12" and not is_uniform(number[1:]) and luhn("80840" + number)


def is_dea(text: str) -> bool:
    """Two letters and seven digits; the last ends (d1 + d3 + d5) + 2 (d2 + d4 + d6): DEA, registration number check."""
    number = digits_of(text[2:])
    if len(number) != 7 or text[0] not in DEA_REGISTRANTS or is_uniform(number):
        return False
    odd, even = (sum(map(int, number[start:6:2])) for start in (0, 1))
    return (odd + 2 * even) % 10 == int(number[6])
