"""From the parsed fields of one request to a checked head, or the rule it breaks. Pure. Framing is settled here."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.edge.denials import malformed
from narrows.edge.forwarded import Network, client_address
from narrows.edge.paths import AllowsEncodedSlash, split_target
from narrows.model.verdict import Deny
from narrows.ports.http import RequestHead

CHUNKED: Final = -1
"""The length of a body that is chunked."""

METHODS: Final = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}

SINGLETONS: Final = frozenset(
    b"age authorization content-encoding content-length content-location content-md5 content-range content-type date"
    b" expect from host if-match if-modified-since if-none-match if-range if-unmodified-since max-forwards"
    b" openai-organization openai-project anthropic-version origin proxy-authorization range referer"
    b" transfer-encoding upgrade user-agent x-api-key x-forwarded-host x-forwarded-proto x-real-ip"
    b" x-request-id".split()
)
"""Fields that say one thing; two of them would let two readers read two things. So does every `narrows-…` field."""

HOP_BY_HOP: Final = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding"
    b" upgrade forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-forwarded-prefix"
    b" x-forwarded-server x-real-ip".split()
)
"""Fields that end at the edge: RFC 9110 §7.6.1, and what tells a client's address (see `RequestHead.address`)."""

_HOST: Final = re.compile(rb"([A-Za-z0-9](?:[A-Za-z0-9_\-]|\.(?!\.))*|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")


class Origin(msgspec.Struct, frozen=True):
    """What a connection says about all its requests. `listed`: the peer is a trusted proxy."""

    peer: str
    tls: bool = False
    listed: bool = False
    trusted: tuple[Network, ...] = ()


class Accepted(msgspec.Struct, frozen=True):
    """A request whose head is in order. `length` is the body's, or CHUNKED; `keep_alive` is what the client offers."""

    head: RequestHead
    length: int
    keep_alive: bool
    chunked_reply: bool
    expects: bool = False
    encoding: bytes | None = None


def judge_head(
    method: bytes,
    target: bytes,
    minor: bytes,
    fields: Sequence[tuple[bytes, bytes]],
    origin: Origin,
    allows_encoded_slash: AllowsEncodedSlash,
) -> Accepted | Deny:
    """Checks a head that has passed the wire guard. `fields` have lower-case names, in order; `minor` is `0` or `1`."""
    known = METHODS.get(method)
    if known is None:
        return malformed("The method is not one that this gate serves.")
    place = split_target(target, allows_encoded_slash)
    if isinstance(place, Deny):
        return place
    headers = _gather(fields)
    if isinstance(headers, Deny):
        return headers
    host = _HOST.fullmatch(headers.get(b"host", b""))
    if host is None:
        return malformed("The request needs exactly one valid Host.", "host")
    length = _frame(headers, minor)
    if isinstance(length, Deny):
        return length
    expects = headers.get(b"expect")
    if expects is not None and (expects.lower() != b"100-continue" or minor == b"0"):
        return malformed("The only expectation that is met is 100-continue, in HTTP/1.1.", "expect")
    address = origin.peer
    if origin.listed and (forwarded := headers.get(b"x-forwarded-for")) is not None:
        address = client_address(address, forwarded, origin.trusted)
    keep_alive = minor == b"1"
    if (connection := headers.get(b"connection")) is not None:
        keep_alive = _offers_keep_alive(connection, keep_alive)
    return Accepted(
        RequestHead(
            method=known,
            path=place[0],
            query=place[1],
            headers=_end_to_end(headers),
            address=address,
            host=host[1].decode("ascii").lower().rstrip("."),
            tls=origin.tls,
        ),
        length=length,
        keep_alive=keep_alive,
        chunked_reply=minor == b"1",
        expects=expects is not None and length != 0,
        encoding=headers.get(b"content-encoding"),
    )


def _gather(fields: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes] | Deny:
    """The fields by name, repeated lists joined; a repeated singleton is refused."""
    headers: dict[bytes, bytes] = {}
    for name, value in fields:
        if name not in headers:
            headers[name] = value
        elif name in SINGLETONS or name.startswith(b"narrows-"):
            return malformed("A header that may stand only once is repeated.", name.decode("ascii"))
        else:
            headers[name] = headers[name] + (b"; " if name == b"cookie" else b", ") + value
    return headers


def _frame(headers: dict[bytes, bytes], minor: bytes) -> int | Deny:
    """The one length of the body (RFC 9112 §6), or the reason why it has none."""
    length = headers.get(b"content-length")
    coding = headers.get(b"transfer-encoding")
    if b"upgrade" in headers or b"http2-settings" in headers:
        return malformed("Protocol upgrades are refused; set the client to HTTP/1.1.", "upgrade")
    if b"trailer" in headers:
        return malformed("Trailers are refused.", "trailer")
    if coding is not None:
        if length is not None:
            return malformed("Content-Length and Transfer-Encoding may not stand together.", "transfer-encoding")
        if coding != b"chunked" or minor == b"0":
            return malformed("The only transfer coding is chunked, in HTTP/1.1.", "transfer-encoding")
        return CHUNKED
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        return malformed("Content-Length must be one decimal number of sane size.", "content-length")
    return int(length)


def _offers_keep_alive(connection: bytes, default: bool) -> bool:  # noqa: FBT001 -- the version's own default
    options = {option.strip(b" \t") for option in connection.lower().split(b",")}
    if b"close" in options:
        return False
    return default or b"keep-alive" in options


def _end_to_end(headers: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """The fields without those that end here, by their nature or because `Connection` lists them."""
    ending = HOP_BY_HOP & headers.keys()
    if not ending:
        return headers
    listed = headers.get(b"connection", b"")
    for name in ending:
        del headers[name]
    if listed not in {b"keep-alive", b"close"}:
        for option in listed.lower().split(b","):
            headers.pop(option.strip(b" \t"), None)
    return headers
