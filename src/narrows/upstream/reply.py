"""A reply as its consumer reads it: whole, or a bounded buffer between the connection and the call.

Owns the buffer and its two marks. The connection adds pieces; when more than the high mark waits unread, it stops
reading from the upstream, and the kernel's window does the rest. Most replies are there at once, and need none of it.
"""

import asyncio
import io
from collections.abc import Callable
from typing import Final, Protocol

from narrows.ports.http import Headers, UpstreamFailed
from narrows.upstream.encoding import DecodingFailed, Gunzip
from narrows.upstream.failure import invalid

PIECE: Final = 64 * 1024
"""Largest piece that `read` gives, in bytes."""

HIGH_WATER: Final = 128 * 1024
LOW_WATER: Final = 32 * 1024

_PIECE_COST: Final = 96
"""What a buffered piece costs beside its bytes, so that a reply sent byte by byte is bounded, too."""


Take = Callable[[bytes], bool]
"""Takes a piece of a body; False: no more for now."""


class Source(Protocol):
    """The connection a reply comes from."""

    def resume(self) -> None:
        """Reads on: the consumer has caught up."""

    def abandon(self) -> None:
        """Closes the connection: nobody wants the rest."""


class Whole:
    """A reply whose head and body arrived together, without a coding: nothing is left to wait for."""

    __slots__ = ("_body", "headers", "status")

    def __init__(self, status: int, headers: dict[bytes, bytes], body: bytes) -> None:
        self.status = status
        self.headers: Headers = headers
        self._body: bytes | None = body

    async def read(self) -> bytes:
        """The next piece of the body, at most 64 KiB; `b""` at its end. Raises UpstreamFailed after `close`."""
        body = self._taken()
        self._body = body[PIECE:]
        return body[:PIECE]

    async def flow(self, take: Take) -> bool:
        """Gives the body to `take`, piece by piece: False at its end, True when `take` wants no more for now."""
        while (piece := await self.read()) and take(piece):
            pass
        return piece != b""

    async def read_all(self, limit: int) -> bytes:
        """The rest of the body. Raises UpstreamFailed when it is over `limit` bytes, and after `close`."""
        body = self._body
        if body is None or len(body) > limit:
            raise _given_up() if body is None else _too_large(limit)
        self._body = b""
        return body

    def close(self) -> None:
        """Gives the reply up. Idempotent; its connection is free since it arrived."""
        self._body = None

    def _taken(self) -> bytes:
        if self._body is None:
            raise _given_up()
        return self._body


