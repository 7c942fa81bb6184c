import asyncio
from typing import Any

import msgspec
import pytest

from narrows.engine.snapshot import as_it_is
from narrows.model.call import Call
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Note
from unit.engine.world import DONE, POLICY, World, chat, chunk


async def test_a_call_finishes_under_the_snapshot_it_began_with() -> None:
    world, strict = World(), World([POLICY | {"name": "strict", "may": POLICY["may"] | {"models": ["none"]}}])
    gate = asyncio.Event()
    world.upstream.pieces([chunk("a"), gate, chunk(None, "stop"), DONE])
    running = world.exchange(chat(stream=True))
    task = asyncio.create_task(world.gateway(running))
    await asyncio.sleep(0.01)

    world.snapshots.current = msgspec.structs.replace(
        world.snapshots.current, policies=strict.snapshots.current.policies
    )
    later = await world.call(chat())
    gate.set()
    await task

    assert running.data.endswith(DONE)
    assert later.status == 403


class TestCountedRefusals:
    """Every refusal of a known caller is told to what counts them, which may note it or answer otherwise."""

    @staticmethod
    def world(refused: Any) -> World:
        world = World()
        world.snapshots.current = msgspec.structs.replace(world.snapshots.current, refused=refused)
        return world

    @pytest.mark.parametrize(
        ("path", "code"), [("/openai/v1/nothing", "route_unknown"), ("/openai/v1/chat/completions", "body_malformed")]
    )
    async def test_also_before_there_is_a_call(self, path: str, code: str) -> None:
        told: list[tuple[str, str]] = []

        def refused(call: Call, deny: Deny) -> tuple[Call, Deny]:
            told.append((deny.code.value, call.principal.key))
            note = Note(Code.PROBING_SUSPECTED, "research", "probing.enumeration", flagged=True)
            return msgspec.structs.replace(call, notes=(*call.notes, note)), deny

        world = self.world(refused)
        await world.call(b"{", path=path)
        assert told == [(code, "corp:alice")]
        (opened,) = world.journal.opened
        assert [note.rule for note in opened.notes] == ["probing.enumeration"]
        assert world.telemetry.notes == [("research", "flagged")]

    async def test_another_answer_is_told_and_recorded(self) -> None:
        suspected = Deny(Code.PROBING_SUSPECTED, "Wait.", policy="research", retry_after=30)
        world = self.world(lambda call, deny: (call, suspected))
        exchange = await world.call(chat("hi", model="other"))
        assert (exchange.status, exchange.headers[b"retry-after"]) == (429, b"30")
        assert world.journal.opened[0].refusal == "probing_suspected"

    async def test_if_it_fails_the_call_is_refused_as_it_was(self) -> None:
        def refused(call: Call, deny: Deny) -> tuple[Call, Deny]:
            raise RuntimeError("secret prompt")

        exchange = await self.world(refused).call(chat("hi", model="other"))
        assert exchange.status == 403

    async def test_without_anything_that_counts_it_stays_as_it_is(self) -> None:
        world = World()
        assert world.snapshots.current.refused is as_it_is
        exchange = await world.call(chat("hi", model="other"))
        assert exchange.status == 403
        assert world.journal.opened[0].notes == ()
