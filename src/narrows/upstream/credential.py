"""The upstream's own secret: put on each request, and recognised wherever a server echoes it.

It leaves this module in two ways only: as a header's bytes for the pool, and as a yes or no from `echoes` and `leaks`.
"""

import base64
import binascii
import html
import re
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from narrows.config.schema import ConnectionCredential
from narrows.model.secret import PLACEHOLDER

_HALF_LEAST: Final = 12
"""A half of a secret that has at least so many characters is itself worth hiding: servers echo keys cut short."""

_ENCODED_LEAST: Final = 6
_WHOLE_LEAST: Final = 16
"""A shorter secret may be a word (`none`, `EMPTY`) that any reply holds."""

_JSON_ESCAPE: Final = re.compile(rb'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL: Final = dict(zip(b"bfnrt", (b"\b", b"\f", b"\n", b"\r", b"\t"), strict=True))


class CredentialInvalid(ValueError):
    """The configured credential can't be sent; the message says why, without it."""


class UpstreamCredential:
    """One connection's credential. `header` is its name and value, None for a server that takes none."""

    __slots__ = ("_encoded", "_only", "_plain", "_whole", "header")

    def __init__(self, config: ConnectionCredential) -> None:
        self.header, secrets = _header(config)
        self._whole = tuple(secret for secret in secrets if len(secret) >= _WHOLE_LEAST)
        self._only = self._whole[0] if len(self._whole) == 1 else None
        self._plain = frozenset(form for secret in secrets for form in _plain(secret))
        self._encoded = frozenset(form for secret in secrets for form in _encoded(secret))

    def __repr__(self) -> str:
        return f"UpstreamCredential({PLACEHOLDER})"

    def echoes(self, data: bytes) -> bool:
        """Whether the whole secret stands in `data`, unless it is too short to be told from a word."""
        only = self._only
        if only is not None:
            return only in data
        for secret in self._whole:  # noqa: SIM110 -- asked of every piece of every reply, and a generator costs more
            if secret in data:
                return True
        return False

    def leaks(self, data: bytes) -> bool:
        """Whether the secret, or a telling part of it, stands in `data`: as it is, or escaped for JSON, a URL or HTML,
        in base64 at any offset, or in hexadecimal."""
        if not self._plain:
            return False
        if any(form in data for form in self._encoded):
            return True
        return any(form in view for view in _views(data) for form in self._plain)


def _header(config: ConnectionCredential) -> tuple[tuple[bytes, bytes] | None, list[bytes]]:
    """The header, and the secrets to look for."""
    if config.none:
        return None, []
    if config.bearer is not None:
        token = _visible(config.bearer.reveal())
        return (b"authorization", b"Bearer " + token), [token]
    if config.x_api_key is not None:
        key = _visible(config.x_api_key.reveal())
        return (b"x-api-key", key), [key]
    if config.header is not None and config.value is not None:
        if not _TOKEN.fullmatch(config.header):
            raise CredentialInvalid("`header` is not the name of a header")
        value = _visible(config.value.reveal())
        # A scheme in front (`Token abc`) is no part of the secret.
        return (config.header.lower().encode("ascii"), value), [value, value.rpartition(b" ")[2]]
    if config.username is not None and config.password is not None:
        return _basic(config.username, config.password.reveal())
    raise CredentialInvalid("give one of bearer, x_api_key, header with value, username with password, or `none: true`")


def _basic(username: str, password: str) -> tuple[tuple[bytes, bytes], list[bytes]]:
    """RFC 7617, in UTF-8."""
    if ":" in username:
        raise CredentialInvalid("the user name of HTTP basic can't hold a colon")
    if not password:
        raise CredentialInvalid("the secret is empty")
    pair = f"{username}:{password}".encode()
    return (b"authorization", b"Basic " + base64.b64encode(pair)), [pair, password.encode()]


def _visible(secret: str) -> bytes:
    """The secret as a header's value."""
    if not secret:
        raise CredentialInvalid("the secret is empty")
    if not secret.isascii() or not secret.isprintable() or secret != secret.strip():
        raise CredentialInvalid(
            "the secret holds a line break, a space at an end, or a character outside printable ASCII"
        )
    return secret.encode("ascii")


def _plain(secret: bytes) -> list[bytes]:
    """The secret, and its halves if they are long enough to tell something; in lower case, as the views are."""
    half = len(secret) // 2
    forms = [secret, secret[:half], secret[half:]] if half >= _HALF_LEAST else [secret]
    return [form.lower() for form in forms]


def _encoded(secret: bytes) -> list[bytes]:
    """Forms in which no character of the secret shows."""
    forms = [binascii.hexlify(secret), binascii.hexlify(secret).upper()]
    # Wherever the secret stands in a longer encoded text, it begins at one of three places in a group of three bytes;
    # the characters that depend on its neighbours are left off.
    for offset in range(3):
        padded = b"\0" * offset + secret
        encoded = base64.b64encode(padded)[(0, 2, 3)[offset] : len(padded) * 8 // 6]
        if len(encoded) >= _ENCODED_LEAST:
            forms += [encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))]
            forms.append(quote_from_bytes(encoded, safe="").encode("ascii"))
    return forms


def _views(data: bytes) -> list[bytes]:
    """The data as it is and with each kind of escape undone, in lower case."""
    views = [data]
    if b"\\" in data:
        views.append(_JSON_ESCAPE.sub(_unescaped, data))
    if b"%" in data:
        views.append(unquote_to_bytes(data))
    if b"&" in data:
        views.append(html.unescape(data.decode("utf-8", "replace")).encode("utf-8", "replace"))
    return [view.lower() for view in views]


def _unescaped(match: re.Match[bytes]) -> bytes:
    code, letter = match.groups()
    if code is not None:
        return chr(int(code, 16)).encode("utf-8", "replace")
    return _CONTROL.get(letter[0], letter)
