"""Strict, bounded checks on raw bytes, made before the parser sees them.

llhttp is lenient where a gateway can't be: it takes a 2 MB header, 100 KB of chunk extensions, trailers. What passes
here is a subset of RFC 9112 that every HTTP implementation reads alike; the parser then reads the same bytes, and the
two must agree. Pure: bytes in, a Deny or a count out.
"""

import re
from typing import Final

from narrows.edge.denials import headers_too_large, malformed
from narrows.model.verdict import Deny

MAX_HEAD: Final = 32 * 1024
MAX_FIELDS: Final = 100
MAX_CHUNK_LINE: Final = 512
MAX_EXTENSIONS: Final = 4 * 1024
OVERHEAD_BASE: Final = 16 * 1024
OVERHEAD_SHARE: Final = 16
"""Chunk framing may take `OVERHEAD_BASE` bytes plus one byte for each `OVERHEAD_SHARE` bytes of data: tiny chunks
beyond that would hold the event loop for longer than their data is worth."""

_NAME: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_VALUE: Final = rb"[\t\x20-\x7e\x80-\xff]*+"
_HEAD: Final = re.compile(rb"([A-Z]{1,16}) ([!-~]++) HTTP/1\.([01])\r\n(?:" + _NAME + rb":" + _VALUE + rb"\r\n)*\r\n")
_REQUEST_LINE: Final = re.compile(rb"[A-Z]{1,16} [!-~]++ HTTP/([0-9])\.([0-9])\r\n")
_BEGINNING: Final = re.compile(
    rb"[A-Z]{1,16}(?: (?:[!-~]++(?: (?:[HTP]{0,4}|HTTP/[0-9.]{0,3}(?:\r.*+)?)?)?)?)?", re.DOTALL
)
_FOREIGN: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")
_USUAL_FIRST: Final = re.compile(rb"([1-9A-Fa-f][0-9A-Fa-f]{0,7})\r\n")
_USUAL_NEXT: Final = re.compile(rb"\r\n([1-9A-Fa-f][0-9A-Fa-f]{0,7})\r\n")
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(;[\t\x20-\x7e\x80-\xff]*+)?\r\n")


def match_head(block: bytes) -> tuple[bytes, bytes, bytes] | Deny:
    """Method, target and minor version of a head that ends in its empty line, or the rule it breaks."""
    if len(block) > MAX_HEAD:
        return headers_too_large(f"The header block is over {MAX_HEAD} bytes.")
    if block.count(b"\n") > MAX_FIELDS + 2:
        return headers_too_large(f"The request has over {MAX_FIELDS} header fields.")
    match = _HEAD.fullmatch(block)
    if match is None:
        return _explain(block)
    method, target, minor = match.groups()
    return method, target, minor


def judge_partial(data: bytes, scanned: int) -> Deny | None:
    """Refuses a head that can no longer become valid although its end has not arrived.

    `scanned` bytes at its start were judged before, so work stays linear however small the segments are.
    """
    if len(data) > MAX_HEAD:
        return headers_too_large(f"The header block is over {MAX_HEAD} bytes.")
    if _FOREIGN.search(data, max(scanned - 1, 0)):
        return _explain_foreign(data)
    if scanned < 64 and not _BEGINNING.fullmatch(data):
        return _explain_request_line(data)
    return None


def _explain_foreign(data: bytes) -> Deny:
    found = _FOREIGN.search(data)
    if found is not None and found[0] in b"\r\n":
        return malformed("Lines must end in CR LF; a bare CR or LF is refused.")
    return malformed("The header block may not hold NUL or other control characters.")


def _explain_request_line(block: bytes) -> Deny:
    if block.startswith(b"PRI * HTTP/2"):
        return malformed("HTTP/2 is not spoken here; use HTTP/1.1.")
    return malformed("The request line must be a method, a path and HTTP/1.0 or HTTP/1.1.")


def _explain(block: bytes) -> Deny:
    """Names the rule that a refused head breaks; only ever called for one that is refused."""
    if _FOREIGN.search(block):
        return _explain_foreign(block)
    line = _REQUEST_LINE.match(block)
    if line is None or line.groups() not in {(b"1", b"0"), (b"1", b"1")}:
        return _explain_request_line(block)
    for field in block[line.end() :].split(b"\r\n"):
        if field[:1] in {b" ", b"\t"}:
            return malformed("Folded header lines are refused.")
        name, colon, _ = field.partition(b":")
        if colon and name.rstrip(b" \t") != name:
            return malformed("White space before a header's colon is refused.")
    return malformed("A header field must be a name, a colon and a value.")


def _too_much_framing() -> Deny:
    return malformed("The chunked body has too much framing for its data.")


class ChunkGuard:
    """Finds where a chunked body ends and bounds what it may hold beside data.

    Extensions are tolerated in small amounts (RFC 9112 §7.1.1 asks to ignore them), trailers are refused.
    """

    __slots__ = ("_data", "_done", "_extensions", "_last", "_left", "_line", "_overhead")

    def __init__(self) -> None:
        self._left = 0
        self._line = b""
        self._last = False
        self._done = False
        self._data = 0
        self._overhead = 0
        self._extensions = 0

    @property
    def done(self) -> bool:
        """The end of the body was seen."""
        return self._done

    def feed(self, data: bytes) -> int | Deny:
        """How many of these bytes belong to the body: all of them until `done`."""
        at, end = 0, len(data)
        while at < end and not self._done:
            if self._left > 2:
                step = min(self._left - 2, end - at)
                self._left -= step
                self._data += step
                at += step
                continue
            # The usual frame in one match; whatever is cut, last, or has an extension goes the long way.
            usual = None if self._line or self._last else (_USUAL_NEXT if self._left else _USUAL_FIRST).match(data, at)
            if usual is not None:
                self._overhead += usual.end() - at
                if self._overhead > OVERHEAD_BASE + self._data // OVERHEAD_SHARE:
                    return _too_much_framing()
                at = usual.end()
                self._left = int(usual[1], 16) + 2
                continue
            deny, at = self._frame(data, at)
            if deny is not None:
                return deny
        return at

    def _frame(self, data: bytes, at: int) -> tuple[Deny | None, int]:
        """Takes what is left of one line: a chunk's size, the CR LF after its data, or the last empty line."""
        stop = data.find(b"\n", at) + 1
        piece = data[at:stop] if stop else data[at:]
        self._overhead += len(piece)
        line = self._line + piece
        if len(line) > MAX_CHUNK_LINE or self._overhead > OVERHEAD_BASE + self._data // OVERHEAD_SHARE:
            return _too_much_framing(), at
        if not stop:
            self._line = line
            if self._left or self._last:
                return (None, len(data)) if line == b"\r" else (self._broken(), at)
            return None, len(data)
        self._line = b""
        return self._take_line(line), stop

    def _take_line(self, line: bytes) -> Deny | None:
        if self._left or self._last:
            if line != b"\r\n":
                return self._broken()
            self._left = 0
            self._done = self._last
            return None
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            return malformed("A chunk must begin with its size in hexadecimal digits and CR LF.")
        self._extensions += len(match[2] or b"")
        if self._extensions > MAX_EXTENSIONS:
            return malformed("The chunked body has too many chunk extensions.")
        size = int(match[1], 16)
        self._last = size == 0
        self._left = size + 2 if size else 0
        return None

    def _broken(self) -> Deny:
        if self._last:
            return malformed("Trailers are refused.")
        return malformed("A chunk is longer or shorter than its size says.")
