"""Reply heads as bytes. Pure. The edge alone says how a reply is framed; what a handler says about that is dropped."""

from http import HTTPStatus
from operator import itemgetter
from typing import Final

from narrows.ports.http import HeaderList

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE: Final = b"connection: close\r\n"
KEEP_ALIVE: Final = b"connection: keep-alive\r\n"
CHUNKED: Final = b"transfer-encoding: chunked\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"

_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode("ascii")) for status in HTTPStatus
}
_FRAMING: Final = frozenset(
    {b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"upgrade", b"trailer"}
)
_NAME: Final = itemgetter(0)
_LINE: Final = b": ".join

BODILESS: Final = frozenset({*range(200), 204, 304})
"""Statuses whose replies have no body and no length (RFC 9110 §6.4.1)."""


class SplitReply(ValueError):
    """A reply header holds a line break or NUL: sending it would let its author write a second reply."""


def encode_head(status: int, headers: HeaderList, framing: bytes, body: bytes = b"") -> bytes:
    """Status line and headers, and the body if it is to go with them; `framing` is the edge's own lines.

    Raises SplitReply.
    """
    if not _FRAMING.isdisjoint(map(_NAME, headers)):
        headers = [header for header in headers if header[0] not in _FRAMING]
    start = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    if not headers:
        return b"".join((start, framing, b"\r\n", body))
    # As many line ends as there are between the lines: then no line holds one. No loop over them in Python.
    lines = b"\r\n".join(map(_LINE, headers))
    breaks = len(headers) - 1
    if lines.count(10) != breaks or lines.count(13) != breaks or 0 in lines:
        raise SplitReply("a reply header holds a line break or NUL")
    return b"".join((start, lines, b"\r\n", framing, b"\r\n", body))


def chunk(data: bytes) -> bytes:
    """One chunk; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
