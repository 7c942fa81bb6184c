"""A connection's URL, taken apart and checked once.

Knows nothing of DNS or sockets. Messages quote no part of the URL: it may hold a password by mistake.
"""

from typing import Final
from urllib.parse import urlsplit

import msgspec

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class TargetInvalid(ValueError):
    """The URL can't be used; the message says why."""


class Target(msgspec.Struct, frozen=True):
    """Where to connect. `host` is a name or an address without brackets, `authority` the value of `Host`, `prefix`
    the path before every request's own, without a slash at its end."""

    tls: bool
    host: str
    port: int
    authority: str
    prefix: str

    @property
    def origin(self) -> str:
        """Scheme and authority, for the operator's log."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"


def parse_target(url: str) -> Target:
    """A base URL of http or https, without credentials, query and fragment. Raises TargetInvalid."""
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        raise TargetInvalid("the URL holds a space, a backslash or a character that is not printable ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TargetInvalid("the URL's host or port is malformed") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise TargetInvalid("the URL must begin with http:// or https://")
    if "@" in parts.netloc:
        raise TargetInvalid("the URL holds a user or password; they belong under `credential:`")
    if "?" in url or "#" in url:
        raise TargetInvalid("the URL has a query or fragment")
    host = (parts.hostname or "").rstrip(".")
    if not host or "%" in host or port == 0:
        raise TargetInvalid("the URL names no usable host")
    if any(segment in {".", ".."} for segment in parts.path.split("/")):
        raise TargetInvalid("the URL's path holds a dot segment")
    default = _DEFAULT_PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    return Target(
        tls=parts.scheme == "https",
        host=host,
        port=port or default,
        authority=shown if port in {None, default} else f"{shown}:{port}",
        prefix=parts.path.rstrip("/"),
    )
