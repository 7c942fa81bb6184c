"""Checksums that issuers build into their tokens. Each function reads a whole candidate and is linear in it."""

import zlib
from hashlib import sha256
from typing import Final

BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE58_VALUE: Final = {char: value for value, char in enumerate(BASE58)}
BECH32: Final = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
BECH32_VALUE: Final = {char: value for value, char in enumerate(BECH32)}
BECH32_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
WIF_VERSIONS: Final = frozenset((0x80, 0xEF))
EXTENDED_PRIVATE_VERSIONS: Final = frozenset((0x0488ADE4, 0x04358394, 0x049D7878, 0x04B2430C))
"""The version words of xprv, tprv, yprv and zprv (BIP 32, SLIP 132)."""

MOST_BASE58: Final = 112
"""Longer texts are no key; the conversion from base 58 is quadratic, so its input is bounded first."""


def base62(number: int, width: int) -> str:
    """A number in the digits 0-9A-Za-z, padded with zeros."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(width, "0")


def has_crc32_base62(text: str) -> bool:
    """`prefix_` and 30 characters or more, then the CRC-32 of what follows the prefix in six base-62 digits.

    GitHub's tokens since 2021 and npm's are of this form.
    """
    body = text.rpartition("_")[2]
    return len(body) > 6 and base62(zlib.crc32(body[:-6].encode()), 6) == body[-6:]


def has_whole_crc32_base62(text: str) -> bool:
    """A token whose last six base-62 digits are the CRC-32 of everything before them: Narrows' own keys."""
    return len(text) > 6 and base62(zlib.crc32(text[:-6].encode()), 6) == text[-6:]


def has_crc32_hex(text: str) -> bool:
    """`prefix_secret_` and the CRC-32 of what stands before the last underscore, in hexadecimal: Grafana."""
    head, _, tail = text.rpartition("_")
    return f"{zlib.crc32(head.encode()):08x}" == tail.lower()


def has_routable_crc32(text: str) -> bool:
    """GitLab's routable tokens: `prefix-payload.vv` and two characters that give the payload's length in base 36,
    then the CRC-32 of all before it in seven base-36 digits."""
    payload, _, tail = text.rpartition(".")
    if len(tail) != 9 or not payload:
        return False
    number = 0
    for char in tail[2:]:
        digit = BASE36.find(char)
        if digit < 0:
            return False
        number = number * 36 + digit
    return number == zlib.crc32(text[:-7].encode())


def is_wif_key(text: str) -> bool:
    """A Bitcoin private key in the wallet import format: version, 32 bytes, an optional 1, base58check."""
    data = _base58check(text)
    return data is not None and len(data) in (33, 34) and data[0] in WIF_VERSIONS and (len(data) == 33 or data[-1] == 1)


def is_extended_private_key(text: str) -> bool:
    """A BIP 32 extended private key: 78 bytes whose version word says it is private, base58check."""
    data = _base58check(text)
    return data is not None and len(data) == 78 and int.from_bytes(data[:4], "big") in EXTENDED_PRIVATE_VERSIONS


def is_age_key(text: str) -> bool:
    """An age identity: bech32 (BIP 173) with the human-readable part `AGE-SECRET-KEY-`."""
    human, _, data = text.upper().rpartition("1")
    values = [BECH32_VALUE.get(char, -1) for char in data]
    if human != "AGE-SECRET-KEY-" or -1 in values:
        return False
    human = human.lower()
    check = 1
    for value in (*(ord(char) >> 5 for char in human), 0, *(ord(char) & 31 for char in human), *values):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(BECH32_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check == 1


def _base58check(text: str) -> bytes | None:
    if len(text) > MOST_BASE58:
        return None
    number = 0
    for char in text:
        value = BASE58_VALUE.get(char)
        if value is None:
            return None
        number = number * 58 + value
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    payload, check = data[:-4], data[-4:]
    return payload if sha256(sha256(payload).digest()).digest()[:4] == check else None
