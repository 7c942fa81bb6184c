"""Calls on their way are cut when what they came with is revoked, and no others."""

import asyncio
from collections.abc import Sequence

import pytest

from narrows.engine.live import REVOKED
from narrows.model.record import Outcome
from narrows.model.revocation import Revocation, Revoked
from unit.engine.test_forwarding import started
from unit.engine.test_releasing import Releasing
from unit.engine.world import MemoryExchange, World, chat, chunk, completion
from unit.identity.revoking import revocation

ALICE = revocation(Revoked.USER, "corp:alice")
STREAM = {"stream": True}


def revoke(world: World, *made: Revocation) -> dict[str, list[str]]:
    """Somebody revokes, and the gate takes it into force; gives the calls that were cut."""
    cut: dict[str, list[str]] = {}

    def told(_: Sequence[Revocation]) -> None:
        world.live.changed()
        found = world.live.cut(list(world.live.running))
        cut.update({name: [call.id for call in calls] for name, calls in found.items()})

    world.revocations.told = told
    world.watch.make(*made)
    world.revocations.poll()
    return cut


async def ended(task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(5):
        await task


async def test_an_open_stream_ends_with_an_error_event_and_the_upstream_is_let_go() -> None:
    world = World()
    reply = world.upstream.pieces([chunk("Hel"), asyncio.Event()])
    exchange = world.exchange(chat(**STREAM))
    task = await started(world, exchange)
    assert len(world.live.running) == 1
    (opened,) = world.journal.opened
    assert revoke(world, ALICE) == {"rev_1": [opened.call]}
    await ended(task)
    assert reply.closed
    assert exchange.finished
    assert b"identity_contained" in exchange.data
    assert b"[DONE]" not in exchange.data
    (closed,) = world.journal.closed
    assert (closed.outcome, closed.refusal, closed.rule) == (Outcome.CUT, "identity_contained", "rev_1")
    assert b"Hel" in closed.contents[0].data
    assert not world.live.running
    assert world.telemetry.open_streams == 0


async def test_a_call_whose_reply_has_not_begun_is_refused() -> None:
    world = World()
    reply = world.upstream.pieces([asyncio.Event()], content_type="application/json")
    exchange = world.exchange(chat())
    task = await started(world, exchange)
    revoke(world, ALICE)
    await ended(task)
    assert (exchange.status, exchange.json["error"]["code"]) == (401, "identity_contained")
    assert reply.closed
    assert world.journal.closed[0].outcome is Outcome.CUT


async def test_a_reply_on_its_way_to_a_slow_client_is_broken_off() -> None:
    world = World()
    world.upstream.reply(completion("x" * 400_000))
    exchange = world.exchange(chat())
    exchange.slow = asyncio.Event()
    task = asyncio.create_task(world.gateway(exchange))
    while not exchange.sent:
        await asyncio.sleep(0.001)
    revoke(world, ALICE)
    await ended(task)
    assert exchange.aborted
    assert not exchange.finished


@pytest.mark.parametrize("padding", [0, 300_000])
async def test_a_held_call_is_refused_and_frees_what_it_has(padding: int) -> None:
    world = World()
    control = Releasing().into(world)
    control.decided.clear()
    exchange = world.exchange(chat("x" * padding))
    task = asyncio.create_task(world.gateway(exchange))
    while not world.live.running:
        await asyncio.sleep(0.001)
    cut = revoke(world, ALICE)
    assert [len(calls) for calls in cut.values()] == [1]
    await ended(task)
    assert (exchange.status, exchange.json["error"]["code"]) == (401, "identity_contained")
    assert control.sent == [False]
    assert world.upstream.sent == []
    assert world.journal.opened[-1].rule == "rev_1"
    assert not world.live.running


async def test_a_call_is_asked_about_once_more_when_it_is_forwarded() -> None:
    world = World()
    exchange = world.exchange(chat())
    exchange.here = False
    task = asyncio.create_task(world.gateway(exchange))
    while not exchange.body_read:
        await asyncio.sleep(0)
    # Verified and waiting for its body: nothing to cut yet.
    assert revoke(world, ALICE) == {}
    await ended(task)
    assert (exchange.status, exchange.json["error"]["code"]) == (401, "identity_contained")
    assert world.upstream.sent == []
    assert world.journal.opened[-1].forwarded is False


async def test_nobody_is_asked_about_a_call_of_a_revoked_session() -> None:
    world = World()
    world.upstream.reply(completion())
    await world.call(chat())
    session = world.journal.opened[0].session
    control = Releasing().into(world)
    revoke(world, revocation(Revoked.SESSION, session))
    exchange = await world.call(chat())
    assert (exchange.status, exchange.json["error"]["code"]) == (403, "session_revoked")
    assert control.sent == [False]
    other = world.exchange(chat("something else"))
    world.upstream.reply(completion())
    await world.gateway(other)
    assert other.status == 200


async def test_calls_of_others_go_on() -> None:
    world = World()
    go = asyncio.Event()
    world.upstream.pieces([chunk("Hel"), go])
    exchange = world.exchange(chat(**STREAM))
    task = await started(world, exchange)
    assert revoke(world, revocation(Revoked.USER, "corp:bob"), revocation(Revoked.TOKEN, "c-bob", number=2)) == {}
    assert not task.done()
    go.set()
    await ended(task)
    assert not world.live.running


async def test_a_client_that_goes_away_is_no_cut() -> None:
    world = World()
    control = Releasing().into(world)
    control.decided.clear()
    task = await started(world, world.exchange(chat()))
    task.cancel("client gone")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not world.live.running


async def test_who_is_cancelled_by_that_word_without_a_refusal_is_not_taken_for_cut() -> None:
    world = World()
    world.upstream.pieces([chunk("Hel"), asyncio.Event()])
    exchange: MemoryExchange = world.exchange(chat(**STREAM))
    task = await started(world, exchange)
    task.cancel(REVOKED)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.journal.closed[0].outcome is Outcome.CLIENT_GONE


async def test_a_call_that_has_ended_meanwhile_is_not_cut() -> None:
    """They are cut a few at a time, and the connection of one that has ended may carry another call by then."""
    world = World()
    go = asyncio.Event()
    world.upstream.pieces([chunk("Hel"), go])
    task = await started(world, world.exchange(chat(**STREAM)))
    seen = list(world.live.running)
    go.set()
    await ended(task)
    world.watch.make(ALICE)
    world.revocations.poll()
    assert world.live.cut(seen) == {}
