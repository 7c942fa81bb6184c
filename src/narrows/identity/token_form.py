"""The form of the credentials that Narrows issues: how one is made, and whether a text is one.

`<prefix><id>_<secret><checksum>`: a prefix that says of which kind it is, a 12-character id that may be shown, a secret
of 192 bits, and a CRC-32 that tells a mistyped credential from an unknown one without a look-up. Nothing here knows
which credentials exist; only the SHA-256 of the whole text is ever kept.
"""

import hmac
import re
import zlib
from collections.abc import Callable
from typing import Final

from narrows.model.secret import Secret

SERVICE_ACCOUNT: Final = "nrw_sa_"
"""Keys of service accounts."""

ACCESS_TOKEN: Final = "nrw_at_"  # noqa: S105 - a prefix, not a secret
"""Tokens that are issued for a grant, an exchange or a sign-in."""

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE: Final = re.compile(r"(nrw_[a-z]{2}_)([0-9a-z]{12})_[0-9A-Za-z]{33}[0-9A-Za-z]{6}")
_SECRET_BYTES: Final = 24
_ID_BYTES: Final = 8


def new_id(entropy: Callable[[int], bytes]) -> str:
    """Twelve characters of `0-9a-z`: 62 bits."""
    return _digits(int.from_bytes(entropy(_ID_BYTES), "big"), 36, 13)[-12:]


def new_credential(prefix: str, ident: str, entropy: Callable[[int], bytes]) -> Secret:
    """A new credential of this kind, under this id."""
    body = f"{prefix}{ident}_{_digits(int.from_bytes(entropy(_SECRET_BYTES), 'big'), 62, 33)}"
    return Secret(body + _checksum(body))


def id_within(prefix: str, text: str) -> str | None:
    """The id in a credential of this kind; None where the form or the checksum is wrong."""
    shape = _SHAPE.fullmatch(text)
    if shape is None or shape[1] != prefix or not hmac.compare_digest(text[-6:], _checksum(text[:-6])):
        return None
    return shape[2]


def _digits(number: int, base: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, base)
        digits = (_ALPHABET[digit] if base == 62 else _ALPHABET[digit].lower()) + digits
    return digits


def _checksum(body: str) -> str:
    return _digits(zlib.crc32(body.encode()), 62, 6)
