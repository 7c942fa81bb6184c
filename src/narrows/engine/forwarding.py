"""A judged call, from its record to its ending: forward, read the reply event by event, let guards judge, answer.

A buffered reply is one event; there is one code path. Whatever happens, the record gets exactly one ending, the
guards are released, and the upstream is let go.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import msgspec

from narrows.engine import metering, replying
from narrows.engine.apart import digest, hear
from narrows.engine.bodies import (
    SMALL,
    forwarded,
    forwarded_here,
    has_error,
    holds,
    is_large,
    masked_error,
    read_buffered,
)
from narrows.engine.chain import Chain
from narrows.engine.limits import reach, sending, with_what_is_left
from narrows.engine.live import REVOKED, Running
from narrows.engine.onward import onward_headers, restorer, rewritten
from narrows.engine.pacing import send
from narrows.engine.passing import Passing, Stopped
from narrows.engine.recorder import Recorder
from narrows.engine.replying import JSON, PASSED, explained, passed_headers, refuse, reply_headers
from narrows.engine.snapshot import Connected
from narrows.model.call import Call
from narrows.model.record import Content, Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.reservation import Stage
from narrows.model.verdict import Deny
from narrows.ports.control import Wait
from narrows.ports.dialect import ReplyInvalid, ReplyReader
from narrows.ports.http import Exchange, UpstreamFailed, UpstreamReply
from narrows.ports.journal import JournalUnavailable
from narrows.ports.offload import Apart
from narrows.ports.telemetry import Telemetry

_log = logging.getLogger("narrows.engine")

_LINES: Final = b"application/x-ndjson"
_EVENT_STREAMS: Final = (b"text/event-stream", _LINES)
Ending = tuple[Outcome, Deny | None]
"""How a call ends, and the refusal that ends it."""

_UNKNOWN: Final = Outcome.UNKNOWN
_DONE: Final = Outcome.DONE

DRAIN: Final = "drain"
"""The word the edge cancels a call with when the drain's time is up."""


_ERROR_BODY: Final = 1024 * 1024
_CREDENTIAL_REFUSED: Final = frozenset({401, 407})


