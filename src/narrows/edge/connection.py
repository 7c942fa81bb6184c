"""One client connection: its transport, the order of its requests, backpressure and deadlines.

One exchange at a time: what a client pipelines waits, bounded, until the reply in front of it is over. Reading goes on
while a request is served, because only a reader learns that the client went away; it pauses when pipelined bytes, or a
body that nobody asked for, pass READ_AHEAD. It must not know what a request is about.
"""

import asyncio
import contextlib
import re
import socket
import struct
from enum import IntEnum
from typing import Final, cast

from narrows.edge.deadlines import Deadline, Wait
from narrows.edge.denials import draining, failed, timed_out
from narrows.edge.exchange import CLIENT_GONE, DRAIN, HttpExchange, Reply
from narrows.edge.head import Accepted, Origin
from narrows.edge.intake import Intake
from narrows.edge.peers import origin_of
from narrows.edge.replies import CLOSE, encode_head
from narrows.edge.sending import WRITE_HIGH, WRITE_LOW, Sending
from narrows.edge.service import Service, log
from narrows.engine.bursts import FEW
from narrows.model.verdict import Deny

READ_AHEAD: Final = 64 * 1024
"""Bytes taken in advance (plus what one read returns): of a body not asked for, or of pipelined requests."""

LINGER: Final = 2.0
"""Seconds that a closing connection goes on reading, so that the reply isn't lost to a reset (RFC 9112 §9.6)."""

_RESET: Final = struct.pack("ii", 1, 0)
_PATH: Final = re.compile(rb"[A-Z]{1,16} (/[!->@-~]{0,1024})")


class State(IntEnum):
    """What the connection is at."""

    HEAD = 0  # between requests, or inside a request's head
    BUSY = 1  # a request is served, or its reply is still being sent
    CLOSING = 2  # nothing more is served; bytes are discarded until the client has read the last reply


# Looking a member up on its class costs more than the comparison it is for.
_HEAD: Final = State.HEAD
_BUSY: Final = State.BUSY
_CLOSING: Final = State.CLOSING
_NOTHING: Final = Wait.NOTHING
_IDLE: Final = Wait.IDLE
_NAME: Final = "narrows call"
_ENDED: Final = Reply.ENDED


