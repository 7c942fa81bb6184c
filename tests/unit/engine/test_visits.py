"""One exchange on its way: what is not known of it yet, and what it pins."""

from narrows.engine.judging import NOTHING, Caller
from narrows.engine.visits import Visit
from narrows.model.call import Source
from narrows.model.principal import Credential, Identity, Principal
from unit.engine.world import World, chat, completion


def test_nothing_is_known_of_it_at_first() -> None:
    world = World()
    who = Identity(Principal("corp", "alice"), Credential("oidc", "c", 0.0))
    caller = Caller(who, Source("192.0.2.7", "test"), "req_1", 1, "POST")
    visit = Visit(world.exchange(chat()), world.snapshots.current, caller, 1)
    assert (visit.connected, visit.asked) == (None, NOTHING)


async def test_a_call_ends_under_the_snapshot_it_began_with() -> None:
    world = World()
    first, second = world.snapshots.current, World([]).snapshots.current
    world.upstream.reply(completion())

    def swapped() -> None:
        world.snapshots.current = second

    world.upstream.on_send = swapped
    exchange = await world.call(chat())
    assert exchange.status == 200
    assert world.journal.opened[0].revision == first.revision
    assert (await world.call(chat())).status == 403