class Forwarding(msgspec.Struct, eq=False):
    """The second half of a call's life. `received`: how long its body took to arrive, in microseconds; `running`: the
    register of calls that may be cut."""

    _exchange: Exchange
    _connected: Connected
    _chain: Chain
    _recorder: Recorder
    _telemetry: Telemetry
    _received: int
    _running: set[Running]
    _cut: Deny | None = None
    _reader: ReplyReader | None = None
    _begun: bool = False
    _streaming: bool = False
    _status: int | None = None

    async def run(self) -> None:
        """Sees the call through to its ending. All waiting of a usual call is done here, where the fewest coroutines
        stand between it and the loop."""
        chain, connected, recorder = self._chain, self._connected, self._recorder
        outcome, call = _UNKNOWN, chain.call
        deny: Deny | None = None
        self._running.add(self)
        try:
            dialect, asked, model, cap = connected.dialect, call.asked, call.model, call.output_cap
            forward = forwarded_here(dialect, asked, model, cap)
            if forward is None:
                forward = await forwarded(dialect, asked, model, cap)
            try:
                await recorder.open(forward.contents)
            except JournalUnavailable as unavailable:
                recorder.never_opened()
                outcome, deny = Outcome.REFUSED, replying.unrecorded(unavailable)
                return
            self._telemetry.overhead(recorder.elapsed() - self._received)
            headers = onward_headers(call, self._exchange.head.headers, connected.headers)
            sending(chain.reservation, chain.release)
            reply = await connected.upstream.send(call.method, call.path, headers, forward.body)
            try:
                self._take_head(reply)
                if reply.status < 300 and reply.headers.get(b"content-type") == JSON:
                    data = await reply.read_all(connected.settings.max_reply)
                    ending = self._send_read(reply, data) if len(data) > SMALL else self._send_whole(reply, data)
                    outcome, deny = ending if isinstance(ending, tuple) else await ending
                else:
                    outcome, deny = await self._answer(reply)
            finally:
                reply.close()
        except asyncio.CancelledError as cancelled:
            outcome, deny = self._cancelled(cancelled)
            if deny is None or deny is not self._cut:
                raise
        except Stopped as stopped:
            outcome, deny = stopped.outcome, stopped.deny
        except UpstreamFailed as failure:
            outcome, deny = self._failed(failure)
        except ReplyInvalid as invalid:
            outcome, deny = Outcome.UPSTREAM_ERROR, replying.unusable(invalid)
        except Exception as failure:
            # The boundary of a call: nothing unexpected may carry on, or reach the caller as it is.
            _log.error("call %s failed: %s", call.id, type(failure).__qualname__, exc_info=failure)
            outcome, deny = Outcome.STOPPED, replying.failed()
        finally:
            self._running.discard(self)
            self._finish(outcome, deny)

    @property
    def call(self) -> Call:
        """The call, as it is forwarded."""
        return self._chain.call

    def cut(self, deny: Deny) -> None:
        """Ends the call with this refusal: a stream with an event that says so."""
        if self._cut is None:
            self._cut = deny
            self._exchange.interrupt(REVOKED)

    def _cancelled(self, cancelled: asyncio.CancelledError) -> Ending:
        """Why the call's task was cancelled. The edge does so with a word: the client went away, or the drain's time
        is up."""
        if self._cut is not None and REVOKED in cancelled.args:
            return Outcome.CUT, self._cut
        if DRAIN in cancelled.args:
            return Outcome.CUT, Deny(Code.DRAINING, "the gate is shutting down and cut the call")
        return Outcome.CLIENT_GONE, None

    def _finish(self, outcome: Outcome, deny: Deny | None) -> None:
        """The ending: guards, record, metrics; then the refusal, if there is one to tell."""
        call, recorder = self._chain.call, self._recorder
        status = self._status if deny is None or self._begun else deny.meaning.status
        duration = recorder.duration
        if duration is None:
            duration = self._close(outcome, status, deny)
        for note in recorder.notes:
            self._telemetry.observed(note.policy, note.label)
        code = "" if deny is None else deny.code.value
        self._telemetry.ended(call.connection, call.asked.operation, outcome, code, duration, recorder.usage)
        if self._chain.reservation is not None:
            metering.ended(self._telemetry, call.connection, self._chain.reservation, outcome, recorder.usage)
        if deny is not None:
            metering.refused(self._telemetry, deny)
            self._tell(deny)

    def _close(self, outcome: Outcome, status: int | None, deny: Deny | None = None) -> int:
        """Releases the guards, then closes the record, which says what a reservation came to. Returns the call's
        duration in microseconds."""
        recorder = self._recorder
        self._chain.end(outcome, recorder.usage)
        return recorder.close(outcome, status, deny)

    def _failed(self, failure: UpstreamFailed) -> Ending:
        """An upstream that failed. One that was sent nothing, or said that it does nothing, has generated nothing; of
        another nobody knows."""
        if not failure.sent or failure.refused:
            reach(self._chain.reservation, Stage.FAILED)
        if not failure.sent and self._chain.release is not None:
            self._chain.release.sent = False
        return Outcome.UPSTREAM_ERROR, failure.deny

    def _tell(self, deny: Deny) -> None:
        call = self._chain.call
        if not self._begun:
            deny = with_what_is_left(deny, self._chain.reservation)
            refuse(self._exchange, self._connected.dialect, deny, call.request_id, call.id)
        elif self._reader is not None and self._streaming:
            self._exchange.send(self._reader.fail(explained(deny, call.id), call.request_id))
            self._exchange.finish()
        elif self._cut is deny:
            self._exchange.abort()

    def _take_head(self, reply: UpstreamReply) -> None:
        """What the record says of the reply's head."""
        recorder, headers = self._recorder, reply.headers
        recorder.first_byte = recorder.elapsed()
        recorder.upstream_status = reply.status
        reservation = self._chain.reservation
        if reservation is not None:
            reservation.stage = Stage.ANSWERED if reply.status < 300 else Stage.FAILED
        upstream_id = headers.get(b"x-request-id") or headers.get(b"request-id")
        if upstream_id is not None and not self._connected.upstream.leaks(upstream_id):
            recorder.upstream_request_id = upstream_id[:128].decode("latin-1")

    async def _answer(self, reply: UpstreamReply) -> Ending:
        """A reply of any kind."""
        if reply.status >= 300:
            return await self._pass_error(reply)
        kind = reply.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind in _EVENT_STREAMS:
            return await self._stream(reply, self._reader_for(stream=True, lines=kind == _LINES))
        ending = self._send_read(reply, await reply.read_all(self._connected.settings.max_reply))
        return ending if isinstance(ending, tuple) else await ending

    def _send_read(self, reply: UpstreamReply, data: bytes) -> Ending | Coroutine[Any, Any, Ending]:
        """A whole reply that has been read: here, or apart where it is so large that this would hold up other calls."""
        if len(data) > SMALL:
            call, apart = self._chain.call, self._chain.snapshot.apart
            large = call.operation != "models" and is_large(data, masked=bool(call.plan.masks or call.plan.replies))
            if large and apart is not None and apart.takes(len(data)):
                return self._send_large(apart, reply, data)
        return self._send_whole(reply, data)

    async def _pass_error(self, reply: UpstreamReply) -> Ending:
        """An upstream's own refusal, re-rendered; never with the gate's credential in it."""
        if reply.status in _CREDENTIAL_REFUSED:
            return Outcome.UPSTREAM_ERROR, Deny(
                Code.UPSTREAM_CREDENTIAL,
                f"the model server refused the gate's own credential for connection {self._chain.call.connection!r}",
            )
        data = await reply.read_all(_ERROR_BODY)
        call, dialect = self._chain.call, self._connected.dialect
        if self._connected.upstream.leaks(data):
            data = b""
        body = dialect.upstream_error(reply.status, data, call.request_id)
        if self._chain.reads_replies:
            masked = await masked_error(self._chain, body)
            if isinstance(masked, Deny):
                return Outcome.UPSTREAM_ERROR, masked
            body, event = masked
            self._recorder.note(event)
        self._recorder.contents = (Content("error", body),)
        return self._respond(Outcome.UPSTREAM_ERROR, reply.status, reply, JSON, body), None

    def _respond(
        self, outcome: Outcome, status: int, reply: UpstreamReply, content_type: bytes, body: bytes
    ) -> Outcome:
        """Closes the record, then sends a whole reply: what the caller receives is on record first, but for words of
        its own that stand in it again."""
        self._status = status
        recorder = self._recorder
        recorder.sent_bytes = len(body)
        self._close(outcome, status)
        self._exchange.respond(status, self._reply_headers(reply, content_type), body)
        self._begun = True
        return outcome

    def _reply_headers(self, reply: UpstreamReply, content_type: bytes) -> list[tuple[bytes, bytes]]:
        call = self._chain.call
        headers = reply_headers(call.request_id, call.id, content_type)
        reservation = self._chain.reservation
        if reservation is not None:
            headers += reservation.headers
        return (
            headers
            if PASSED.isdisjoint(reply.headers)
            else [*headers, *passed_headers(reply.headers, self._connected.upstream)]
        )

    def _send_whole(self, reply: UpstreamReply, data: bytes) -> Ending | Coroutine[Any, Any, Ending]:
        reader = self._reader_for(stream=False)
        return self._judge_whole(reply, reader, read_buffered(reader, data), 0)

    def _judge_whole(
        self, reply: UpstreamReply, reader: ReplyReader, events: Sequence[Event], begin: int
    ) -> Ending | Coroutine[Any, Any, Ending]:
        """Judges the events of a reply from one on, then sends it."""
        chain, recorder, upstream = self._chain, self._recorder, self._connected.upstream
        judges = chain.reads_replies
        for index in range(begin, len(events)):
            event = events[index]
            deny = chain.on_event(event) if judges else None
            if type(deny) is Wait:
                return self._judge_later(reply, reader, events, index, deny)
            recorder.note(event)
            if deny is not None:
                return Outcome.STOPPED, deny
        deny = chain.on_finish() if judges else None
        if deny is not None:
            return Outcome.STOPPED, deny
        body = reader.write(events[0]) if len(events) == 1 else b"".join([reader.write(event) for event in events])
        if upstream.echoes(body) or (has_error(body) and upstream.leaks(body)):
            return Outcome.UPSTREAM_ERROR, replying.echoed()
        if chain.call.asked.operation != "models":
            recorder.contents = (Content("reply", body),)
        if chain.originals:
            body = rewritten(reader, events, chain.originals) or body
        return self._respond(_DONE, reply.status, reply, reader.content_type, body), None

    async def _judge_later(
        self, reply: UpstreamReply, reader: ReplyReader, events: Sequence[Event], index: int, wait: Wait[Deny | None]
    ) -> Ending:
        """The same from an event on that a guard waits with."""
        deny = await wait.until()
        self._recorder.note(events[index])
        if deny is not None:
            return Outcome.STOPPED, deny
        ending = self._judge_whole(reply, reader, events, index + 1)
        return ending if isinstance(ending, tuple) else await ending

    async def _send_large(self, apart: Apart, reply: UpstreamReply, data: bytes) -> Ending:
        """The same for a reply so large that reading and judging it here would hold up other calls."""
        chain, recorder = self._chain, self._recorder
        digested = await digest(apart, self._chain.call, data, chain.originals)
        if isinstance(digested, Deny):
            return Outcome.STOPPED, digested
        recorder.masked = digested.masked
        deny = await hear(chain, digested, recorder.note)
        if deny is not None:
            return Outcome.STOPPED, deny
        upstream, body, shown = self._connected.upstream, digested.body, digested.shown
        if await holds(body, upstream.echoes) or (await holds(body, has_error) and await holds(body, upstream.leaks)):
            return Outcome.UPSTREAM_ERROR, replying.echoed()
        recorder.contents = (Content("reply", body),)
        self._status = reply.status
        recorder.sent_bytes = len(shown)
        self._close(_DONE, reply.status)
        self._exchange.start(reply.status, self._reply_headers(reply, JSON))
        self._begun = True
        await send(self._exchange, shown)
        self._exchange.finish()
        return _DONE, None

    def _reader_for(self, *, stream: bool, lines: bool = False) -> ReplyReader:
        chain = self._chain
        reader = self._connected.dialect.reply(
            chain.call.asked, stream=stream, usable=self._usable, lines=lines, words=chain.reads_words
        )
        self._reader = reader
        return reader

    def _usable(self, model: str) -> bool:
        """Whether the caller may see this model in a list."""
        call, policies = self._chain.call, self._chain.snapshot.policies
        if call.scope is not None and not policies.reach(call.scope).shows(model):
            return False
        return policies.usable(call.principal, call.connection, call.credential.kind)(model)

    async def _stream(self, reply: UpstreamReply, reader: ReplyReader) -> Ending:
        self._telemetry.streams(1)
        if self._chain.reservation is not None:
            self._chain.reservation.streamed = True
        try:
            headers = self._reply_headers(reply, reader.content_type)
            self._exchange.start(reply.status, [*headers, (b"cache-control", b"no-cache")])
            self._begun = self._streaming = True
            self._status = reply.status
            upstream = self._connected.upstream
            restoring = restorer(self._chain.originals)
            await Passing(self._exchange, self._chain, self._recorder, upstream, reader, restoring).run(reply)
        finally:
            self._telemetry.streams(-1)
        self._close(_DONE, reply.status)
        self._exchange.finish()
        return _DONE, None
