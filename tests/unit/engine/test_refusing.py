"""Refusals are on record first, and every caller gets one answer."""

import msgspec

from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.engine.world import World, chat


async def test_a_refusal_that_cannot_be_recorded_is_another_one() -> None:
    world = World()
    world.journal.failing = True
    exchange = await world.call(chat() | {"model": "large"})
    assert (exchange.status, exchange.json["error"]["code"]) == (503, "journal_unavailable")


async def test_a_path_that_nobody_knows_is_refused_in_some_shape_and_on_record() -> None:
    world = World()
    exchange = await world.call(chat(), path="/anthropic/v1/nothing")
    assert (exchange.status, exchange.json["type"]) == (403, "error")
    assert [(opened.refusal, opened.operation) for opened in world.journal.opened] == [("route_unknown", "")]


async def test_counting_that_fails_lets_nobody_through() -> None:
    def broken(*_: object) -> tuple[object, Deny]:
        raise ValueError("broken")

    world = World()
    world.snapshots.current = msgspec.structs.replace(world.snapshots.current, refused=broken)
    exchange = await world.call(chat() | {"model": "large"})
    assert exchange.json["error"]["code"] == Code.MODEL_NOT_ALLOWED.value


async def test_a_stranger_is_counted_and_its_body_is_not_read() -> None:
    world = World()
    exchange = await world.call(chat(), token="nobody")
    assert exchange.status == 401
    assert not exchange.body_read
    assert world.journal.opened == []
    world.strangers.flush()
    assert [row.count for row in world.journal.counts] == [1]
