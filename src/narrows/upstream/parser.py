"""The replies on one connection, sans-IO: bytes in, a checked head and pieces of the body out.

Owns every rule on what a reply may look like; llhttp does the parsing, but for the most usual replies, whose head
`plain` reads and whose body is counted: of those llhttp sees nothing. Nor does it see whole chunks that come where it
waits for a chunk, as a stream's events mostly do. Knows nothing of sockets, time or pools.
"""

from typing import Final

import httptools

from narrows.upstream.encoding import GZIP
from narrows.upstream.plain import PlainHeads

HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a head; also the bytes that may come without any body among them (1xx replies, trailers, extensions)."""

INTERIM_LIMIT: Final = 8
"""1xx replies before the real one."""

REPEAT_LIMIT: Final = 64
"""Headers that repeat an earlier one; each is joined to it, which must not become quadratic work."""

_SIZES: Final = {b"%x" % size: size for size in range(1, 4096)}
"""The sizes of usual chunks, as they are usually written. Whatever else stands there is for llhttp."""

_HOP_BY_HOP: Final = frozenset(
    {b"proxy-authenticate", b"proxy-connection", b"te", b"trailer", b"upgrade"}  # the others are taken by name
)
_PLAIN_CONNECTION: Final = frozenset({b"keep-alive", b"close"})
_VERSIONS: Final = frozenset({"1.1", "1.0"})
_CODINGS: Final = GZIP | {b"identity"}
_SINGLE: Final = frozenset(
    {b"content-type", b"content-encoding", b"content-length", b"content-range", b"location", b"transfer-encoding"}
)


class ReplyMalformed(Exception):
    """The bytes are not a usable reply; the message says why and quotes nothing of them."""


class Redirected(ReplyMalformed):
    """The upstream names another place to ask, and does nothing itself."""


class ReplyParser:
    """Parses one reply after another; `expect` before each.

    `status` and `headers` hold once `head_done`; `complete` says that the body has ended properly. `keep_alive` is
    what the head says of the connection, `idle_hint` the seconds of its `Keep-Alive: timeout`.
    """

    __slots__ = (
        "_between",
        "_fields",
        "_interim",
        "_left",
        "_overhead",
        "_parser",
        "_piece",
        "_pieces",
        "_plain",
        "_repeats",
        "_until_eof",
        "complete",
        "head_done",
        "headers",
        "idle_hint",
        "keep_alive",
        "length",
        "started",
        "status",
    )

    def __init__(self, plain: PlainHeads | None = None) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._plain = PlainHeads() if plain is None else plain
        self.idle_hint: int | None = None
        self.length: int | None = None
        self.headers: dict[bytes, bytes] = {}
        self._left = self._overhead = self._interim = self._repeats = 0
        self._piece = b""
        self._pieces: list[bytes] = []
        self.started = self.head_done = self.complete = self.keep_alive = self._between = False

    def expect(self) -> None:
        """Makes ready for the next reply; what was not taken of the one before is dropped."""
        self.started = self.head_done = self.complete = self._between = False
        self._piece = b""
        if self._pieces:
            self._pieces = []

    def feed(self, data: bytes) -> None:
        """Takes what arrived. Raises ReplyMalformed."""
        if not self.started:
            self.started = True
            plain = self._plain.read(data)
            if plain is not None:
                self.headers, length, at = plain
                self.length = length
                self.status = 200
                self.idle_hint = None
                self.keep_alive = self.head_done = True
                self._until_eof = False
                self._piece = data[at:]
                left = self._left = length + at - len(data)
                if left <= 0:
                    if left < 0:
                        raise ReplyMalformed("it is longer than it said")
                    self.complete = True
                return
            self._left = self._overhead = self._interim = self._repeats = 0
            self.keep_alive = False
        elif self._left:
            self._count(data)
            return
        elif self._between and self._take_chunks(data):
            return
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        """Has llhttp parse what arrived."""
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise ReplyMalformed("it switches protocols") from None
        except httptools.HttpParserCallbackError as error:
            raise _cause(error) from None
        except httptools.HttpParserError as error:
            if self.complete:
                raise ReplyMalformed("it is longer than it said") from None
            raise ReplyMalformed(f"it is not valid HTTP ({error})") from None
        if self._between and not data.endswith(b"\r\n"):
            self._between = False  # The next chunk has begun with something that does not end a line.
        if self._overhead > HEAD_LIMIT and not self.complete:
            raise ReplyMalformed("its head, trailers or chunk extensions are too large")

    def _take_chunks(self, data: bytes) -> bool:
        """Takes what is nothing but whole chunks; False, and nothing is taken, if it is anything else."""
        pieces: list[bytes] = []
        at, size = 0, len(data)
        while at < size:
            end = data.find(b"\r\n", at, at + 5)
            length = _SIZES.get(data[at:end]) if end > 0 else None
            if length is None:
                return False
            at = end + 2 + length
            if data[at : at + 2] != b"\r\n":
                return False
            pieces.append(data[end + 2 : at])
            at += 2
        self._overhead = 0
        self._pieces += pieces
        return True

    def _count(self, body: bytes) -> None:
        """Takes a piece of a body that is nothing but the next `_left` bytes."""
        left = self._left = self._left - len(body)
        if left < 0:
            raise ReplyMalformed("it is longer than it said")
        self._piece = self._piece + body if self._piece else body
        self.complete = left == 0

    def take(self) -> bytes:
        """The body bytes since the last call, in one piece; `b""` if there are none."""
        piece = self._piece
        if piece:
            self._piece = b""
            return piece
        pieces = self._pieces
        if not pieces:
            return b""
        self._pieces = []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def eof(self) -> bool:
        """The connection has ended: whether that is this reply's proper end."""
        if self.head_done and not self.complete and self._until_eof:
            self.complete = True
            self.keep_alive = False
        return self.complete

    # Callbacks of llhttp, in the order it makes them. What they raise comes out of `feed`.

    def on_message_begin(self) -> None:
        if self.complete:
            raise ReplyMalformed("it is longer than it said")
        self._fields: dict[bytes, bytes] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        fields = self._fields
        if name in fields:
            self._repeats += 1
            if name in _SINGLE or self._repeats > REPEAT_LIMIT:
                raise ReplyMalformed("it repeats a header that may stand only once, or any header too often")
            value = fields[name] + b", " + value
        fields[name] = value.rstrip()  # llhttp leaves the white space behind a value

    def on_headers_complete(self) -> None:
        parser = self._parser
        fields = self._fields
        if self._overhead > HEAD_LIMIT and sum(len(n) + len(v) + 4 for n, v in fields.items()) > HEAD_LIMIT:
            raise ReplyMalformed("its head is too large")
        status = parser.get_status_code()
        if 100 <= status < 200:
            self._interim += 1
            if self._interim > INTERIM_LIMIT:
                raise ReplyMalformed("it sends interim replies without end")
            return
        self.keep_alive = parser.should_keep_alive()
        version = "1.1"
        if not self.keep_alive or b"connection" in fields:  # else only 1.1 is kept alive: asking llhttp is slow
            version = parser.get_http_version()
            if version not in _VERSIONS:
                raise ReplyMalformed("its HTTP version is neither 1.0 nor 1.1")
        if not 200 <= status < 300:
            _check_status(status)
        self.status = status
        self._frame(fields, version)
        self.headers = _end_to_end(fields)
        self._fields = {}  # what comes now are trailers: counted as overhead, never believed
        self.head_done = True

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        self._pieces.append(body)

    def on_chunk_header(self) -> None:
        self._between = False

    def on_chunk_complete(self) -> None:
        self._between = True

    def on_message_complete(self) -> None:
        self._between = False
        if self.head_done:
            self.complete = True

    def _frame(self, fields: dict[bytes, bytes], version: str) -> None:
        """How long the body is and how it is coded. Takes the fields that are about this connection only."""
        length = fields.get(b"content-length")
        self.length = None if length is None else int(length)
        coding = fields.pop(b"transfer-encoding", None)
        if coding is not None and (length is not None or version == "1.0" or coding.lower() != b"chunked"):
            raise ReplyMalformed("its transfer encoding is not exactly chunked, or stands beside a length")
        self._until_eof = length is None and coding is None
        content_coding = fields.get(b"content-encoding")
        if content_coding is not None and content_coding.lower() not in _CODINGS:
            raise ReplyMalformed("its content encoding was not asked for")
        hint = fields.pop(b"keep-alive", None)
        self.idle_hint = None if hint is None else _timeout(hint)


def _check_status(status: int) -> None:
    if 300 <= status < 400:
        raise Redirected("it is a redirect, and the gate follows none; check the connection's URL")
    if not 200 <= status <= 599:
        raise ReplyMalformed("its status is out of range")


def _end_to_end(fields: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """The fields without the hop-by-hop ones and without those that `Connection` lists."""
    connection = fields.pop(b"connection", None)
    if connection is not None and connection.lower() not in _PLAIN_CONNECTION:
        for token in connection.split(b","):
            fields.pop(token.strip().lower(), None)
    if not _HOP_BY_HOP.isdisjoint(fields):
        for name in _HOP_BY_HOP:
            fields.pop(name, None)
    return fields


def _cause(error: httptools.HttpParserCallbackError) -> BaseException:
    """What a callback raised; httptools chains it."""
    cause = error.__cause__ or error.__context__
    return cause if cause is not None else error


def _timeout(hint: bytes) -> int | None:
    """Seconds of `Keep-Alive: timeout=5, max=100`; None where it says nothing usable."""
    for part in hint.split(b","):
        name, _, value = part.strip().partition(b"=")
        if name.lower() == b"timeout" and value.isdigit() and len(value) < 7:
            return int(value)
    return None
