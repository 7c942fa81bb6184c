"""The check-digit algorithms that identifiers share. They read strings of ASCII digits and know no identifier.

All are linear in the length of the number, and all are false for the empty string.
"""

from collections.abc import Sequence
from typing import Final

LUHN_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""A digit times two, its two digits added."""

VERHOEFF_PRODUCT: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
"""Multiplication in the dihedral group D5."""

VERHOEFF_PLACE: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
"""The permutation of a digit at each place, counted from the right, which repeats every eight places."""


def digits_of(text: str) -> str:
    """The ASCII digits of a text, in order, without whatever separates them."""
    return "".join([char for char in text if "0" <= char <= "9"])


def compact(text: str) -> str:
    """The ASCII letters and digits of a text in upper case, without whatever separates them."""
    return "".join([char for char in text if char.isascii() and char.isalnum()]).upper()


def is_uniform(number: str) -> bool:
    """Whether one character repeats throughout: `000000000` passes most checksums and is nobody's number."""
    return len(set(number)) <= 1


def luhn(number: str) -> bool:
    """The Luhn formula, ISO/IEC 7812-1 annex B: it catches any one wrong digit."""
    if not number:
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        total += LUHN_DOUBLED[int(digit)] if place % 2 else int(digit)
    return total % 10 == 0


def verhoeff(number: str) -> bool:
    """Verhoeff's scheme (1969): it catches any one wrong digit and any two neighbours swapped."""
    if not number:
        return False
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = VERHOEFF_PRODUCT[check][VERHOEFF_PLACE[place % 8][int(digit)]]
    return check == 0


def mod_97_10(text: str) -> bool:
    """ISO/IEC 7064 MOD 97-10 over digits and upper-case letters, A as 10 to Z as 35."""
    remainder = 0
    for char in text:
        value = int(char, 36)
        remainder = (remainder * (100 if value > 9 else 10) + value) % 97
    return bool(text) and remainder == 1


def mod_11_10(number: str) -> bool:
    """ISO/IEC 7064 MOD 11,10: a hybrid system with one check digit, which is the last."""
    if not number:
        return False
    product = 10
    for digit in number[:-1]:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return (product + int(number[-1])) % 10 == 1


def weighted(number: str, weights: Sequence[int]) -> int:
    """The sum of the digits, each times its weight; digits without a weight do not count."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))
