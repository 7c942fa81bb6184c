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


def encode_head(status: int, headers: HeaderList, framing: bytes) -> bytes:
    """Status line and headers; `framing` is the edge's own lines. Raises SplitReply."""
    lines = [b"%b: %b\r\n" % field for field in headers if field[0] not in _FRAMING]
    block = b"".join(lines)
    if block.count(b"\n") != len(lines) or block.count(b"\r") != len(lines) or b"\0" in block:
        raise SplitReply("a reply header holds a line break or NUL")
    start = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    return b"%b%b%b\r\n" % (start, block, framing)


def chunk(data: bytes) -> bytes:
    """One chunk; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
