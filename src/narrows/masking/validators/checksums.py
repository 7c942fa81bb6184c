"""The check-digit algorithms that identifiers share. They read strings of ASCII digits and know no identifier.

All are linear in the length of the number, and all are false for the empty string.
"""

from collections.abc import Sequence
from itertools import cycle
from typing import Final

LUHN_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
"""A digit times two, its two digits added, as a table of `bytes.translate`."""

_ONLY_DIGITS: Final = bytes(code if 48 <= code <= 57 else 32 for code in range(256))
"""What is no digit becomes a space."""

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


_VERHOEFF_STEPS: Final = tuple(
    tuple(bytes(48) + bytes(product[place[digit]] for digit in range(10)) for product in VERHOEFF_PRODUCT)
    for place in VERHOEFF_PLACE
)
"""By place and check so far: the next check, by the code of the digit."""


def digits_of(text: str) -> str:
    """The ASCII digits of a text, in order, without whatever separates them."""
    return digit_bytes(text).decode("ascii")


def digit_bytes(text: str) -> bytes:
    """The same as bytes, for those that are asked most."""
    # To split at what is none takes half of the time of deleting it.
    return b"".join(text.encode("ascii", "ignore").translate(_ONLY_DIGITS).split())


def compact(text: str) -> str:
    """The ASCII letters and digits of a text in upper case, without whatever separates them."""
    return "".join([char for char in text if char.isascii() and char.isalnum()]).upper()


def is_uniform(number: str | bytes) -> bool:
    """Whether one character repeats throughout: `000000000` passes most checksums and is nobody's number."""
    return number == number[:1] * len(number)


def luhn(number: str | bytes) -> bool:
    """The Luhn formula, ISO/IEC 7812-1 annex B: it catches any one wrong digit."""
    if not number:
        return False
    digits = number.encode("ascii") if isinstance(number, str) else number
    # Validators are most of what a page of numbers costs: sums of bytes take a fifth of the time of a loop.
    total = sum(digits[-1::-2] + digits[-2::-2].translate(LUHN_DOUBLED))
    return (total - ord("0") * len(digits)) % 10 == 0


def verhoeff(number: str) -> bool:
    """Verhoeff's scheme (1969): it catches any one wrong digit and any two neighbours swapped."""
    if not number:
        return False
    check = 0
    for steps, code in zip(cycle(_VERHOEFF_STEPS), number.encode("ascii")[::-1], strict=False):
        check = steps[check][code]
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
