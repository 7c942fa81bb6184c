import asyncio

import msgspec

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
