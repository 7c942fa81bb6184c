"""Secrets that say in themselves what they are: a header in base64, an account number in base32, user and password."""

import base64
import binascii
import json
from typing import Final

BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LONGEST_HEADER: Final = 8192
"""Characters of a JWT's header that are decoded; a longer one is no token."""

DISCORD_EPOCH_BITS: Final = 1 << 54
"""Discord's ids are snowflakes: by 2017 they had passed 2**58, and the oldest accounts are above 2**54."""


def is_jwt(text: str) -> bool:
    """A compact JWS or JWE (RFC 7515, 7516): the first part is a JSON object in base64url that names its `alg`."""
    header = text.partition(".")[0]
    if len(header) > LONGEST_HEADER:
        return False
    decoded = _decode_url(header)
    if decoded is None:
        return False
    try:
        value = json.loads(decoded)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and ("alg" in value or "enc" in value)


def is_basic_credential(text: str) -> bool:
    """The base64 of `user:password` (RFC 7617): printable, with a colon that something follows."""
    try:
        decoded = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
        user, colon, password = decoded.decode().partition(":")
    except (ValueError, binascii.Error):
        return False
    return bool(colon and password) and (user + password).isprintable()


def is_aws_access_key(text: str) -> bool:
    """An access key id whose base-32 body holds an account number of at most twelve digits.

    Ids made since 2019 hold it in bits 1 to 40 behind the four-letter prefix; an older one, whose fifth character is
    below Q, holds none and is told by its alphabet alone.
    """
    body = text[4:]
    if len(body) != 16 or any(char not in BASE32 for char in body):
        return False
    if body[0] < "Q" and not body[0].isdigit():
        return True
    head = int.from_bytes(base64.b32decode(body)[:6], "big")
    return (head & 0x7FFFFFFFFF80) >> 7 < 10**12


def is_discord_token(text: str) -> bool:
    """A bot or user token: its first part is the base64 of a snowflake in decimal digits."""
    decoded = _decode_url(text.partition(".")[0])
    return decoded is not None and decoded.isdigit() and DISCORD_EPOCH_BITS <= int(decoded[:20]) < 1 << 64


def is_prefixed_json(text: str) -> bool:
    """`prefix_` and a JSON object in base64: Sentry's organisation tokens."""
    body = text.partition("_")[2]
    decoded = _decode_url(body.partition("_")[0].rstrip("=").replace("+", "-").replace("/", "_"))
    return decoded is not None and decoded.startswith(b"{") and b'":' in decoded


def _decode_url(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
