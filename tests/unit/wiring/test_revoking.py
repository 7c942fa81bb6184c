"""A gate follows what others revoke, and makes void what people are asked about those."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from narrows.model.approval import TicketState
from narrows.model.call import Call
from narrows.model.principal import Credential, Principal
from narrows.model.refusal import Code
from narrows.model.revocation import Revoked, Stopped
from narrows.model.verdict import Deny
from narrows.stores.sqlite.approvals import SqliteApprovals
from narrows.stores.sqlite.gatefile import GateView
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.stores.sqlite.sightings import SqliteSightings
from narrows.wiring.revoking import SOME, Revoking
from unit.controls.calls import call
from unit.identity.revoking import revocation
from unit.stores.sqlite.records import NOW, StillClock
from unit.stores.sqlite.tickets import BODY, prepared, ticket

ALICE = Principal("corp", "alice")
TOKEN = Credential("oidc", "jti-1", 0.0, issued=NOW)


class World:
    """A gate's approvals and what follows revocations, over one data directory."""

    def __init__(self, directory: Path) -> None:
        self.clock = StillClock()
        self.approvals = SqliteApprovals(prepared(directory), self.clock)
        self.revocations = SqliteRevocations(directory, self.clock)
        self.sightings = SqliteSightings(directory, self.clock)
        self.revoking = Revoking(directory, self.approvals, self.sightings, self.clock, "gate-1")
        self.view = GateView(directory)

    async def refused(self) -> None:
        async with asyncio.timeout(5):
            while self.revoking.standing.refusal(ALICE, TOKEN) is None:
                await asyncio.sleep(0.001)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path / "data")
    await made.approvals.start()
    await made.sightings.start()
    yield made
    await made.revoking.stop()
    await made.sightings.stop()
    await made.approvals.stop()
    made.revocations.close()


async def test_what_others_write_is_in_force_soon(world: World) -> None:
    await world.revoking.start()
    assert world.revoking.standing.refusal(ALICE, TOKEN) is None
    world.revocations.add([revocation(Revoked.USER, "corp:alice")])
    await world.refused()
    world.revocations.lift("rev_1", "corp:ann", "a mistake")
    async with asyncio.timeout(5):
        while world.revoking.standing.refusal(ALICE, TOKEN) is not None:
            await asyncio.sleep(0.001)


async def test_what_was_written_before_the_start_is_in_force_at_once(world: World) -> None:
    world.revocations.add([revocation(Revoked.USER, "corp:alice")])
    await world.revoking.start()
    assert world.revoking.standing.refusal(ALICE, TOKEN) is not None


async def test_questions_of_the_revoked_are_void_and_no_others(world: World) -> None:
    asked = [
        ticket(1),
        ticket(2, requester="corp:max", groups=("corp:labs",)),
        ticket(3, requester="narrows:etl", owner="corp:alice", groups=()),
        ticket(4, requester="narrows:bot", owner="corp:max", groups=()),
        ticket(5, requester="corp:eva", groups=(), session="sess_9"),
        ticket(6, requester="corp:eva", groups=(), at=NOW + 1),
        ticket(7, requester="narrows:own", owner="corp:eva", groups=(), at=NOW + 1),
    ]
    for each in asked:
        await world.approvals.ask(msgspec.structs.replace(each, expires=NOW + 10**12), BODY)
    world.revocations.add(
        [
            revocation(Revoked.USER, "corp:alice"),
            revocation(Revoked.GROUP, "corp:labs", number=2),
            revocation(Revoked.ACCOUNT, "bot", number=3),
            revocation(Revoked.SESSION, "sess_9", number=4),
            revocation(Revoked.USER, "corp:eva", number=5, before=NOW),
        ]
    )
    await world.revoking.start()
    assert {each.id for each in world.approvals.open()} == {asked[5].id, asked[6].id}
    review = world.approvals.find(asked[0].digest, "corp:alice")
    assert review is not None
    assert review.state is TicketState.CANCELLED
    await world.sightings.stop()
    stopped = world.view.stopped(["rev_1", "rev_2", "rev_3", "rev_4", "rev_5"])
    assert [(each.gate, each.revocation, each.tickets) for each in stopped] == [
        ("gate-1", "rev_1", (asked[0].id, asked[2].id)),
        ("gate-1", "rev_2", (asked[1].id,)),
        ("gate-1", "rev_3", (asked[3].id,)),
        ("gate-1", "rev_4", (asked[4].id,)),
        ("gate-1", "rev_5", ()),
    ]


