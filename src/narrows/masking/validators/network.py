"""Addresses of networks and names of hosts. Pure syntax: nothing is looked up."""

from ipaddress import AddressValueError, IPv6Address
from typing import Final

from narrows.masking.validators.checksums import compact

UNSPACED: Final = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0xFF00, 0xFFEF),
    (0x20000, 0x3FFFF),
)
"""Blocks of the scripts in which a word may directly follow another: Thai, Lao, Burmese, Khmer, Han, kana, Hangul."""

MOST_LOCAL: Final = 64
MOST_LABEL: Final = 63


def is_ipv6(text: str) -> bool:
    """An address by RFC 4291 §2.2 that is neither a piece of a program nor `::1`, which is nobody's.

    `::` is an operator, `a::b` a name in C++, `x[0::2]` a slice in Python: a short address has a digit, and a group of
    three.
    """
    address, _, _ = text.partition("%")
    groups = address.split(":")
    if len(groups) < 6 and (max(map(len, groups)) < 3 or not any(char.isdigit() for char in address)):
        return False
    try:
        IPv6Address(address)
    except AddressValueError:
        return False
    return True


def is_mac(text: str) -> bool:
    """Six octets of IEEE 802, which are neither all zero nor the broadcast address: those are nobody's.

    With dots there is a letter among them, or they are a version or a table's key.
    """
    octets = compact(text)
    if "." in text and octets.isdigit():
        return False
    return len(octets) == 12 and octets not in ("0" * 12, "F" * 12)


def is_international_address(text: str) -> bool:
    """An address with letters beyond ASCII in either part: RFC 6531, and RFC 5890 for the host.

    Text of a script that sets no spaces is taken for the sentence before the address, unless the whole local part is
    of it. The top level is of letters; those of Cyrillic and Greek that look Latin have been folded to Latin ones.
    """
    local, _, host = text.rpartition("@")
    labels = host.split(".")
    if (
        text.isascii()
        or not 0 < len(local) <= MOST_LOCAL
        or local.startswith((".", "'"))
        or local.endswith(".")
        or ".." in local
    ):
        return False
    if len(labels) < 2 or any(not _is_label(label) for label in labels):
        return False
    top = labels[-1]
    unspaced = [_is_unspaced(char) for char in local]
    return (top.isascii() or all(map(str.isalpha, top))) and (not any(unspaced) or all(unspaced))


def _is_label(label: str) -> bool:
    """Letters, digits and inner hyphens, and not a label with a sentence of an unspaced script grown onto it."""
    if not 0 < len(label) <= MOST_LABEL or label.startswith("-") or label.endswith("-"):
        return False
    if not all(char.isalnum() or char == "-" or not char.isascii() for char in label):
        return False
    unspaced = [_is_unspaced(char) for char in label if char.isalpha()]
    return not any(unspaced) or all(unspaced)


def _is_unspaced(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in UNSPACED)


def is_spaced_script(text: str) -> bool:
    """Whether a text goes beyond ASCII, and only into scripts that set spaces between words."""
    return not text.isascii() and not any(_is_unspaced(char) for char in text)
