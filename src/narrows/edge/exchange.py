"""One request and its reply, as the handler sees them (`narrows.ports.http.Exchange`).

It owns the body as it arrives and the order of the reply's parts. It must not know sockets: it speaks to its connection
through `Wire`. A handler's task is cancelled with CLIENT_GONE or DRAIN as the message, so that a record can tell a
client that went away from a call that the gate cut: `CancelledError.args == (DRAIN,)`.
"""

import asyncio
import io
from enum import IntEnum
from typing import Final, Protocol

from narrows.edge.decoding import decode, supports, unsupported
from narrows.edge.denials import body_too_large
from narrows.edge.head import Accepted
from narrows.edge.replies import BODILESS, CHUNKED, CLOSE, CONTINUE, KEEP_ALIVE, LAST_CHUNK, chunk, encode_head
from narrows.model.verdict import Deny
from narrows.ports.http import BodyRefused, HeaderList

CLIENT_GONE: Final = "client gone"
DRAIN: Final = "drain"

INLINE_DECODE: Final = 16 * 1024
"""Encoded bodies up to this size are decoded on the event loop, longer ones in a thread (the codecs free the GIL)."""

JOIN_UP_TO: Final = 64 * 1024
"""Replies up to this size go out as one write; copying longer ones costs more than a second write."""


class Reply(IntEnum):
    """How far the reply is."""

    NONE = 0
    BEGUN = 1
    ENDED = 2


# Looking a member up on its class costs more than the comparison it is for.
_NONE: Final = Reply.NONE
_BEGUN: Final = Reply.BEGUN
_ENDED: Final = Reply.ENDED


class Wire(Protocol):
    """What an exchange needs of its connection."""

    @property
    def writable(self) -> bool:
        """Whether what is written can still reach the client, and the buffer has room."""

    def write(self, data: bytes) -> None:
        """Sends bytes, or drops them when the client is gone."""

    def reply(self, data: bytes) -> None:
        """The same for a whole reply; where many are on their way it leaves with others."""

    def expect_body(self) -> None:
        """The handler waits for the body: read on, and start the clock."""

    def stop_body(self) -> None:
        """No more of the body is wanted."""

    def keeps_alive(self) -> bool:
        """Whether the connection can take another request after this reply."""

    def room(self) -> "asyncio.Future[None] | None":
        """Done when the client has read enough; None if it has."""

    def cut(self) -> None:
        """Breaks the connection so that the reply can't look complete."""

    def interrupt(self, word: str) -> None:
        """Cancels the task of the call."""