async def test_a_gate_says_what_it_cut(world: World) -> None:
    await world.revoking.start()
    running = _Running(call())
    world.revoking.live.running.add(running)
    world.revocations.add([revocation(Revoked.TOKEN, running.call.credential.id)])
    async with asyncio.timeout(5):
        while not world.view.stopped(["rev_1"]):
            await asyncio.sleep(0.001)
    assert world.view.stopped(["rev_1"]) == [Stopped("rev_1", "gate-1", world.clock.now(), (running.call.id,))]
    assert [deny.code for deny in running.denied] == [Code.CREDENTIAL_REVOKED]


async def test_many_calls_are_cut_a_few_at_a_time(world: World) -> None:
    """Whoever else calls must not wait for all of them."""
    await world.revoking.start()
    live, turns = world.revoking.live, []
    many = [_Running(msgspec.structs.replace(call(), id=f"call_{number}")) for number in range(3 * SOME)]
    live.running |= set(many)

    async def count() -> None:
        while not all(each.denied for each in many):
            turns.append(sum(bool(each.denied) for each in many))
            await asyncio.sleep(0)

    world.revocations.add([revocation(Revoked.TOKEN, many[0].call.credential.id)])
    async with asyncio.timeout(5):
        await count()
        while not world.view.stopped(["rev_1"]):
            await asyncio.sleep(0.001)
    assert set(turns) == {0, SOME, 2 * SOME}
    (stopped,) = world.view.stopped(["rev_1"])
    assert set(stopped.calls) == {each.call.id for each in many}


async def test_what_is_revoked_while_calls_are_cut_is_carried_out_too(world: World) -> None:
    await world.revoking.start()
    first, second = (_Running(_call(name)) for name in ("jti-1", "jti-9"))
    world.revoking.live.running |= {first, second}
    world.revocations.add([revocation(Revoked.TOKEN, first.call.credential.id)])
    world.revoking.standing.poll()
    world.revocations.add([revocation(Revoked.TOKEN, "jti-9", number=2)])
    world.revoking.standing.poll()
    await world.revoking.stop()
    await world.sightings.stop()
    assert [len(each.denied) for each in (first, second)] == [1, 1]
    stopped = {each.revocation: each.calls for each in world.view.stopped(["rev_1", "rev_2"])}
    assert stopped == {"rev_1": ("call_jti-1",), "rev_2": ("call_jti-9",)}


async def test_a_start_says_of_what_has_stood_only_what_came_of_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.approvals.ask(msgspec.structs.replace(ticket(1), expires=NOW + 10**12), BODY)
    world.revocations.add([revocation(Revoked.USER, f"corp:u{number}", number=number) for number in range(50)])
    world.revocations.add([revocation(Revoked.USER, "corp:alice", number=99)])
    await world.revoking.start()
    assert [line for line in caplog.messages if "was revoked" in line] == [
        "user corp:alice was revoked by corp:ann (rev_99): 0 calls are cut, 1 questions are void"
    ]


async def test_the_last_use_of_a_credential_is_told(world: World) -> None:
    await world.revoking.start()
    used = call()
    world.revoking.live.used[used.credential.id] = used
    await world.revoking.stop()
    await world.sightings.stop()
    use = world.view.uses()[used.credential.id]
    assert (use.principal, use.at, use.address) == (used.principal.key, used.at, used.source.address)


def _call(credential: str) -> Call:
    return msgspec.structs.replace(
        call(), id=f"call_{credential}", credential=Credential("oidc", credential, 0.0, issued=NOW)
    )


class _Running:
    """A call on its way."""

    def __init__(self, about: Call) -> None:
        self.call = about
        self.denied: list[Deny] = []

    def cut(self, deny: Deny) -> None:
        self.denied.append(deny)
