"""Numbers that name one vehicle or one telephone."""

from typing import Final

from narrows.masking.validators.checksums import digits_of, is_uniform, luhn

VIN_VALUES: Final = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", "012345678912345678123457923456789", strict=True))
"""Transliteration of a VIN's characters: 49 CFR 565.15, table III. I, O and Q are never used."""

VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)

_REPORTING_BODIES: Final = "01 10 30 33 35 44 45 49 50 51 52 53 54 86 87 91 98 99"
REPORTING_BODIES: Final = frozenset(_REPORTING_BODIES.split())
"""The first two digits of the type allocation codes that GSMA's reporting bodies issue."""


def has_vin_check_digit(text: str) -> bool:
    """Seventeen characters whose ninth is the weighted sum of all modulo 11: 49 CFR 565.15 (c), table IV."""
    number = text.upper()
    if not is_vin_shape(number):
        return False
    total = sum(int(VIN_VALUES[char]) * weight for char, weight in zip(number, VIN_WEIGHTS, strict=True))
    return number[8] == "0123456789X"[total % 11]


def is_vin_shape(text: str) -> bool:
    """Seventeen characters by ISO 3779 with letters and digits; outside North America no digit is a check digit."""
    number = text.upper()
    if len(number) != 17 or any(char not in VIN_VALUES for char in number) or is_uniform(number):
        return False
    return any(char.isdigit() for char in number) and any(char.isalpha() for char in number)


def is_imei(text: str) -> bool:
    """Fifteen digits, Luhn, of a reporting body's range: 3GPP TS 23.003 §6.2.1 and GSMA TS.06."""
    number = digits_of(text)
    return number[:2] in REPORTING_BODIES and is_luhn_imei(number)


def is_luhn_imei(text: str) -> bool:
    """The same of any range: for numbers that the text calls an IMEI."""
    number = digits_of(text)
    return len(number) == 15 and not is_uniform(number[:14]) and luhn(number)
