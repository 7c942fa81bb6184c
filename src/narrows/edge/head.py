"""From the parsed fields of one request to a checked head, or the rule it breaks. Pure. Framing is settled here."""

import re
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

ENDING: Final = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding"
    b" upgrade forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-forwarded-prefix"
    b" x-forwarded-server x-real-ip".split()
)
"""Fields that end at the edge: RFC 9110 §7.6.1, and what tells a client's address (see `RequestHead.address`)."""

_HOST: Final = re.compile(rb"([A-Za-z0-9](?:[A-Za-z0-9_\-]|\.(?!\.))*|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")
_BAD_LENGTH: Final = malformed("Content-Length must be one decimal number of sane size.", "content-length")
_SPECIAL: Final = ENDING | {b"expect", b"content-encoding", b"http2-settings"}


class Origin(msgspec.Struct, frozen=True):
    """What a connection says about all its requests. `listed`: the peer is a trusted proxy. `certificate` is
    the SHA-256, in hex, of the client certificate that was verified."""

    peer: str
    tls: bool = False
    certificate: str | None = None
    listed: bool = False
    trusted: tuple[Network, ...] = ()


class Memo:
    """The last target and host of a connection, already judged: clients repeat them in every request."""

    __slots__ = ("host", "name", "place", "target")

    def __init__(self) -> None:
        self.target: bytes | None = None
        self.place = ("", "")
        self.host: bytes | None = None
        self.name = ""


class Accepted(msgspec.Struct, frozen=True):
    """A request whose head is in order. `length` is the body's, or CHUNKED; `keep_alive` is what the client offers."""

    head: RequestHead
    length: int
    keep_alive: bool
    chunked_reply: bool
    expects: bool = False
    encoding: bytes | None = None


def repeat_field(headers: dict[bytes, bytes], name: bytes, value: bytes) -> Deny | None:
    """A field stands again: joins a list to what is there, refuses what may stand only once."""
    if name in SINGLETONS or name.startswith(b"narrows-"):
        return malformed("A header that may stand only once is repeated.", name.decode("ascii"))
    headers[name] = headers[name] + (b"; " if name == b"cookie" else b", ") + value
    return None


def judge_head(
    method: bytes,
    target: bytes,
    minor: bytes,
    headers: dict[bytes, bytes],
    origin: Origin,
    allows_encoded_slash: AllowsEncodedSlash,
    memo: Memo,
) -> Accepted | Deny:
    """Checks a head that has passed the wire guard; `minor` is `0` or `1`.

    `headers` has lower-case names and is taken over: fields that end here are removed from it.
    """
    known = METHODS.get(method)
    if known is None:
        return malformed("The method is not one that this gate serves.")
    if target != memo.target:
        place = split_target(target, allows_encoded_slash)
        if isinstance(place, Deny):
            return place
        memo.target, memo.place = target, place
    host = headers.get(b"host", b"")
    if host != memo.host:
        match = _HOST.fullmatch(host)
        if match is None:
            return malformed("The request needs exactly one valid Host.", "host")
        memo.host, memo.name = host, match[1].decode("ascii").lower().rstrip(".")
    path, query = memo.place
    modern = minor == b"1"
    # Most requests have none of the fields that the rest is about.
    if _SPECIAL.isdisjoint(headers):
        length = int(headers.get(b"content-length", b"0")) if _has_plain_length(headers) else _BAD_LENGTH
        if isinstance(length, Deny):
            return length
        head = RequestHead(known, path, query, headers, origin.peer, memo.name, origin.tls, origin.certificate)
        return Accepted(head, length, modern, modern)
    return _judge_special(known, memo, headers, origin, modern=modern)


def _judge_special(
    method: str, memo: Memo, headers: dict[bytes, bytes], origin: Origin, *, modern: bool
) -> Accepted | Deny:
    """The rest of `judge_head`, for requests with codings, expectations, hop-by-hop fields."""
    length = _frame(headers, modern=modern)
    if isinstance(length, Deny):
        return length
    expects = headers.get(b"expect")
    if expects is not None and (expects.lower() != b"100-continue" or not modern):
        return malformed("The only expectation that is met is 100-continue, in HTTP/1.1.", "expect")
    address = origin.peer
    if origin.listed and (forwarded := headers.get(b"x-forwarded-for")) is not None:
        address = client_address(address, forwarded, origin.trusted)
    keep_alive = _offers_keep_alive(headers.get(b"connection", b""), modern=modern)
    encoding = headers.get(b"content-encoding")
    _remove_ending(headers)
    head = RequestHead(method, *memo.place, headers, address, memo.name, origin.tls, origin.certificate)
    return Accepted(head, length, keep_alive, modern, expects is not None and length != 0, encoding)


def _has_plain_length(headers: dict[bytes, bytes]) -> bool:
    length = headers.get(b"content-length")
    return length is None or _LENGTH.fullmatch(length) is not None


def _frame(headers: dict[bytes, bytes], *, modern: bool) -> int | Deny:
    """The one length of the body (RFC 9112 §6), or the reason why it has none."""
    coding = headers.get(b"transfer-encoding")
    if b"upgrade" in headers or b"http2-settings" in headers:
        return malformed("Protocol upgrades are refused; set the client to HTTP/1.1.", "upgrade")
    if b"trailer" in headers:
        return malformed("Trailers are refused.", "trailer")
    if coding is not None:
        if b"content-length" in headers:
            return malformed("Content-Length and Transfer-Encoding may not stand together.", "transfer-encoding")
        if coding != b"chunked" or not modern:
            return malformed("The only transfer coding is chunked, in HTTP/1.1.", "transfer-encoding")
        return CHUNKED
    if not _has_plain_length(headers):
        return _BAD_LENGTH
    return int(headers.get(b"content-length", b"0"))


def _offers_keep_alive(connection: bytes, *, modern: bool) -> bool:
    options = {option.strip(b" \t") for option in connection.lower().split(b",")}
    if b"close" in options:
        return False
    return modern or b"keep-alive" in options


def _remove_ending(headers: dict[bytes, bytes]) -> None:
    """Removes the fields that end here, by their nature or because `Connection` lists them."""
    listed = headers.get(b"connection", b"")
    for name in ENDING & headers.keys():
        del headers[name]
    if listed not in {b"", b"keep-alive", b"close"}:
        for option in listed.lower().split(b","):
            headers.pop(option.strip(b" \t"), None)
