"""Bytes of one connection → checked heads and body pieces. Sans-IO: it knows no transport and no task.

Raw checks come first (`wire_guard`), then the parser (llhttp) reads exactly the bytes that the guard found to belong to
the message. Where the two disagree the request is refused: nothing that they could read differently gets through.
Bytes of the next request stay in the buffer, unseen by the parser, until `next_head` is called again. A head that the
client repeats (`repeats`) was read by both before: it skips them, and its body is as many bytes as it says.
"""

from typing import Protocol

import httptools

from narrows.edge.denials import malformed
from narrows.edge.head import CHUNKED, Accepted, Memo, Origin, judge_head, repeat_field
from narrows.edge.paths import AllowsEncodedSlash
from narrows.edge.repeats import Repeat, repeatable
from narrows.edge.wire_guard import ChunkGuard, judge_partial, match_head
from narrows.model.verdict import Deny


class BodySink(Protocol):
    """Where the pieces of a body go."""

    def take(self, data: bytes) -> None:
        """A piece of the body; never empty."""


class Intake:
    """The reading side of a connection: push, next_head until it gives a head, read_body until `over`, and again.

    `buffer` holds the bytes that nothing has read yet.
    """

    __slots__ = (
        "_allows_encoded_slash",
        "_chunks",
        "_counted",
        "_denied",
        "_headers",
        "_left",
        "_memo",
        "_parser",
        "_repeat",
        "_repeats",
        "_scanned",
        "_sink",
        "_skipped",
        "buffer",
        "over",
    )

    def __init__(self, allows_encoded_slash: AllowsEncodedSlash) -> None:
        self._allows_encoded_slash = allows_encoded_slash
        self.buffer = b""
        self._scanned = 0
        self._skipped = False
        self._headers: dict[bytes, bytes] = {}
        self._memo = Memo()
        self._repeat: Repeat | None = None
        self._repeats = 0
        self._denied: Deny | None = None
        self._left = 0
        self._counted = False
        self._chunks: ChunkGuard | None = None
        self._sink: BodySink | None = None
        self._parser: httptools.HttpRequestParser | None = None
        self.over = True

    def push(self, data: bytes) -> None:
        """Bytes arrived."""
        self.buffer = self.buffer + data if self.buffer else data

    def discard(self) -> None:
        """Forgets what is buffered: the connection reads nothing any more."""
        self.buffer = b""
        self._sink = None
        self._parser = None
        self._repeat = None
        self._counted = False

    def beginning(self) -> bytes:
        """The first bytes of what is buffered, to guess whose error shape a refusal should have."""
        return self.buffer[:2048]

    def at_once(self, data: bytes) -> tuple[Accepted, bytes] | None:
        """The usual request: `data` is a head that the client repeats and the whole body behind it, and nothing else.
        Only while nothing is buffered; None takes nothing of it."""
        repeat = self._repeat
        if repeat is None:
            return None
        if data.startswith(repeat.block):
            accepted, size = repeat.accepted, repeat.size
        else:
            varied = repeat.vary(data)
            if varied is None:
                return None
            accepted, size = varied
        if len(data) - size != accepted.length:
            return None
        self._skipped = False
        return accepted, data[size:]

    def next_head(self, origin: Origin) -> Accepted | Deny | None:
        """The next request's head; None while it is incomplete."""
        repeat = self._repeat
        if repeat is not None:
            buffer = self.buffer
            if buffer.startswith(repeat.block):
                return self._again(repeat.accepted, repeat.size)
            varied = repeat.vary(buffer)
            if varied is not None:
                return self._again(*varied)
        return self._judge(origin)

    def _again(self, accepted: Accepted, size: int) -> Accepted:
        """Takes a head of `size` bytes that the parser needs not see, because it saw it before."""
        self.buffer = self.buffer[size:]
        self._scanned = 0
        self._skipped = False
        self._left = length = accepted.length
        self.over = length == 0
        self._chunks = None
        self._counted = True
        return accepted

    def _judge(self, origin: Origin) -> Accepted | Deny | None:
        if self.buffer[:1] == b"\r" and not self._skip_empty_line():
            return None
        buffer = self.buffer
        scanned = self._scanned
        end = buffer.find(b"\r\n\r\n", scanned - 3 if scanned > 3 else 0)
        if end < 0:
            deny = judge_partial(buffer, scanned)
            self._scanned = len(buffer)
            return deny
        self._scanned = 0
        block = buffer[: end + 4]
        line = match_head(block)
        if isinstance(line, Deny):
            return line
        deny = self._parse(block)
        if deny is not None:
            return deny
        accepted = judge_head(*line, self._headers, origin, self._allows_encoded_slash, self._memo)
        if isinstance(accepted, Deny):
            return accepted
        self.buffer = buffer[end + 4 :]
        self._skipped = False
        if self.over is not (accepted.length == 0):
            return malformed("The request's length is ambiguous.")
        self._left = accepted.length
        self._chunks = ChunkGuard() if accepted.length == CHUNKED else None
        self._counted = False
        self._repeat = Repeat(block, accepted) if repeatable(block, accepted) else None
        return accepted

    def _skip_empty_line(self) -> bool:
        """RFC 9112 §2.2: an empty line before a request is skipped; one, not many. False if more bytes must come."""
        if not self._skipped and b"\r\n".startswith(self.buffer[:2]):
            if len(self.buffer) == 1:
                return False
            self._skipped = True
            self.buffer = self.buffer[2:]
        return bool(self.buffer)

    def _parse(self, block: bytes) -> Deny | None:
        """Feeds one head to the parser; the fields are then in `_headers`."""
        parser = self._parser
        if parser is None:
            parser = self._parser = httptools.HttpRequestParser(self)
        self._headers = {}
        self._repeats = 0
        self._denied = None
        self.over = False
        try:
            parser.feed_data(block)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return self._explain_rejection()
        if len(self._headers) + self._repeats != block.count(b"\n") - 2:
            return malformed("The header block is ambiguous.")
        return self._denied

    def _explain_rejection(self) -> Deny:
        """What llhttp rejects but the guard let through is mostly framing; our own words for it are better."""
        self._parser = None
        return malformed("The request's head breaks the grammar of HTTP: method, lengths, codings or upgrade.")

    def read_body(self, sink: BodySink) -> Deny | None:
        """Moves what has arrived of the body to `sink`; afterwards `over` says whether that was all."""
        data = self.buffer
        if not data or self.over:
            return None
        if self._counted:
            self._count(data, sink)
            return None
        if self._parser is None:
            return None
        if self._chunks is not None:
            count = self._chunks.feed(data)
            if isinstance(count, Deny):
                return count
            ended = self._chunks.done
        else:
            count = min(self._left, len(data))
            self._left -= count
            ended = self._left == 0
        self.buffer = data[count:]
        self._sink = sink
        try:
            self._parser.feed_data(data if count == len(data) else data[:count])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return malformed("The body's framing is broken.")
        if self.over is not ended:
            return malformed("The body's end is ambiguous.")
        return None

    def whole_body(self) -> bytes | None:
        """The body at once, where all of it is here, nothing follows it and the parser need not see it."""
        if not self._counted or len(self.buffer) != self._left:
            return None
        body = self.buffer
        self.buffer = b""
        self._left = 0
        self.over = True
        return body

    def _count(self, data: bytes, sink: BodySink) -> None:
        """Moves a body that is nothing but the next bytes."""
        left = self._left
        size = len(data)
        if size > left:
            self.buffer = data[left:]
            data = data[:left]
            self._left = 0
        else:
            self.buffer = b""
            self._left = left - size
        self.over = size >= left
        sink.take(data)

    # Called by the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; the parser leaves trailing white space in the value."""
        name = name.lower()
        headers = self._headers
        if name not in headers:
            headers[name] = value.rstrip(b" \t")
            return
        self._repeats += 1
        self._denied = self._denied or repeat_field(headers, name, value.rstrip(b" \t"))

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._sink is not None:
            self._sink.take(data)

    def on_message_complete(self) -> None:
        """The message's last byte was read."""
        self.over = True
