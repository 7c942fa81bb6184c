"""A call whose guards must wait: what they say counts as if they had said it at once, and it ends once."""

import asyncio
import functools
from typing import Any

import msgspec
import pytest

from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.verdict import PROCEED, Deny, Verdict
from narrows.ports.control import Wait
from unit.engine.test_forwarding import STREAM, Holding, ending, started, with_guard
from unit.engine.world import DONE, World, chat, chunk, completion


class Waiting(Holding):
    """The same, but it must wait before it can say so: for the request, and for each event."""

    def __init__(self, *, answer: Deny | None = None, moment: float = 0.0) -> None:
        self._answer, self._moment = answer, moment
        self.endings: list[Outcome] = []
        self.waiting = asyncio.Event()

    def begin(self, call: object) -> "Waiting":
        return self

    def on_request(self, call: object) -> Any:
        return Wait(self._request, 5.0)

    def on_event(self, event: Event) -> Any:
        return Wait(functools.partial(self._event, event), 5.0)

    async def _request(self) -> Verdict:
        await asyncio.sleep(0)
        return PROCEED

    async def _event(self, event: Event) -> Deny | None:
        self.waiting.set()
        await asyncio.sleep(self._moment)
        super().on_event(event)
        return self._answer

    def on_end(self, outcome: Outcome, usage: object) -> None:
        self.endings.append(outcome)


@pytest.mark.parametrize("kind", ["stream", "whole", "large", "error"])
async def test_a_reply_waits_for_a_guard_that_must(kind: str) -> None:
    world = World()
    with_guard(world, Waiting())
    # Where a guard must wait, nothing is judged apart from the gate.
    world.snapshots.current = msgspec.structs.replace(world.snapshots.current, apart=None)
    if kind == "stream":
        world.upstream.pieces([chunk("it is "), chunk("held") + chunk(" so"), chunk(None, "stop"), DONE])
    elif kind == "error":
        world.upstream.reply({"error": {"message": "it is held so"}}, status=400)
    else:
        world.upstream.reply(completion("it is held so" + " " * (400_000 if kind == "large" else 0)))
    exchange = await world.call(chat(**(STREAM if kind == "stream" else {})))
    assert b"held" not in exchange.data
    assert b"[X]" in exchange.data
    assert exchange.data.index(b"it is ") < exchange.data.index(b"[X]") < exchange.data.index(b" so")
    assert [masked.count for masked in ending(world).masked] == [1]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_refusal_that_was_waited_for_stops_the_reply(stream: bool) -> None:
    world, deny = World(), Deny(Code.SENSITIVE_DATA, "no")
    with_guard(world, guard := Waiting(answer=deny))
    if stream:
        world.upstream.pieces([chunk("secret"), chunk(None, "stop"), DONE])
    else:
        world.upstream.reply(completion("secret"))
    exchange = await world.call(chat(stream=stream))
    assert b"secret" not in exchange.data
    assert (ending(world).outcome, ending(world).refusal) == (Outcome.STOPPED, "sensitive_data")
    assert guard.endings == [Outcome.STOPPED]


async def test_a_client_that_goes_away_while_a_guard_waits_ends_the_call_once() -> None:
    world = World()
    with_guard(world, guard := Waiting(moment=60.0))
    world.upstream.reply(completion("never seen"))
    task = await started(world, exchange := world.exchange(chat()))
    await asyncio.wait_for(guard.waiting.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ending(world).outcome is Outcome.CLIENT_GONE
    assert guard.endings == [Outcome.CLIENT_GONE]
    assert b"never seen" not in exchange.data
