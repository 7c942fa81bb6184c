"""One connection to an upstream: a request out, its reply in, one at a time.

Owns the transport and the deadlines of the exchange. One timer serves all of them: it is armed for the earliest
moment it may be needed and looks at the current deadline when it fires, so that a quick exchange touches no timer.
Knows nothing of pools beyond its owner's two methods, and never sends a request again.
"""

import asyncio
from typing import Final, Protocol, cast

from narrows.config.schema import Timeouts
from narrows.engine.bursts import Bursts
from narrows.ports.http import UpstreamFailed
from narrows.upstream.failure import invalid, seconds, timed_out, unreachable
from narrows.upstream.parser import Redirected, ReplyMalformed, ReplyParser
from narrows.upstream.plain import PlainHeads
from narrows.upstream.reply import Reply, Whole

JOINED: Final = 64 * 1024
"""Bodies up to this many bytes are sent in one write with their head."""

SLICE: Final = 256 * 1024
"""Longer ones are sent in pieces of so many bytes, each when the one before has left: the kernel copies megabytes in
one go, and the event loop would stand still meanwhile."""

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
        "_begun",
        "_blocked",
        "_deadline",
        "_first_byte",
        "_held",
        "_idle",
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
        "_unsent",
        "usable",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, owner: Owner, timeouts: Timeouts, plain: PlainHeads | None = None
    ) -> None:
        self._loop = loop
        self._owner = owner
        self._timeouts = timeouts
        self._total = timeouts.total
        self._idle = timeouts.idle
        self._first_byte = min(timeouts.first_byte, timeouts.total)
        self._parser = ReplyParser(plain)
        # An exchange waits for its head (`_begun`), then for the rest of its body (`_reply`).
        self._begun: asyncio.Future[Whole | Reply] | None = None
        self._reply: Reply | None = None
        self._unsent: memoryview | None = None
        # A request that leaves with others at the end of this turn of the loop.
        self._held = b""
        self._blocked = False
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = _NEVER
        self._deadline = 0.0
        self._total_at = 0.0
        self._transport: asyncio.Transport
        self.usable = False

    # What the pool and the reply call.

    def begin(
        self, head: bytes, body: bytes = b"", total_at: float | None = None, bursts: Bursts | None = None
    ) -> asyncio.Future[Whole | Reply]:
        """Sends a request; only on a usable connection without an exchange. Done when the reply's head has arrived;
        raises UpstreamFailed. A long `body` follows its `head` piece by piece. `total_at` is when the whole call must
        be over, in the loop's time, if it began before now. `bursts`: what is to be sent leaves with others."""
        loop = self._loop
        begun = self._begun = loop.create_future()
        self._parser.expect()
        now = loop.time()
        deadline = now + self._first_byte
        if total_at is None:
            self._total_at = now + self._total
        else:
            self._total_at = total_at
            deadline = min(deadline, total_at)
        self._deadline = deadline
        if deadline < self._timer_at:
            self._arm(deadline)
        if body:
            self._transport.write(head)
            self._unsent = memoryview(body)
            self._send_on()
        elif bursts is None:
            self._transport.write(head)
        else:
            self._held = head
            bursts.join(self, loop)
        return begun

    def release(self) -> None:
        """Sends the request that was held back, if the call still waits for its reply."""
        held, self._held = self._held, b""
        if held and self.usable:
            self._transport.write(held)

    def forsake(self, begun: "asyncio.Future[Whole | Reply]") -> None:
        """The call that waits for a reply is cancelled. What has arrived is given up, what has not closes the
        connection."""
        if begun is self._begun:
            self._begun = None
            self.abort()
        elif begun.done() and not begun.cancelled() and begun.exception() is None:
            begun.result().close()

    def keep(self) -> None:
        """Waits for the next exchange, until the server would close the connection."""
        hint = self._parser.idle_hint
        idle = KEEP_IDLE if hint is None else min(KEEP_MOST, hint - KEEP_MARGIN)
        if idle <= 0:
            self.abort()
            return
        deadline = self._deadline = self._loop.time() + idle
        if deadline < self._timer_at:
            self._arm(deadline)

    def abort(self) -> None:
        """Closes the connection at once. Idempotent."""
        self.usable = False
        self._unsent = None
        self._held = b""
        self._transport.abort()

    def abandon(self) -> None:
        """The reply is not wanted any more: the upstream sees the connection close."""
        self._reply = None
        self.abort()

    def resume(self) -> None:
        """Reads on after a pause; the idle time begins anew."""
        if self._paused:
            self._paused = False
            self._until(min(self._loop.time() + self._idle, self._total_at))
            self._transport.resume_reading()

    # asyncio's callbacks.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self.usable = True

    def data_received(self, data: bytes) -> None:
        parser, begun, reply = self._parser, self._begun, self._reply
        if begun is None and reply is None:
            self.abort()  # nothing was asked: whatever this is, it must not become the next call's reply
            return
        try:
            parser.feed(data)
        except ReplyMalformed as error:
            self._fail(invalid(str(error), refused=type(error) is Redirected))
            return
        if begun is None:
            if reply is not None:
                self._go_on(reply)
        elif parser.head_done:
            self._start(begun)

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

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        if self._unsent is not None:
            self._loop.call_soon(self._send_on)

    # The exchange.

    def _send_on(self) -> None:
        """Sends the next piece of a long body."""
        unsent = self._unsent
        if unsent is None or self._blocked or not self.usable:
            return
        rest = unsent[SLICE:]
        self._unsent = rest if rest else None
        self._transport.write(unsent[:SLICE])
        if rest and not self._blocked:
            self._loop.call_soon(self._send_on)

    def _start(self, begun: "asyncio.Future[Whole | Reply]") -> None:
        """The head of a reply has arrived."""
        parser = self._parser
        # What is still unsent belongs to a request that was answered early; it would become part of the next one.
        sent = self._unsent is None and not self._held and not self._transport.get_write_buffer_size()
        if not sent and parser.status < 400:
            self._fail(invalid("it came before the request was sent"))
            return
        self._begun = None
        if begun.done():
            self.abort()  # the call was cancelled a moment ago
            return
        if parser.complete and b"content-encoding" not in parser.headers:
            begun.set_result(Whole(parser.status, parser.headers, parser.take()))
            if sent and parser.keep_alive and self.usable:
                self._owner.released(self)
            else:
                self.abort()
            return
        self._reply = reply = Reply(self, parser.status, parser.headers, parser.length)
        begun.set_result(reply)
        self._until(min(self._loop.time() + self._idle, self._total_at))
        self._go_on(reply)

    def _go_on(self, reply: Reply) -> None:
        """More of a reply's body may have arrived."""
        parser = self._parser
        piece = parser.take()
        if parser.complete:
            self._finish(reply, piece)
        elif not piece:
            return
        elif reply.add(piece):
            deadline = self._loop.time() + self._idle
            self._deadline = deadline if deadline < self._total_at else self._total_at
            if self._deadline < self._timer_at:
                self._arm(self._deadline)
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
        sent = self._unsent is None and not self._held and not self._transport.get_write_buffer_size()
        if sent and self._parser.keep_alive and self.usable:
            self._owner.released(self)
        else:
            self.abort()

    def _ended(self, exc: Exception | None) -> None:
        """The upstream has closed its side."""
        reply, parser = self._reply, self._parser
        if reply is None and self._begun is None:
            return
        if not parser.started:
            reason = "it closed the connection without an answer"
            self._fail(unreachable(reason, sent=not self._held), exc)
        elif exc is None and reply is not None and parser.eof():
            self._finish(reply, b"")
        else:
            self._fail(invalid("it is cut off"), exc)

    def _fail(self, failure: UpstreamFailed, cause: BaseException | None = None) -> None:
        reply, self._reply = self._reply, None
        begun, self._begun = self._begun, None
        self.abort()
        failure.__cause__ = cause
        if reply is not None:
            reply.fail(failure)
        elif begun is not None and not begun.done():
            begun.set_exception(failure)

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
        elif self._reply is None and self._begun is None:
            self.abort()
        else:
            self._fail(timed_out(self._lateness(now), sent=not self._held))

    def _lateness(self, now: float) -> str:
        timeouts = self._timeouts
        if now >= self._total_at:
            return f"did not finish within {seconds(timeouts.total)}"
        if self._begun is None:
            return f"was silent for {seconds(timeouts.idle)} in the middle of its reply"
        return f"did not begin to answer within {seconds(timeouts.first_byte)}"
