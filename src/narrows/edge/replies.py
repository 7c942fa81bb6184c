"""Reply heads as bytes. Pure. The edge alone says how a reply is framed; what a handler says about that is dropped."""

from http import HTTPStatus
from typing import Final

from narrows.ports.http import HeaderList

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE: Final = b"connection: close\r\n"
KEEP_ALIVE: Final = b"connection: keep-alive\r\n"
CHUNKED: Final = b"transfer-encoding: chunked\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"

_CR: Final = 13
_LF: Final = 10
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
    parts = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
    for name, value in headers:
        if name not in _FRAMING:
            # An integer is looked for in bytes at a fraction of what one byte as `bytes` costs.
            if _LF in value or _CR in value or 0 in value or _LF in name or _CR in name or 0 in name:
                raise SplitReply("a reply header holds a line break or NUL")
            parts += name, b": ", value, b"\r\n"
    parts += framing, b"\r\n", body
    return b"".join(parts)


def chunk(data: bytes) -> bytes:
    """One chunk; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