class Connection(Sending):
    """The protocol of one connection; see the module."""

    __slots__ = (
        "_clock", "_ending", "_exchange", "_intake", "_origin", "_reading", "_running", "_service", "_state",
        "_surplus", "_task",
    )  # fmt: skip

    def __init__(self, service: Service) -> None:
        super().__init__(service.loop)
        self._service = service
        self._intake = Intake(service.allows_encoded_slash)
        self._clock = Deadline(service.loop, self._expired)
        self._state: State = _HEAD
        self._exchange: HttpExchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._running = False
        self._surplus = False
        self._reading = True
        # The connection ends when what is still on its way has left; True: it lingers then.
        self._ending: bool | None = None
        self._origin = Origin("")

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands; over the cap it is kept only to be told so."""
        # uvloop's transports have every method, but not the base class.
        self._transport = transport = cast("asyncio.Transport", transport)
        service = self._service
        surplus = service.join(self)
        if surplus is None:
            self._lost = True
            transport.abort()
            return
        self._surplus = surplus
        transport.set_write_buffer_limits(high=WRITE_HIGH, low=WRITE_LOW)
        self._origin = origin_of(transport, service.trusted)
        self._clock.expect(Wait.IDLE, LINGER if surplus else service.settings.header_timeout)

    def data_received(self, data: bytes) -> None:
        """Bytes arrived: of a head, of a body, of a request that must wait, or of no interest any more."""
        intake = self._intake
        if self._state is _HEAD:
            usual = None if intake.buffer else intake.at_once(data)
            if usual is None:
                intake.push(data)
            else:
                self._begin(*usual)
            if self._state is _HEAD:
                self._advance()
            return
        if self._state is _CLOSING:
            return
        intake.push(data)
        if self._exchange is not None:
            self._read_body(self._exchange)
        elif len(intake.buffer) > READ_AHEAD:
            self._pause()

    def eof_received(self) -> None:
        """The client sends no more. In a call that means it is gone, even if it only half-closed: no client of a
        model does that and stays to read."""
        self.release()
        exchange = self._exchange
        if exchange is not None and exchange.reply is Reply.BEGUN and exchange.cut_by_reset:
            self._reset()
        self._gone()
        # The transport now closes by itself, when it has sent what it holds; this is until when it may try.
        self._state = _CLOSING
        self._hand_over()
        self._clock.expect(Wait.CLOSING, self._service.settings.write_timeout, self._unsent())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- the loop's signature
        """The connection is no more; a call in it is cancelled at once."""
        self._gone()
        self._state = _CLOSING
        self._clock.stop()
        self._drop()
        self._intake.discard()
        self._service.leave(self)

    def _stalled(self) -> None:
        if self._state is not _CLOSING:
            self._clock.expect(Wait.WRITE, self._service.settings.write_timeout, self._unsent())

    def _relieved(self) -> None:
        ending, self._ending = self._ending, None
        if ending is not None:
            self._close(linger=ending)
            return
        if self._clock.wait is Wait.WRITE:
            self._clock.clear()
        if self._state is _BUSY and self._exchange is None:
            self._state = _HEAD
            self._advance()

    # The order of requests.

    def _advance(self) -> None:
        """Reads heads until one is served, one is refused, or none is complete."""
        while self._state is _HEAD:
            outcome = self._intake.next_head(self._origin) if self._intake.buffer else None
            if outcome is None:
                self._await_head()
                return
            if isinstance(outcome, Deny):
                self._refuse(outcome)
                return
            self._begin(outcome)

    def _await_head(self) -> None:
        if not self._reading:
            self._resume()
        if self._intake.buffer:
            if self._clock.wait is not Wait.HEADER:
                self._clock.expect(Wait.HEADER, self._service.settings.header_timeout)
        elif self._service.draining and not self._service.tasks:
            self._close()
        elif self._clock.wait is _NOTHING:
            self._clock.expect(_IDLE, self._service.settings.idle_timeout)

    def _begin(self, accepted: Accepted, body: bytes | None = None) -> None:
        """Serves a request, or sheds it before any work is done. `body`: all of it, if it is here."""
        exchange = HttpExchange(self, accepted)
        self._exchange = exchange
        self._state = _BUSY
        self._clock.clear()
        if body is None:
            body = self._intake.whole_body()
        if body is not None:
            exchange.arrive(body)
        service = self._service
        deny = service.admit(surplus=self._surplus)
        if deny is None:
            self._running = False
            # The loop's own create_task only adds to the cost; so would a number in the name.
            task = asyncio.Task(self._serve(exchange), loop=service.loop, name=_NAME)
            self._task = task
            service.tasks.add(task)
            if body is None:
                self._read_body(exchange)
        else:
            if body is None:
                self._read_body(exchange)
            self._answer(exchange, deny)
            self._settle(exchange)

    async def _serve(self, exchange: HttpExchange) -> None:
        """The task of one call: whatever the handler does, the client gets one answer or a cut."""
        self._running = True
        deny: Deny | None = None
        try:
            if not self._lost:
                await self._service.handler(exchange)
                if exchange.reply is not _ENDED:
                    log.error("a handler returned without ending its reply")
        except asyncio.CancelledError as cancelled:
            if DRAIN in cancelled.args:
                deny = draining()
        except Exception as error:  # noqa: BLE001 -- the boundary of a call; its content must not be logged
            log.error("a handler failed: %s", type(error).__name__)
        if exchange.reply is not _ENDED and not self._lost:
            if exchange.reply is Reply.NONE:
                self._answer(exchange, deny or failed())
            exchange.abort()
        service, task = self._service, self._task
        self._task = None
        if task is not None:
            service.ended(task)
        if exchange.closing or self._intake.buffer or service.draining or not (self._reading and self.writable):
            self._settle(exchange)
            self._advance()
        else:
            # The same for the usual end: nothing has come meanwhile, and the client may send its next request.
            self._exchange = None
            self._state = _HEAD
            self._clock.expect(_IDLE, service.settings.idle_timeout)

    def _settle(self, exchange: HttpExchange) -> None:
        """A reply is over: the next request, or the end."""
        self._exchange = None
        if self._lost:
            return
        if exchange.closing:
            self._close(linger=not exchange.arrived or bool(self._intake.buffer))
        elif self._unblocked:
            self._state = _HEAD

    def _read_body(self, exchange: HttpExchange) -> None:
        """Moves what has arrived of the body to the exchange; what follows it stays behind."""
        intake, size = self._intake, len(self._intake.buffer)
        if not exchange.arrived:
            deny = None if exchange.refused is not None else intake.read_body(exchange)
            if deny is not None:
                exchange.refuse_body(deny)
            if exchange.refused is not None:
                intake.discard()
                return
            if intake.over:
                if self._clock.wait is Wait.BODY:
                    self._clock.clear()
                exchange.complete()
            elif exchange.size > READ_AHEAD and not exchange.wanted:
                self._pause()
            elif size >= READ_AHEAD:
                # More is there already, and the loop would read megabytes in one go: others have their turn first.
                self._pause()
                self._service.loop.call_soon(self._read_on, exchange)
        elif len(intake.buffer) > READ_AHEAD:
            self._pause()

    def _read_on(self, exchange: HttpExchange) -> None:
        if exchange is self._exchange and exchange.wanted and not exchange.arrived and exchange.refused is None:
            self._resume()

    # Refusals of the edge's own.

    def _answer(self, exchange: HttpExchange, deny: Deny) -> None:
        status, headers, body = self._service.render(deny, exchange.head.path)
        exchange.respond(status, headers, body)

    def _refuse(self, deny: Deny) -> None:
        """Answers what is no request and closes."""
        beginning = self._intake.beginning()
        found = _PATH.match(beginning)
        path = found[1].decode("ascii") if found is not None else "/"
        status, headers, body = self._service.render(deny, path)
        head = encode_head(status, headers, b"content-length: %d\r\n%b" % (len(body), CLOSE))
        self.write(head if beginning.startswith(b"HEAD ") else head + body)
        self._close(linger=True)

    def _expired(self, wait: Wait, mark: int) -> None:
        """A deadline passed."""
        if wait is Wait.IDLE:
            self._close()
        elif wait is Wait.HEADER:
            self._refuse(timed_out("headers"))
        elif wait is Wait.BODY:
            if self._exchange is not None:
                self._exchange.refuse_body(timed_out("body"))
        elif 0 < self._unsent() < mark:
            self._clock.expect(wait, self._service.settings.write_timeout, self._unsent())
        else:
            self.abort()

    # What an exchange needs (`narrows.edge.exchange.Wire`).

    def reply(self, data: bytes) -> None:
        """Sends a whole reply."""
        service = self._service
        if len(service.tasks) > FEW:
            self.hold(data, service.bursts)
        else:
            self.write(data)

    def expect_body(self) -> None:
        """The handler waits for the body."""
        self._clock.expect(Wait.BODY, self._service.settings.body_timeout)
        self._resume()

    def stop_body(self) -> None:
        """No more of the body is wanted."""
        if self._clock.wait is Wait.BODY:
            self._clock.clear()
        self._pause()

    def keeps_alive(self) -> bool:
        """Whether the connection can take another request after this reply."""
        return not (self._service.draining or self._surplus) and self._exchange is not None and self._exchange.arrived

    def cut(self) -> None:
        """Breaks the connection so that the reply can't look complete: a chunked one lacks its last chunk, one that
        ends with the connection must be reset."""
        exchange = self._exchange
        if exchange is not None and exchange.cut_by_reset:
            self._reset()
        else:
            self._close()
        self._lost = True

    def interrupt(self, word: str) -> None:
        """Cancels the task of the call; the connection stays."""
        if self._task is not None:
            self._task.cancel(word)

    # The end.

    def drain(self) -> None:
        """Close if idle; otherwise close after the reply."""
        if self._state is _HEAD and not self._intake.buffer:
            self._close()

    def abort(self) -> None:
        """Break the connection now."""
        self._lost = True
        self._state = _CLOSING
        self._drop()
        self._transport.abort()

    def _gone(self) -> None:
        """The client went away. A reply that is complete needs no reader; a call that is not has lost its caller."""
        self._lost = True
        self._free_room()
        exchange, task = self._exchange, self._task
        if task is not None and self._running and exchange is not None and exchange.reply is not _ENDED:
            task.cancel(CLIENT_GONE)

    def _reset(self) -> None:
        with contextlib.suppress(OSError, TypeError, AttributeError):
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.abort()

    def _close(self, *, linger: bool = False) -> None:
        """Lets the client read what was written, then closes; `linger`: it may still be sending."""
        self._state = _CLOSING
        self._intake.discard()
        self.release()
        if self._outbox is not None:
            self._ending = linger
            self._clock.expect(Wait.CLOSING, self._service.settings.write_timeout, self._unsent())
        elif linger:
            seconds = LINGER if self._unsent() < WRITE_HIGH else self._service.settings.write_timeout
            self._clock.expect(Wait.CLOSING, seconds, self._unsent())
            self._resume()
            if self._transport.can_write_eof():
                self._transport.write_eof()
        else:
            self._clock.expect(Wait.CLOSING, self._service.settings.write_timeout, self._unsent())
            self._transport.close()

    def _pause(self) -> None:
        if self._reading and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not self._reading and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()
