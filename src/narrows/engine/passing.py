"""A streamed reply on its way to the caller: read, judged, recorded and sent piece by piece.

A piece is handled when it arrives, in the connection's own callback, with no turn of the event loop in between: what
the guards let pass of it goes out in one write. What can't be done at once stops the flow, and is done in the call's
task: large pieces and heavy events, guards that wait, and a client that reads slowly.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from narrows.engine.bodies import OVERLAP, read_piece
from narrows.engine.chain import Chain
from narrows.engine.pacing import Weight, in_thread, send
from narrows.engine.recorder import Recorder
from narrows.engine.replying import echoed
from narrows.masking.restoring import Restorer
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.verdict import Deny
from narrows.ports.control import Wait
from narrows.ports.dialect import ReplyReader
from narrows.ports.http import Exchange, Upstream, UpstreamReply

SLICE: Final = 8 * 1024
"""Bytes of a stream that are read before other calls have their turn."""

_FAILED: Final = frozenset({"error", "failed"})
"""The finish of an event in which the upstream itself says that it failed."""


class Stopped(Exception):
    """The reply ends here with a refusal; carries how the record names it."""

    def __init__(self, deny: Deny, outcome: Outcome) -> None:
        super().__init__(deny.code.value)
        self.deny = deny
        self.outcome = outcome


class Passing:
    """One streamed reply, whose head has been sent. `run` ends when all of it has been."""

    __slots__ = (
        "_answer", "_chain", "_events", "_exchange", "_heavy", "_large", "_reader", "_ready", "_recorder", "_restorer",
        "_seen", "_upstream", "_weight",
    )  # fmt: skip

    def __init__(
        self,
        exchange: Exchange,
        chain: Chain,
        recorder: Recorder,
        upstream: Upstream,
        reader: ReplyReader,
        restorer: Restorer | None,
    ) -> None:
        self._exchange = exchange
        self._chain = chain
        self._recorder = recorder
        self._upstream = upstream
        self._reader = reader
        self._restorer = restorer
        self._seen = b""
        self._weight = Weight()
        self._ready = True
        self._large = self._heavy = b""
        self._events: Sequence[Event] = ()
        self._answer: Wait[Deny | None] | None = None

    async def run(self, reply: UpstreamReply) -> None:
        """Raises Stopped, and what reading raises."""
        while await reply.flow(self.take):
            large, self._large = self._large, b""
            for at in range(0, len(large), SLICE):
                if at:
                    # A piece of thousands of events would hold up every other call.
                    await asyncio.sleep(0)
                if not self.take(large[at : at + SLICE]):
                    await self._go_on()
            await self._go_on()
        await self._end()

    def take(self, data: bytes) -> bool:
        """A piece of the reply; False: there is something to wait for before the next one. Raises Stopped."""
        if len(data) > SLICE:
            self._large = data
            return False
        seen = self._seen = self._seen[-OVERLAP:] + data
        if self._upstream.echoes(seen):
            raise Stopped(echoed(), Outcome.UPSTREAM_ERROR)
        if self._weight.add(data):
            self._heavy = data
            return False
        events = self._reader.feed(data)
        if not events:
            return True
        self._weight.begin(events)
        return self._judge(events) if len(events) > 1 else self._judge_one(events[0])

    def _judge_one(self, event: Event) -> bool:
        """The same as `_judge` for the most usual piece: one event, with nothing to go out before it."""
        if event.finish is not None:
            self._look_at_error(event)
        answer = self._chain.on_event(event)
        if answer is None:
            if event.before or self._restorer is not None:
                out: list[bytes] = []
                self._pass(event, out)
                self._send(out)
                return self._ready
            recorder = self._recorder
            recorder.stream(event)
            piece = self._reader.write(event)
            if piece:
                recorder.sent_bytes += len(piece)
                self._ready = self._exchange.send(piece)
            return self._ready
        if type(answer) is Wait:
            self._events, self._answer = (event,), answer
            return False
        self._recorder.note(event)
        raise Stopped(answer, Outcome.STOPPED)

    def _judge(self, events: Sequence[Event], *, last: bool = False) -> bool:
        """Sends what the guards let pass; False: one of them waits, or the client is slow. Raises Stopped."""
        out: list[bytes] = []
        chain = self._chain
        for index, event in enumerate(events):
            if event.finish is not None:
                self._look_at_error(event)
            answer = chain.on_event(event)
            if answer is None:
                self._pass(event, out)
            elif type(answer) is Wait:
                self._events, self._answer = events[index:], answer
                self._send(out)
                return False
            else:
                self._recorder.note(event)
                self._send(out)
                raise Stopped(answer, Outcome.STOPPED)
        deny = chain.on_finish() if last else None
        self._send(out)
        if deny is not None:
            raise Stopped(deny, Outcome.STOPPED)
        return self._ready

    def _pass(self, event: Event, out: list[bytes]) -> None:
        """Records and writes an event that may go out, behind what was held before it."""
        if event.before:
            out += [self._say(*held) for held in event.before]
        self._recorder.stream(event)
        if self._restorer is not None and (taken := self._restorer.take(event)):
            out += [self._say(*held, recorded=True) for held in taken]
        out.append(self._reader.write(event))

    def _send(self, out: list[bytes]) -> None:
        """Sends what there is; `_ready` tells whether the client keeps up."""
        piece = out[0] if len(out) == 1 else b"".join(out)
        if piece:
            self._recorder.sent_bytes += len(piece)
            self._ready = self._exchange.send(piece)

    # -- what has to wait

    async def _go_on(self) -> None:
        """Does what stopped the flow."""
        if self._heavy:
            data, self._heavy = self._heavy, b""
            await self._judge_heavy(await asyncio.to_thread(read_piece, self._reader, data))
        while self._answer is not None:
            await self._answer_for(self._answer)
        await self._drain()

    async def _answer_for(self, wait: Wait[Deny | None], *, last: bool = False) -> None:
        """Waits for what a guard says of an event, and goes on behind that."""
        events, self._events, self._answer = self._events, (), None
        await self._drain()
        deny = await wait.until()
        if deny is not None:
            self._recorder.note(events[0])
            raise Stopped(deny, Outcome.STOPPED)
        out: list[bytes] = []
        self._pass(events[0], out)
        self._send(out)
        self._judge(events[1:], last=last)

    async def _judge_heavy(self, events: Sequence[Event]) -> None:
        """The same as `_judge` in a thread, event by event."""
        self._weight.begin(events)
        for event in events:
            self._look_at_error(event)
            deny = await in_thread(self._chain, event).until()
            if deny is not None:
                self._recorder.note(event)
                raise Stopped(deny, Outcome.STOPPED)
            out = [self._say(*held) for held in event.before]
            self._recorder.stream(event)
            if self._restorer is not None:
                taken = await asyncio.to_thread(self._restorer.take, event)
                out += [self._say(*held, recorded=True) for held in taken]
            out.append(await asyncio.to_thread(self._reader.write, event))
            for piece in out:
                self._recorder.sent_bytes += len(piece)
                await send(self._exchange, piece)

    async def _end(self) -> None:
        """What is complete now that the reply has ended."""
        if self._weight.add(b""):
            await self._judge_heavy(await asyncio.to_thread(self._reader.close))
            deny = self._chain.on_finish()
            if deny is not None:
                raise Stopped(deny, Outcome.STOPPED)
            return
        self._judge(self._reader.close(), last=True)
        while self._answer is not None:
            await self._answer_for(self._answer, last=True)
        await self._drain()

    async def _drain(self) -> None:
        if not self._ready:
            await self._exchange.drained()
            self._ready = True

    def _say(self, choice: int, field: str, text: str, *, recorded: bool = False) -> bytes:
        """What was held back of a field, by a guard or, when it was `recorded`, after that, as an event of its own."""
        event = self._reader.say(choice, field, text)
        if event is None:
            raise Stopped(Deny(Code.CONTROL_FAILED, "a held part of the reply has no place to go"), Outcome.STOPPED)
        if not recorded:
            self._recorder.stream(event)
            if self._restorer is not None:
                self._restorer.take(event)
        return self._reader.write(event)

    def _look_at_error(self, event: Event) -> None:
        """Stops a stream whose error quotes the gate's credential in any form."""
        if event.finish in _FAILED:
            leaks = self._upstream.leaks
            if any(leaks(delta.text.encode("utf-8", "replace")) for delta in event.deltas):
                raise Stopped(echoed(), Outcome.UPSTREAM_ERROR)