class HttpExchange:
    """Made by a connection for each request; see the port for what its methods promise.

    `head`: the request's; `arrived`: the whole body is here; `size`: bytes of it that are; `refused`: why no more is
    taken; `closing`: the connection ends with this reply; `reply`: how far the reply is.
    """

    __slots__ = (
        "_accepted",
        "_encoded_limit",
        "_parts",
        "_waiter",
        "_whole",
        "_wire",
        "arrived",
        "closing",
        "head",
        "refused",
        "reply",
        "size",
    )

    def __init__(self, wire: Wire, accepted: Accepted) -> None:
        self._wire = wire
        self._accepted = accepted
        self.head = accepted.head
        self._parts: bytes | io.BytesIO = b""
        self.size = 0
        self._encoded_limit = -1
        self._waiter: asyncio.Future[None] | None = None
        self.refused: Deny | None = None
        self._whole: bytes | None = None
        self.arrived = False
        self.closing = not accepted.keep_alive
        self.reply: Reply = _NONE

    # The body, from the connection's side.

    @property
    def wanted(self) -> bool:
        """The handler has asked for the body."""
        return self._encoded_limit >= 0

    def take(self, data: bytes) -> None:
        """A piece of the body has arrived."""
        self.size += len(data)
        if self.refused is not None:
            return
        if self.wanted and self.size > self._encoded_limit:
            self.refuse_body(body_too_large(self._encoded_limit))
        elif not self._parts:
            self._parts = data
        else:
            if isinstance(self._parts, bytes):
                first, self._parts = self._parts, io.BytesIO()
                self._parts.write(first)
            self._parts.write(data)

    def arrive(self, body: bytes) -> None:
        """The whole body is here before the handler has begun."""
        self._parts = body
        self.size = len(body)
        self.arrived = True

    def complete(self) -> None:
        """The whole body has arrived."""
        self.arrived = True
        self._wake()

    def refuse_body(self, deny: Deny) -> None:
        """The body can't be had; the connection closes after the reply."""
        self.refused = self.refused or deny
        self._parts = b""
        self.closing = True
        self._wire.stop_body()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # The body, from the handler's side.

    def ready(self, limit: int) -> bytes | None:
        """The whole body if it is here as it was sent, and not too large."""
        if not self.arrived or self._accepted.encoding is not None or self.refused is not None or self.size > limit:
            return None
        whole = self._whole
        if whole is None:
            parts = self._parts
            self._whole = whole = parts if type(parts) is bytes else self._taken()
        return whole

    async def body(self, limit: int) -> bytes:
        """The whole body, decoded. Raises BodyRefused."""
        encoding = self._accepted.encoding
        if self._whole is not None:
            return self._whole
        ready = self.ready(limit)
        if ready is not None:
            return ready
        if encoding is not None and not supports(encoding):
            self.refused = self.refused or unsupported()
        elif self._accepted.length > limit or self.size > limit:
            self.refused = self.refused or body_too_large(limit)
        if self.refused is None and not self.arrived:
            self._encoded_limit = limit
            self._waiter = asyncio.get_running_loop().create_future()
            if self._accepted.expects and not self.size:
                self._wire.write(CONTINUE)
            self._wire.expect_body()
            await self._waiter
        if self.refused is not None:
            raise BodyRefused(self.refused)
        data = self._taken()
        if encoding is not None:
            data = await self._decode(data, encoding, limit)
        self._whole = data
        return data

    def _taken(self) -> bytes:
        """What has arrived. A buffer's value is the buffer itself: copying megabytes would hold up other calls."""
        parts, self._parts = self._parts, b""
        return parts if isinstance(parts, bytes) else parts.getvalue()

    async def _decode(self, data: bytes, encoding: bytes, limit: int) -> bytes:
        if len(data) <= INLINE_DECODE:
            decoded = decode(data, encoding, limit)
        else:
            decoded = await asyncio.get_running_loop().run_in_executor(None, decode, data, encoding, limit)
        if isinstance(decoded, Deny):
            self.refused = decoded
            raise BodyRefused(decoded)
        return decoded

    # The reply.

    def respond(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Sends a whole reply."""
        if self.reply is not _NONE:
            raise _answered()
        framing = self._connection_line()
        if status in BODILESS:
            if body:
                raise ValueError(f"a {status} reply has no body")
        else:
            framing = b"content-length: %d\r\n%b" % (len(body), framing)
        shown = b"" if self.head.method == "HEAD" else body
        joined = len(shown) <= JOIN_UP_TO
        head = encode_head(status, headers, framing, shown if joined else b"")
        self.reply = _ENDED
        if joined:
            self._wire.reply(head)
        else:
            self._wire.write(head)
            self._wire.write(shown)

    def start(self, status: int, headers: HeaderList) -> None:
        """Begins a reply whose length is not known yet. Chunked, or for HTTP/1.0 ended by closing."""
        if self.reply is not _NONE:
            raise _answered()
        if status in BODILESS:
            raise ValueError(f"a {status} reply has no body")
        if not self._accepted.chunked_reply:
            self.closing = True
        framing = self._connection_line()
        if self._accepted.chunked_reply:
            framing = CHUNKED + framing
        head = encode_head(status, headers, framing)
        self.reply = _BEGUN
        # The loop joins what is written in one iteration, so the first piece travels with the head.
        self._wire.write(head)

    def send(self, data: bytes) -> bool:
        """Sends a piece of a begun reply; False when `drained` should be awaited."""
        self._needs_begun()
        if data and self.head.method != "HEAD":
            self._wire.write(chunk(data) if self._accepted.chunked_reply else data)
        return self._wire.writable

    async def drained(self) -> None:
        """Waits until the client has read enough of what was sent."""
        room = self._wire.room()
        if room is not None:
            await room

    def finish(self) -> None:
        """Ends a begun reply."""
        self._needs_begun()
        self.reply = _ENDED
        if self._accepted.chunked_reply and self.head.method != "HEAD":
            self._wire.write(LAST_CHUNK)

    def interrupt(self, word: str) -> None:
        """Cancels the handler's task, with this word."""
        self._wire.interrupt(word)

    def abort(self) -> None:
        """Cuts a begun reply. Before a reply has begun it closes the connection without one."""
        if self.reply is _ENDED:
            return
        self.reply = _ENDED
        self.closing = True
        self._wire.cut()

    @property
    def cut_by_reset(self) -> bool:
        """Whether only a reset tells the client that the reply is broken: its end is the connection's end."""
        return not self._accepted.chunked_reply

    def _needs_begun(self) -> None:
        if self.reply is not _BEGUN:
            raise RuntimeError("no reply has begun, or it has ended")

    def _connection_line(self) -> bytes:
        if self.closing or not self._wire.keeps_alive():
            self.closing = True
            return CLOSE
        return b"" if self._accepted.chunked_reply else KEEP_ALIVE


def _answered() -> RuntimeError:
    return RuntimeError("the exchange was answered before")
