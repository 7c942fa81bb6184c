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
    status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode("ascii")) for status in HTTPStatus
}
_FRAMING: Final = frozenset(
    {b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"upgrade", b"trailer"}
)


class SplitReply(ValueError):
    """A reply header holds a line break or NUL: sending it would let its author write a second reply."""


def forbids_body(status: int) -> bool:
    """Statuses whose replies have no body and no length (RFC 9110 §6.4.1)."""
    return status in {204, 304} or status < 200


def encode_head(status: int, headers: HeaderList, framing: bytes, body: bytes = b"") -> bytes:
    """Status line and headers, and the body if it is to go with them; `framing` is the edge's own lines.

    Raises SplitReply.
    """
    lines = [b"%b: %b\r\n" % header for header in headers if header[0] not in _FRAMING]
    text = b"".join(lines)
    # An integer is looked for in bytes at a fraction of what one byte as `bytes` costs. Each line has one line break.
    if 0 in text or text.count(b"\r") != len(lines) or text.count(b"\n") != len(lines):
        raise SplitReply("a reply header holds a line break or NUL")
    start = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    return b"".join((start, text, framing, b"\r\n", body))


def chunk(data: bytes) -> bytes:
    """One chunk; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
