"""Whatever happens to tickets in whatever order, with restarts between: the store says what a plain model says, and no
approval lets more calls go on than it is good for."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from narrows.model.approval import Answered, Decision, Ticket, TicketState
from narrows.policy.approvals import rejection, state, terms
from narrows.ports.approvals import DecisionRefused
from narrows.stores.sqlite.approvals import SqliteApprovals
from narrows.stores.sqlite.decisions import SqliteDecisions
from unit.stores.sqlite.records import StillClock
from unit.stores.sqlite.tickets import BODY, HOUR, prepared, requirement, said, ticket

STANDS = (TicketState.PENDING, TicketState.APPROVED)
RANK = {TicketState.APPROVED: 2, TicketState.PENDING: 1}

number = st.sampled_from((1, 1, 2))
call = st.sampled_from(("call_1", "call_1", "call_2"))
person = st.sampled_from(("corp:sam", "corp:eva", "corp:max"))
repeats = st.sampled_from((None, None, 1, 2))
quarters = st.sampled_from((None, None, None, 1, 3))
KINDS = {
    "ask": (3, (number,)),
    "approve": (5, (number, person, repeats, quarters)),
    "reject": (1, (number, person)),
    "consume": (6, (number, call)),
    "restore": (6, (number, call)),
    "cancel": (1, (number,)),
    "later": (1, (st.sampled_from((1, 2, 4)),)),
    "restart": (2, ()),
}
kind = st.sampled_from([name for name, (often, _) in KINDS.items() for _ in range(often)])
steps = st.lists(kind.flatmap(lambda name: st.tuples(st.just(name), *KINDS[name][1])), min_size=12, max_size=30)


class Plain:
    """One ticket, by the rules alone."""

    def __init__(self, asked: Ticket) -> None:
        self.ticket = asked
        self.said: list[Decision] = []
        self.calls: set[str] = set()
        self.ended: TicketState | None = None

    def look(self, now: int) -> TicketState:
        found = self.ended or state(self.ticket, self.said, now, len(self.calls))
        if found not in STANDS:
            self.ended = found
        return found


class World:
    """A store and its model, which do the same."""

    def __init__(self, directory: Path) -> None:
        self.directory = prepared(directory)
        self.clock = StillClock()
        self.people = SqliteDecisions(directory, self.clock)
        self.gate = SqliteApprovals(directory, self.clock, every=3600)
        self.plain: list[Plain] = []

    def answering(self, digest: int) -> Plain | None:
        """The ticket that answers for a digest: of several, what is approved, then what stands, then the latest."""
        now = self.clock.time
        known = [each for each in self.plain if each.ticket.digest == ticket(digest).digest]
        return max(known, key=lambda each: (RANK.get(each.look(now), 0), each.ticket.id), default=None)

    async def step(self, what: str, *values: Any) -> None:
        now = self.clock.time
        for each in self.plain:
            each.look(now)
        if what == "later":
            self.clock.time += values[0] * HOUR // 4
        elif what == "restart":
            await self.gate.stop()
            self.gate = SqliteApprovals(self.directory, self.clock, every=3600)
            await self.gate.start()
        elif what == "ask":
            await self.ask(values[0])
        elif (one := self.answering(values[0])) is not None:
            await getattr(self, what)(one, *values[1:])

    async def ask(self, digest: int) -> None:
        known = self.answering(digest)
        new = ticket(
            len(self.plain) + 1,
            requirement(needed=digest),
            digest=ticket(digest).digest,
            at=self.clock.time,
            expires=self.clock.time + HOUR,
        )
        review = await self.gate.ask(new, BODY)
        if known is None or known.ended is not None:
            self.plain.append(Plain(new))
            assert review.ticket == new
        else:
            assert review.ticket == known.ticket

    async def approve(self, one: Plain, who: str, repeats: int | None, quarters: int | None) -> None:
        until = None if quarters is None else self.clock.time + quarters * HOUR // 4
        new = all(each.who != who for each in one.said)
        possible = new and one.look(self.clock.time) is TicketState.PENDING
        await self.decide(one, who, Answered.APPROVE, possible=possible, repeats=repeats, until=until)

    async def reject(self, one: Plain, who: str) -> None:
        await self.decide(one, who, Answered.REJECT, possible=one.look(self.clock.time) in STANDS)

    async def decide(self, one: Plain, who: str, answer: Answered, *, possible: bool, **more: Any) -> None:
        decision = msgspec.structs.replace(said(1, who, answer, **more), ticket=one.ticket.id, at=self.clock.time)
        try:
            self.people.decide(decision)
        except DecisionRefused:
            assert not possible
        else:
            assert possible
            one.said.append(decision)

    async def consume(self, one: Plain, call: str) -> None:
        possible = call in one.calls or one.look(self.clock.time) is TicketState.APPROVED
        assert await self.gate.consume(one.ticket.id, call) is possible
        if possible:
            one.calls.add(call)

    async def restore(self, one: Plain, call: str) -> None:
        self.gate.restore(one.ticket.id, call)
        if call in one.calls:
            one.calls.remove(call)
            if one.ended is TicketState.CONSUMED:
                one.ended = None

    async def cancel(self, one: Plain) -> None:
        self.gate.cancel(one.ticket.id, "void")
        if one.look(self.clock.time) in STANDS:
            one.ended = TicketState.CANCELLED

    async def check(self) -> None:
        now, pending = self.clock.time, 0
        for digest in (1, 2):
            one, found = self.answering(digest), self.gate.find(ticket(digest).digest, "corp:alice")
            assert (one is None) == (found is None)
            if one is not None and found is not None:
                assert (found.ticket, found.state, found.used) == (one.ticket, one.look(now), len(one.calls))
                assert [each.who for each in found.decisions] == [each.who for each in one.said]
        for one in self.plain:
            pending += one.look(now) is TicketState.PENDING
            allowed = terms(one.ticket, one.said)
            assert allowed.uses is None or len(one.calls) <= allowed.uses
            assert rejection(one.ticket, one.said) is None or one.look(now) not in STANDS
        assert self.gate.standing("corp:alice") == pending
        await self.gate._queue.drain()
        shown = {each.ticket.id: (each.state, each.used) for each in self.people.list()}
        assert shown == {one.ticket.id: (one.look(now), len(one.calls)) for one in self.plain}


async def play(directory: Path, course: list[tuple[Any, ...]]) -> None:
    world = World(directory)
    await world.gate.start()
    try:
        for step in (("ask", 1), ("ask", 2), *course):
            await world.step(*step)
            await world.check()
    finally:
        await world.gate.stop()
        world.people.close()


@given(steps)
def test_the_store_says_what_the_rules_say(course: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(play(Path(directory) / "data", course))
