"""Values with a form of their own: addresses, URLs, host and header names. Each function says what is wrong, or None.

Messages never repeat the value: it may come from the environment.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from narrows.model.path import PathRefused, parse

_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*\Z"
)
_ENTITY: Final = re.compile(r"[A-Z][A-Z0-9_]{0,47}\Z")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\Z")


def url(value: str, *, query: bool = False) -> str | None:
    """An absolute http or https URL without user, fragment and, unless allowed, query."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return "is no valid URL"
    if parts.scheme not in ("http", "https"):
        return "must begin with https:// or http://"
    if not parts.hostname or not value.isascii() or not value.isprintable() or " " in value:
        return "is no valid URL"
    if host_name(parts.hostname) is not None and not _address(parts.hostname):
        return "has no valid host name"
    if port == 0:
        return "has no valid port"
    if parts.username is not None or parts.password is not None:
        return "must not carry a user or password; use `credential`"
    if parts.fragment or (parts.query and not query):
        return "must end with its path; no query, no fragment"
    return None


def listen_address(value: str) -> str | None:
    """`host:port`; an IPv6 address stands in brackets, port 0 takes a free one."""
    host, colon, port = value.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        return "is no address and port, such as 127.0.0.1:8080 or [::1]:8080"
    if host.startswith("[") and host.endswith("]"):
        return None if _address(host[1:-1]) and ":" in host else "is no address and port, such as [::1]:8080"
    if not _address(host) and host_name(host) is not None:
        return "is no address and port, such as 127.0.0.1:8080 or 0.0.0.0:8080"
    return "an IPv6 address stands in brackets, such as [::1]:8080" if ":" in host else None


def network(value: str) -> str | None:
    """An address or a network in CIDR notation."""
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return "is no network, such as 10.0.0.0/8, or has bits set to the right of its prefix"
    return None


def host_name(value: str) -> str | None:
    """A host name without a port."""
    return None if _HOST.match(value.lower()) else "is no host name (give it without scheme, port and path)"


def header_name(value: str) -> str | None:
    """A header's name (RFC 9110 token)."""
    return None if _TOKEN.match(value) else "is no header name"


def entity(value: str) -> str | None:
    """The name of an entity."""
    return None if _ENTITY.match(value) else "is no name of an entity: A-Z, 0-9 and _, such as CUSTOMER_NUMBER"


def field(value: str) -> str | None:
    """A JSON path, or the name of a member wherever it stands."""
    if value.startswith("$"):
        return None if _names_a_member(value) else "is no JSON path, such as $.customer.ssn or $.items[*].iban"
    return None if value and value == value.strip() else "is no name of a member"


def _names_a_member(path: str) -> bool:
    try:
        return bool(parse(path))
    except PathRefused:
        return False


def _address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
