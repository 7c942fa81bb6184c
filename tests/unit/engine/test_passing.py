"""A stream on its way: what can be handled as it arrives is, and what has to wait holds up nothing but itself."""

import asyncio
from typing import Any

import pytest

from narrows.engine.pacing import HEAVY
from narrows.engine.passing import SLICE
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.verdict import Deny
from narrows.ports.control import Wait
from narrows.upstream.failure import invalid
from narrows.upstream.reply import Reply
from unit.engine.test_forwarding import STREAM, Holding, ending, started, with_guard
from unit.engine.world import DONE, MemoryExchange, World, chat, chunk
from unit.upstream.test_reply import begun


class Asking(Holding):
    """Waits before each event that says `ask`, and denies what says `no`."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def on_event(self, event: Event) -> Any:
        said = "".join(delta.text for delta in event.deltas)
        if "no" in said:
            return Deny(Code.PROMPT_DENIED, "not that")
        return Wait(self._answer, 5.0) if "ask" in said else None

    async def _answer(self) -> None:
        await self.answered.wait()


async def flowing(world: World) -> tuple[MemoryExchange, Reply, "asyncio.Task[None]"]:
    """A call whose upstream has sent its head, and waits for what it sends next."""
    reply, _ = begun({b"content-type": b"text/event-stream"})
    world.upstream.script.append(reply)  # type: ignore[arg-type]  # it gives what a scripted reply gives
    exchange = world.exchange(chat(**STREAM))
    task = await started(world, exchange)
    assert exchange.status == 200
    return exchange, reply, task


async def test_a_piece_goes_out_before_the_loop_turns_and_in_one_write() -> None:
    world = World()
    exchange, reply, task = await flowing(world)
    assert reply.add(chunk("a ") + chunk("b "))
    assert len(exchange.sent) == 1
    assert exchange.data.count(b'"content"') == 2
    assert reply.add(chunk("c")[:20])
    assert len(exchange.sent) == 1, "an event that is not complete"
    reply.add(chunk("c")[20:])
    reply.add(chunk(None, "stop") + DONE)
    reply.end()
    await task
    assert exchange.finished
    assert ending(world).outcome is Outcome.DONE


async def test_a_slow_client_stops_the_flow_and_nothing_is_lost() -> None:
    world = World()
    exchange, reply, task = await flowing(world)
    exchange.slow = asyncio.Event()
    reply.add(chunk("a "))
    for text in ("b ", "c "):
        reply.add(chunk(text))
        await asyncio.sleep(0)
    assert exchange.data.count(b'"content"') == 1
    slow, exchange.slow = exchange.slow, None
    slow.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert exchange.data.count(b'"content"') == 3
    reply.add(chunk(None, "stop") + DONE)
    reply.end()
    await task
    assert ending(world).outcome is Outcome.DONE


@pytest.mark.parametrize("joined", [True, False])
async def test_what_comes_behind_an_event_that_waits_waits_too(joined: bool) -> None:
    world = World()
    guard = Asking()
    with_guard(world, guard)
    exchange, reply, task = await flowing(world)
    events = [chunk("a "), chunk("ask "), chunk("b "), chunk("ask again "), chunk("c"), chunk(None, "stop"), DONE]
    for piece in [b"".join(events)] if joined else events:
        reply.add(piece)
    reply.end()
    for _ in range(5):
        await asyncio.sleep(0)
    assert exchange.data.count(b'"content"') == 1
    guard.answered.set()
    await task
    texts = [exchange.data.index(text) for text in (b"a ", b"ask ", b"b ", b"ask again ", b'"c"', b"[DONE]")]
    assert texts == sorted(texts)
    assert ending(world).outcome is Outcome.DONE


async def test_a_denial_in_the_middle_of_a_piece_lets_out_what_stands_before() -> None:
    world = World()
    with_guard(world, Asking())
    exchange, reply, task = await flowing(world)
    reply.add(chunk("a ") + chunk("no") + chunk("b "))
    await task
    assert b'"a "' in exchange.data
    assert b'"b "' not in exchange.data
    assert exchange.data.endswith(b"\n\n")
    assert ending(world).refusal == "prompt_denied"


@pytest.mark.parametrize("size", [SLICE + 1, HEAVY + SLICE])
async def test_large_pieces_and_heavy_events_are_passed_on_in_the_calls_own_task(size: int) -> None:
    world = World()
    exchange, reply, task = await flowing(world)
    large = chunk("x" * size)
    assert reply.add(large)
    assert exchange.sent == []
    reply.add(chunk("y"))
    reply.add(chunk(None, "stop") + DONE)
    reply.end()
    await task
    assert exchange.data.index(b"xxx") < exchange.data.index(b'"y"')
    assert ending(world).outcome is Outcome.DONE


@pytest.mark.parametrize("sent", [b"data: garbage\n\n", chunk("upstream-secret")])
async def test_what_fails_in_the_connections_callback_ends_the_call_and_not_the_connection(sent: bytes) -> None:
    world = World()
    exchange, reply, task = await flowing(world)
    assert reply.add(chunk("a ") + sent)
    assert reply.add(chunk("b "))
    await task
    assert b'"b "' not in exchange.data
    assert ending(world).outcome is Outcome.UPSTREAM_ERROR
    assert b"upstream-secret" not in exchange.data
    assert b"[DONE]" not in exchange.data


async def test_a_stream_that_is_cut_off_after_it_flowed_is_told_as_one() -> None:
    world = World()
    exchange, reply, task = await flowing(world)
    reply.add(chunk("a "))
    reply.fail(invalid("it is cut off"))
    await task
    assert b'"a "' in exchange.data
    assert ending(world).refusal == "upstream_invalid"
