"""A gate follows what others revoke, and makes void what people are asked about those."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from narrows.model.approval import TicketState
from narrows.model.principal import Credential, Principal
from narrows.model.revocation import Revoked
from narrows.stores.sqlite.approvals import SqliteApprovals
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.wiring.revoking import Revoking
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
        self.revoking = Revoking(directory, self.approvals, self.clock)

    async def refused(self) -> None:
        async with asyncio.timeout(5):
            while self.revoking.standing.refusal(ALICE, TOKEN) is None:
                await asyncio.sleep(0.001)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path / "data")
    await made.approvals.start()
    yield made
    await made.revoking.stop()
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
        ticket(6, requester="corp:eva", groups=()),
        ticket(7, requester="narrows:own", owner="corp:eva", groups=()),
    ]
    for each in asked:
        await world.approvals.ask(msgspec.structs.replace(each, expires=NOW + 10**12), BODY)
    world.revocations.add(
        [
            revocation(Revoked.USER, "corp:alice"),
            revocation(Revoked.GROUP, "corp:labs", number=2),
            revocation(Revoked.ACCOUNT, "bot", number=3),
            revocation(Revoked.SESSION, "sess_9", number=4),
            revocation(Revoked.USER, "corp:eva", number=5, before=NOW - 1),
        ]
    )
    await world.revoking.start()
    assert {each.id for each in world.approvals.open()} == {asked[5].id, asked[6].id}
    review = world.approvals.find(asked[0].digest, "corp:alice")
    assert review is not None
    assert review.state is TicketState.CANCELLED
