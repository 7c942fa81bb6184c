"""What every pair of implementations of the Approvals and Decisions ports must do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from narrows.model.approval import Answered, Approvers, Escalation, TicketState
from narrows.ports.approvals import Approvals, ApprovalsUnavailable, DecisionRefused, Decisions
from narrows.stores.sqlite.decisions import SqliteDecisions
from unit.stores.sqlite.records import NOW, StillClock
from unit.stores.sqlite.tickets import BODY, HOUR, LEADS, requirement, said, standing, ticket

REJECT = Answered.REJECT
PENDING, APPROVED, REJECTED = TicketState.PENDING, TicketState.APPROVED, TicketState.REJECTED
EXPIRED, CONSUMED, CANCELLED = TicketState.EXPIRED, TicketState.CONSUMED, TicketState.CANCELLED


class World(NamedTuple):
    gate: Approvals
    people: Decisions
    clock: StillClock


Start = Callable[[], AbstractAsyncContextManager[World]]


def sqlite(directory: Path) -> Start:
    @asynccontextmanager
    async def start() -> AsyncIterator[World]:
        clock = StillClock()
        people = SqliteDecisions(directory, clock)
        async with standing(directory, clock) as gate:
            yield World(gate, people, clock)
        people.close()

    return start


IMPLEMENTATIONS = {"sqlite": sqlite}


@pytest.fixture(params=list(IMPLEMENTATIONS))
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    return IMPLEMENTATIONS[request.param](tmp_path / "data")


@pytest.fixture
async def world(start: Start) -> AsyncIterator[World]:
    async with start() as world:
        yield world


def state(world: World, number: int = 1) -> TicketState:
    """What both sides say, which is the same."""
    asked = ticket(number)
    found, shown = world.gate.find(asked.digest, asked.requester), world.people.show(asked.id)
    assert found is not None
    assert shown is not None
    assert found == shown
    return found.state


async def soon(waiting: Awaitable[object]) -> object:
    return await asyncio.wait_for(waiting, 2)


async def test_a_question_is_asked_shown_approved_and_used_once(world: World) -> None:
    asked = await world.gate.ask(ticket(), BODY)
    assert (asked.ticket, asked.state, asked.decisions, asked.used) == (ticket(), PENDING, (), 0)
    assert [each.ticket.id for each in world.people.list([PENDING])] == [ticket().id]
    assert world.people.content(ticket().id) == BODY
    assert world.gate.standing("corp:alice") == 1
    assert not await world.gate.consume(ticket().id, "call_1")
    waiting = asyncio.ensure_future(world.gate.wait(ticket().id))
    after = world.people.decide(said(output_cap=100))
    assert after.state is APPROVED
    assert (await waiting).state is APPROVED
    assert world.gate.standing("corp:alice") == 0
    assert await world.gate.consume(ticket().id, "call_1")
    assert not await world.gate.consume(ticket().id, "call_2")
    assert state(world) is CONSUMED
    review = world.people.show(ticket().id)
    assert review is not None
    assert (review.used, [each.output_cap for each in review.decisions]) == (1, [100])
    assert world.people.content(ticket().id) is None


async def test_who_asks_the_same_joins_and_who_asks_else_does_not(world: World) -> None:
    first, again = await asyncio.gather(
        world.gate.ask(ticket(1), BODY), world.gate.ask(ticket(2, digest=ticket(1).digest), BODY)
    )
    assert first.ticket.id == again.ticket.id == ticket(1).id
    other = await world.gate.ask(ticket(3, digest=ticket(1).digest, requester="corp:bob"), BODY)
    assert other.ticket.id == ticket(3).id
    assert [each.ticket.id for each in world.people.list()] == [ticket(1).id, ticket(3).id]
    world.people.decide(said(1))
    joined = await world.gate.ask(ticket(4, digest=ticket(1).digest), BODY)
    assert (joined.ticket.id, joined.state) == (ticket(1).id, APPROVED)


async def test_after_its_end_the_same_is_asked_anew(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    world.people.decide(said(1, answer=REJECT))
    assert state(world) is REJECTED
    await world.gate.ask(ticket(2, digest=ticket(1).digest, at=NOW + 1), BODY)
    found = world.gate.find(ticket(1).digest, "corp:alice")
    assert found is not None
    assert (found.ticket.id, found.state) == (ticket(2).id, PENDING)


async def test_nothing_is_found_where_nothing_was_asked(world: World) -> None:
    assert world.gate.find("d", "corp:alice") is None
    assert world.people.show("apr_1") is None
    assert world.people.content("apr_1") is None
    assert world.people.list() == []
    assert not await world.gate.consume("apr_1", "call_1")
    world.gate.restore("apr_1", "call_1")
    world.gate.cancel("apr_1", "why not")
    with pytest.raises(ApprovalsUnavailable, match="no ticket apr_1"):
        await world.gate.wait("apr_1")
    with pytest.raises(DecisionRefused, match="no ticket"):
        world.people.decide(said())


async def test_a_rejection_ends_it_whatever_was_said_before(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    world.people.decide(said(1))
    assert world.people.decide(said(1, "corp:eva", REJECT)).state is REJECTED
    assert not await world.gate.consume(ticket(1).id, "call_1")
    assert state(world) is REJECTED
    with pytest.raises(DecisionRefused, match="was rejected already by corp:eva"):
        world.people.decide(said(1, "corp:max"))


async def test_it_expires_by_the_clock(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    waiting = asyncio.ensure_future(world.gate.wait(ticket(1).id))
    world.clock.time = NOW + HOUR - 1
    await asyncio.sleep(0.1)
    assert not waiting.done()
    world.clock.time = NOW + HOUR
    ended = await soon(waiting)
    assert ended == world.people.show(ticket(1).id)
    assert state(world) is EXPIRED
    with pytest.raises(DecisionRefused, match="has expired"):
        world.people.decide(said(1))
    assert [each.ticket.id for each in world.people.list([EXPIRED])] == [ticket(1).id]


async def test_an_approval_that_is_not_used_expires(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    world.people.decide(said(1))
    assert state(world) is APPROVED
    world.clock.time = NOW + HOUR
    assert not await world.gate.consume(ticket(1).id, "call_1")
    assert state(world) is EXPIRED


async def test_so_many_calls_go_on_as_were_approved(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    world.people.decide(said(1, repeats=3))
    took = await asyncio.gather(*(world.gate.consume(ticket(1).id, f"call_{number}") for number in range(100)))
    assert took.count(True) == 3
    assert state(world) is CONSUMED


async def test_calls_go_on_until_it_is_over(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    world.people.decide(said(1, until=NOW + 2 * HOUR))
    for number in range(50):
        assert await world.gate.consume(ticket(1).id, f"call_{number}")
    assert state(world) is APPROVED
    world.clock.time = NOW + 2 * HOUR
    assert not await world.gate.consume(ticket(1).id, "call_99")
    assert state(world) is CONSUMED


async def test_of_a_hundred_callers_one_goes_on(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    waiting = [asyncio.ensure_future(world.gate.wait(ticket(1).id)) for _ in range(100)]
    world.people.decide(said(1))
    assert {(await each).state for each in waiting} == {APPROVED}
    took = await asyncio.gather(*(world.gate.consume(ticket(1).id, f"call_{number}") for number in range(100)))
    assert took.count(True) == 1


async def test_one_call_takes_once_however_often_it_asks(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    world.people.decide(said(1, repeats=2))
    took = await asyncio.gather(*(world.gate.consume(ticket(1).id, "call_1") for _ in range(5)))
    assert took == [True] * 5
    assert await world.gate.consume(ticket(1).id, "call_2")
    assert await world.gate.consume(ticket(1).id, "call_1")
    assert not await world.gate.consume(ticket(1).id, "call_3")


async def test_what_nothing_was_sent_of_is_given_back(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    world.people.decide(said(1))
    for number in range(3):
        assert await world.gate.consume(ticket(1).id, f"call_{number}")
        assert not await world.gate.consume(ticket(1).id, "another")
        await asyncio.sleep(0.02 * number)  # its end is durable, or not yet
        world.gate.restore(ticket(1).id, "never took")
        assert state(world) is CONSUMED
        world.gate.restore(ticket(1).id, f"call_{number}")
        world.gate.restore(ticket(1).id, f"call_{number}")
        found = world.gate.find(ticket(1).digest, "corp:alice")
        assert found is not None
        assert (found.state, found.used) == (APPROVED, 0)
    assert await world.gate.consume(ticket(1).id, "call_2")
    assert not await world.gate.consume(ticket(1).id, "call_0")


async def test_a_question_that_is_void_wakes_who_waits(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    waiting = asyncio.ensure_future(world.gate.wait(ticket(1).id))
    await asyncio.sleep(0)
    world.gate.cancel(ticket(1).id, "its rule was changed")
    assert (await waiting).state is CANCELLED
    world.gate.cancel(ticket(1).id, "again")
    await asyncio.sleep(0.05)
    assert state(world) is CANCELLED
    with pytest.raises(DecisionRefused, match="void"):
        world.people.decide(said(1))


async def test_who_waits_may_leave_and_the_ticket_lives_on(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(world.gate.wait(ticket(1).id), 0.01)
    world.people.decide(said(1))
    assert (await world.gate.wait(ticket(1).id)).state is APPROVED


async def test_as_many_different_people_must_approve_as_are_needed(world: World) -> None:
    await world.gate.ask(ticket(1, requirement(needed=2), requirement(rule="dear", by=LEADS)), BODY)
    assert world.people.decide(said(1, "corp:sam")).state is PENDING
    with pytest.raises(DecisionRefused, match="corp:sam has approved"):
        world.people.decide(said(1, "corp:sam"))
    assert world.people.decide(said(1, "corp:eva")).state is PENDING
    assert world.people.decide(said(1, "corp:lea", groups=())).state is APPROVED
    with pytest.raises(DecisionRefused, match="approved already"):
        world.people.decide(said(1, "corp:max"))
    assert state(world) is APPROVED


async def test_who_may_not_decide_is_told(world: World) -> None:
    await world.gate.ask(ticket(1, requirement(then=Escalation(LEADS, HOUR // 2))), BODY)
    with pytest.raises(DecisionRefused, match="nobody decides about their own calls"):
        world.people.decide(said(1, "corp:alice"))
    with pytest.raises(DecisionRefused, match="corp:bob may not decide"):
        world.people.decide(said(1, "corp:bob", groups=("corp:research",)))
    with pytest.raises(DecisionRefused, match="yet: others may once it has waited longer"):
        world.people.decide(said(1, "corp:lea", groups=()))
    world.clock.time = NOW + HOUR // 2
    assert world.people.decide(said(1, "corp:lea", groups=())).state is APPROVED


async def test_who_owns_the_machine_may_decide_but_not_for_their_own_account(world: World) -> None:
    await world.gate.ask(ticket(1, requester="narrows:etl", owner="ops"), BODY)
    with pytest.raises(DecisionRefused, match="owns the service account"):
        world.people.decide(said(1, "local:ops", groups=()))
    assert world.people.decide(said(1, "local:root", groups=())).state is APPROVED


async def test_what_is_said_must_make_sense(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    wrong = [
        ({"answer": REJECT, "reason": " "}, "say why"),
        ({"answer": REJECT, "repeats": 2}, "no terms"),
        ({"output_cap": 1025}, "at least 1 and at most 1024"),
        ({"output_cap": 0}, "at least 1"),
        ({"repeats": 0}, "at least 1"),
        ({"until": NOW}, "over already"),
        ({"break_glass": True}, "say why"),
        ({"reason": "x" * 4001}, "at most 4000"),
    ]
    for changes, message in wrong:
        with pytest.raises(DecisionRefused, match=message):
            world.people.decide(said(1, **changes))
    assert state(world) is PENDING


async def test_glass_is_broken_alone(world: World) -> None:
    glass = Approvers(people=("corp:kim",))
    await world.gate.ask(ticket(1, requirement(needed=2, glass=glass)), BODY)
    with pytest.raises(DecisionRefused, match="corp:kim may not decide"):
        world.people.decide(said(1, "corp:kim", groups=(), reason="the site is down"))
    after = world.people.decide(said(1, "corp:kim", groups=(), reason="the site is down", break_glass=True))
    assert after.state is APPROVED
    assert await world.gate.consume(ticket(1).id, "call_1")


async def test_a_decision_is_known_within_a_fifth_of_a_second(world: World) -> None:
    await world.gate.ask(ticket(1), BODY)
    loop = asyncio.get_running_loop()
    waiting = asyncio.ensure_future(world.gate.wait(ticket(1).id))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(SqliteDecisionsElsewhere.decide, world)
    before = loop.time()
    await soon(waiting)
    assert loop.time() - before < 0.2


class SqliteDecisionsElsewhere:
    """Another connection in another thread, as another process would be."""

    @staticmethod
    def decide(world: World) -> None:
        directory = world.people._directory  # type: ignore[attr-defined]
        people = SqliteDecisions(directory, world.clock)
        people.decide(said(1))
        people.close()


async def test_a_gate_that_starts_again_knows_what_stands(start: Start) -> None:
    async with start() as world:
        for number in range(1, 6):
            await world.gate.ask(ticket(number), BODY)
        world.people.decide(said(2))
        world.people.decide(said(3, answer=REJECT))
        world.people.decide(said(4, repeats=2))
        assert await world.gate.consume(ticket(4).id, "call_1")
        world.people.decide(said(5))
        assert await world.gate.consume(ticket(5).id, "call_1")
    async with start() as world:
        assert [state(world, number) for number in range(1, 6)] == [PENDING, APPROVED, REJECTED, APPROVED, CONSUMED]
        assert world.gate.standing("corp:alice") == 1
        assert world.people.content(ticket(1).id) == BODY
        joined = await world.gate.ask(ticket(9, digest=ticket(1).digest), BODY)
        assert joined.ticket.id == ticket(1).id
        assert await world.gate.consume(ticket(4).id, "call_1")
        assert await world.gate.consume(ticket(4).id, "call_2")
        assert not await world.gate.consume(ticket(4).id, "call_3")
        assert await world.gate.consume(ticket(2).id, "call_4")
        assert await world.gate.consume(ticket(5).id, "call_1")
        assert not await world.gate.consume(ticket(5).id, "call_9")


async def test_a_gate_that_has_stopped_answers_nothing(start: Start) -> None:
    async with start() as world:
        await world.gate.ask(ticket(1), BODY)
        waiting = asyncio.ensure_future(world.gate.wait(ticket(1).id))
        await asyncio.sleep(0.01)
    with pytest.raises(ApprovalsUnavailable, match="shutting down"):
        await waiting
    for asked in (
        world.gate.wait(ticket(1).id),
        world.gate.consume(ticket(1).id, "c"),
        world.gate.ask(ticket(2), BODY),
    ):
        with pytest.raises(ApprovalsUnavailable, match="not running"):
            await asked
    with pytest.raises(ApprovalsUnavailable, match="not running"):
        world.gate.find(ticket(1).digest, "corp:alice")
    world.gate.restore(ticket(1).id, "c")


async def test_people_decide_while_no_gate_runs(start: Start) -> None:
    async with start() as world:
        await world.gate.ask(ticket(1), BODY)
    assert world.people.decide(said(1)).state is APPROVED
    assert world.people.content(ticket(1).id) == BODY
    async with start() as again:
        assert await again.gate.consume(ticket(1).id, "call_1")
