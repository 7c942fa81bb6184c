"""One connection to an upstream: a request out, its reply in, one at a time.

Owns the transport and the deadlines of the exchange. One timer serves all of them: it is armed for the earliest
moment it may be needed and looks at the current deadline when it fires, so that a quick exchange touches no timer.
Knows nothing of pools beyond its owner's two methods, and never sends a request again.
"""

import asyncio
from typing import Final, Protocol, cast

from narrows.config.schema import Timeouts
from narrows.ports.http import UpstreamFailed
from narrows.upstream.failure import invalid, seconds, timed_out, unreachable
from narrows.upstream.parser import ReplyMalformed, ReplyParser
from narrows.upstream.plain import PlainHeads
from narrows.upstream.reply import Reply

JOINED: Final = 64 * 1024
"""Bodies up to this many bytes are sent in one write with their head."""

KEEP_IDLE: Final = 4.0
"""Seconds an idle connection is kept where the server does not say. Common model servers close theirs after 5 s, and a
request that crosses such a close can't be repeated: inference is not idempotent."""

_NEVER: Final = float("inf")

KEEP_MOST: Final = 60.0
KEEP_MARGIN: Final = 1.0
"""Seconds before the server's own announced limit."""


class Owner(Protocol):
    """Who keeps the connection between exchanges."""

    def released(self, connection: "Connection") -> None:
        """The exchange is over and the connection can carry another."""

    def lost(self, connection: "Connection") -> None:
        """The connection is gone. Called exactly once if it was ever made."""


class Connection(asyncio.Protocol):
    """`usable`: it can carry an exchange now or after the current one."""

    __slots__ = (
        "_deadline",
        "_first_byte",
        "_loop",
        "_owner",
        "_parser",
        "_paused",
        "_reply",
        "_timeouts",
        "_timer",
        "_timer_at",
        "_total",
        "_total_at",
        "_transport",
        "usable",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, owner: Owner, timeouts: Timeouts, plain: PlainHeads | None = None
    ) -> None:
        self._loop = loop
        self._owner = owner
        self._timeouts = timeouts
        self._total = timeouts.total
        self._first_byte = timeouts.first_byte
        self._parser = ReplyParser(plain)
        self._reply: Reply | None = None
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = _NEVER
        self._deadline = 0.0
        self._total_at = 0.0
        self._transport: asyncio.Transport
        self.usable = False

    # What the pool and the reply call.

    def begin(self, head: bytes, body: bytes, total_at: float | None = None) -> Reply:
        """Sends a request; only on a usable connection without an exchange. `total_at` is when the whole call must be
        over, in the loop's time, if it began before now."""
        loop = self._loop
        reply = self._reply = Reply(self, loop.create_future())
        self._parser.expect()
        now = loop.time()
        self._total_at = now + self._total if total_at is None else total_at
        self._until(min(now + self._first_byte, self._total_at))
        if len(body) <= JOINED:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return reply

    def keep(self) -> None:
        """Waits for the next exchange, until the server would close the connection."""
        hint = self._parser.idle_hint
        idle = KEEP_IDLE if hint is None else min(KEEP_MOST, hint - KEEP_MARGIN)
        if idle <= 0:
            self.abort()
        else:
            self._until(self._loop.time() + idle)

    def abort(self) -> None:
        """Closes the connection at once. Idempotent."""
        self.usable = False
        self._transport.abort()

    def abandon(self) -> None:
        """The reply is not wanted any more: the upstream sees the connection close."""
        self._reply = None
        self.abort()

    def resume(self) -> None:
        """Reads on after a pause; the idle time begins anew."""
        if self._paused:
            self._paused = False
            self._until(min(self._loop.time() + self._timeouts.idle, self._total_at))
            self._transport.resume_reading()

    # asyncio's callbacks.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self.usable = True

    def data_received(self, data: bytes) -> None:
        reply = self._reply
        if reply is None:
            self.abort()  # nothing was asked: whatever this is, it must not become the next call's reply
            return
        parser = self._parser
        begun = parser.head_done
        try:
            parser.feed(data)
        except ReplyMalformed as error:
            self._fail(invalid(str(error)))
            return
        if not begun:
            if not parser.head_done:
                return
            if parser.status < 400 and self._transport.get_write_buffer_size():
                self._fail(invalid("it came before the request was sent"))
                return
            if parser.complete:
                self._reply = None
                reply.arrive(parser.status, parser.headers, parser.length, parser.take())
                self._free()
                return
            reply.begin(parser.status, parser.headers, parser.length)
        piece = parser.take()
        if parser.complete:
            self._finish(reply, piece)
        elif piece:
            self._deliver(reply, piece)
        elif not begun:
            self._until(min(self._loop.time() + self._timeouts.idle, self._total_at))

    def eof_received(self) -> None:
        self.usable = False
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ended(exc)
        self._owner.lost(self)

    # The exchange.

    def _deliver(self, reply: Reply, piece: bytes) -> None:
        """A piece in the middle of a body."""
        if reply.add(piece):
            self._until(min(self._loop.time() + self._timeouts.idle, self._total_at))
        elif not self._paused:
            # The consumer is the slow one: the upstream is not held to its idle time meanwhile.
            self._paused = True
            self._transport.pause_reading()
            self._until(self._total_at)

    def _finish(self, reply: Reply, piece: bytes) -> None:
        """The body is complete: the reply stands on its own and the connection is free."""
        self._reply = None
        if piece:
            reply.add(piece)
        reply.end()
        if self._paused:
            # The end was on its way when reading was paused: the next exchange must not inherit the pause.
            self._paused = False
            self._transport.resume_reading()
        self._free()

    def _free(self) -> None:
        """The exchange is over: the connection goes back to its owner, or away."""
        # What is still unsent belongs to a request that was answered early; it would become part of the next one.
        if self.usable and self._parser.keep_alive and not self._transport.get_write_buffer_size():
            self._owner.released(self)
        else:
            self.abort()

    def _ended(self, exc: Exception | None) -> None:
        """The upstream has closed its side."""
        reply = self._reply
        if reply is None:
            return
        parser = self._parser
        if not parser.started:
            reason = "it closed the connection without an answer"
            self._fail(unreachable(reason, sent=True), exc)
        elif exc is None and parser.eof():
            self._finish(reply, b"")
        else:
            self._fail(invalid("it is cut off"), exc)

    def _fail(self, failure: UpstreamFailed, cause: BaseException | None = None) -> None:
        reply, self._reply = self._reply, None
        self.abort()
        if reply is not None:
            failure.__cause__ = cause
            reply.fail(failure)

    # The deadline.

    def _until(self, deadline: float) -> None:
        """Sets the deadline; arms the timer only if it would fire too late."""
        self._deadline = deadline
        if deadline < self._timer_at:
            self._arm(deadline)

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_at(deadline, self._due)

    def _due(self) -> None:
        self._timer = None
        self._timer_at = _NEVER
        now = self._loop.time()
        if now < self._deadline:
            self._arm(self._deadline)
        elif self._reply is None:
            self.abort()
        else:
            self._fail(timed_out(self._lateness(now), sent=True))

    def _lateness(self, now: float) -> str:
        timeouts = self._timeouts
        if now >= self._total_at:
            return f"did not finish within {seconds(timeouts.total)}"
        if self._parser.head_done:
            return f"was silent for {seconds(timeouts.idle)} in the middle of its reply"
        return f"did not begin to answer within {seconds(timeouts.first_byte)}"
