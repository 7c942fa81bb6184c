"""Addresses of crypto-currencies that carry a checksum: base58check and bech32."""

from hashlib import sha256
from typing import Final

BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE58_VALUE: Final = {char: value for value, char in enumerate(BASE58)}

BASE58_VERSIONS: Final = frozenset((0x00, 0x05, 0x1E, 0x16, 0x30, 0x32, 0x4C, 0x10, 0x41))
"""Version bytes of 21-byte addresses: Bitcoin (and Bitcoin Cash), Dogecoin, Litecoin, Dash, Tron."""

BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32_VALUE: Final = {char: value for value, char in enumerate(BECH32)}
BECH32_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
BECH32_CONSTANT: Final = 1
BECH32M_CONSTANT: Final = 0x2BC830A3


def is_base58check_address(text: str) -> bool:
    """Twenty-one bytes whose version is a known currency's, and four of their double SHA-256: Bitcoin's base58check."""
    number = 0
    for char in text:
        value = BASE58_VALUE.get(char)
        if value is None:
            return False
        number = number * 58 + value
    if number >> 200:
        return False
    data = number.to_bytes(25, "big")
    zeros = len(data) - len(data.lstrip(b"\0"))
    if len(text) - len(text.lstrip("1")) != zeros:
        return False
    return data[0] in BASE58_VERSIONS and sha256(sha256(data[:21]).digest()).digest()[:4] == data[21:]


def is_segwit_address(text: str) -> bool:
    """A witness program of Bitcoin or Litecoin: BIP 173 (bech32, version 0), BIP 350 (bech32m, versions 1 to 16)."""
    if text != text.lower() and text != text.upper():
        return False
    human, separator, data = text.lower().rpartition("1")
    if not separator or human not in ("bc", "tb", "bcrt", "ltc", "tltc") or not 8 <= len(data) <= 82:
        return False
    values = [BECH32_VALUE.get(char, -1) for char in data]
    if -1 in values or values[0] > 16:
        return False
    expanded = [*(ord(char) >> 5 for char in human), 0, *(ord(char) & 31 for char in human), *values]
    if _polymod(expanded) != (BECH32_CONSTANT if values[0] == 0 else BECH32M_CONSTANT):
        return False
    bits = (len(values) - 7) * 5
    size = bits // 8
    return bits % 8 < 5 and (size in (20, 32) if values[0] == 0 else 2 <= size <= 40)


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(BECH32_GENERATOR):
            if top >> bit & 1:
                check ^= generator
    return check
