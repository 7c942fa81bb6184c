"""Reply heads as bytes. Pure. The edge alone says how a reply is framed; what a handler says about that is dropped."""

from http import HTTPStatus
from typing import Final

from narrows.ports.http import HeaderList

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE: Final = b"connection: close\r\n"
KEEP_ALIVE: Final = b"connection: keep-alive\r\n"
CHUNKED: Final = b"transfer-encoding: chunked\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"

_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %s" % (status.value, status.phrase.encode("ascii")) for status in HTTPStatus
}
_FRAMING: Final = frozenset(
    {b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"upgrade", b"trailer"}
)


BODILESS: Final = frozenset({*range(200), 204, 304})
"""Statuses whose replies have no body and no length (RFC 9110 §6.4.1)."""


class SplitReply(ValueError):
    """A reply header holds a line break or NUL: sending it would let its author write a second reply."""


def encode_head(status: int, headers: HeaderList, framing: bytes, body: bytes = b"") -> bytes:
    """Status line and headers, and the body if it is to go with them; `framing` is the edge's own lines.

    Raises SplitReply.
    """
    lines = [b": ".join(header) for header in headers if header[0] not in _FRAMING]
    text = b"".join(lines)
    # LF, CR, NUL: an integer is looked for in bytes at a fraction of what one byte as `bytes` costs.
    if 10 in text or 13 in text or 0 in text:
        raise SplitReply("a reply header holds a line break or NUL")
    start = _STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status
    return b"".join((b"\r\n".join((start, *lines, framing)), b"\r\n", body))


def chunk(data: bytes) -> bytes:
    """One chunk; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