class Reply:
    """A reply whose head has arrived."""

    __slots__ = (
        "_buffered",
        "_closed",
        "_ended",
        "_failure",
        "_gunzip",
        "_pieces",
        "_source",
        "_stopped",
        "_taker",
        "_waiter",
        "headers",
        "length",
        "status",
    )

    def __init__(self, source: Source, status: int, headers: dict[bytes, bytes], length: int | None) -> None:
        """`length` is the declared size of the body as sent."""
        self.status = status
        self.length = length
        self._source: Source | None = source
        self._pieces: list[bytes] = []
        self._buffered = 0
        self._ended = False
        self._closed = False
        self._failure: UpstreamFailed | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._taker: Take | None = None
        self._stopped = False
        self._gunzip: Gunzip | None = None
        if b"content-encoding" in headers and headers.pop(b"content-encoding").lower() != b"identity":
            # Asked for identity, but a gzip reply is unambiguous; any other coding fails the reply before this.
            self._gunzip = Gunzip()
            headers.pop(b"content-length", None)
        self.headers: Headers = headers

    # What the connection calls.

    def add(self, piece: bytes) -> bool:
        """More of the body; False when the connection should stop reading."""
        if self._taker is not None and self._pass_on(self._taker, piece):
            return True
        self._pieces.append(piece)
        self._buffered += len(piece) + _PIECE_COST
        if self._waiter is not None:
            self._wake()
        return self._buffered <= HIGH_WATER

    def _pass_on(self, taker: Take, piece: bytes) -> bool:
        """Gives a piece to whoever waits for it, at once; False: nobody does any more."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            return False
        try:
            if taker(piece):
                return True
        except Exception as failure:  # noqa: BLE001 - it is raised where the taker's owner waits
            waiter.set_exception(failure)
        else:
            waiter.set_result(None)
        self._stopped = True
        self._taker = self._waiter = None
        return True

    def end(self) -> None:
        """The body is complete; the connection has let go of this reply."""
        self._ended = True
        self._source = None
        if self._waiter is not None:
            self._wake()

    def fail(self, failure: UpstreamFailed) -> None:
        """No more will come; what is buffered can still be read."""
        self._failure = failure
        self._source = None
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    # What the call uses.

    async def read(self) -> bytes:
        """The next piece of the body, at most 64 KiB; `b""` at its proper end. Raises UpstreamFailed."""
        if self._gunzip is None:
            return self._split(await self._take())
        return await self._read_decoded(self._gunzip)

    async def flow(self, take: Take) -> bool:
        """Gives each piece to `take` when it arrives, in the connection's own callback: False at the proper end, True
        when `take` wants no more for now. Raises UpstreamFailed, and whatever `take` raises."""
        gunzip = self._gunzip
        while True:
            if gunzip is not None:
                piece = await self._read_decoded(gunzip)
            elif self._pieces or not self._waits():
                piece = self._split(await self._take())
            else:
                self._taker, self._stopped = take, False
                try:
                    await self._more()
                finally:
                    self._taker = None
                if self._stopped:
                    return True
                continue
            if not piece:
                return False
            if not take(piece):
                return True

    async def read_all(self, limit: int) -> bytes:
        """The rest of the body. Raises UpstreamFailed, also when it is over `limit` bytes."""
        if self._gunzip is None and self.length is not None and self.length > limit:
            raise self._over(limit)
        # Joined as they come, and a buffer's value is the buffer itself: copying megabytes would hold up other calls.
        whole = io.BytesIO()
        gunzip = self._gunzip
        while piece := await (self._take() if gunzip is None else self._read_decoded(gunzip)):
            if whole.tell() + len(piece) > limit:
                raise self._over(limit)
            whole.write(piece)
            if gunzip is not None:
                await asyncio.sleep(0)  # a small buffer can decode into a lot: let others run in between
        return whole.getvalue()

    def close(self) -> None:
        """Gives the reply up. Idempotent. A connection that still delivers it is closed."""
        self._closed = True
        if self._pieces:
            self._pieces.clear()
            self._buffered = 0
        if self._ended:
            return
        source, self._source = self._source, None
        if source is not None:
            source.abandon()
        self._wake()

    def _waits(self) -> bool:
        """Whether more is to come."""
        return not (self._closed or self._ended or self._failure is not None)

    async def _take(self) -> bytes:
        """The next buffered piece, waiting for one; `b""` at the end."""
        while not self._pieces:
            if self._closed:
                raise _given_up()
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return b""
            await self._more()
        piece = self._pieces.pop(0)  # a list, for most replies have one piece, and the mark keeps it short
        self._buffered -= len(piece) + _PIECE_COST
        if self._source is not None and self._buffered <= LOW_WATER:
            self._source.resume()
        return piece

    def _split(self, piece: bytes) -> bytes:
        """The first 64 KiB of a piece; the rest goes back."""
        if len(piece) <= PIECE:
            return piece
        self._pieces.insert(0, piece[PIECE:])
        self._buffered += len(piece) - PIECE + _PIECE_COST
        return piece[:PIECE]

    async def _read_decoded(self, gunzip: Gunzip) -> bytes:
        """The next decoded piece. The compressed ones stay compressed until they are asked for."""
        try:
            while True:
                if decoded := gunzip.more(PIECE):
                    return decoded
                piece = await self._take()
                if not piece:
                    gunzip.finish()
                    return b""
                gunzip.feed(piece)
        except DecodingFailed as error:
            self.close()
            raise invalid(str(error)) from None

    async def _more(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise

    def _over(self, limit: int) -> UpstreamFailed:
        self.close()
        return _too_large(limit)


def _given_up() -> UpstreamFailed:
    return invalid("it was given up")


def _too_large(limit: int) -> UpstreamFailed:
    return invalid(f"it is larger than {limit} bytes")
