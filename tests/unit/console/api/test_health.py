"""Whether it answers: for probes, which are nobody."""

from unit.console.world import World


async def test_a_probe_is_answered_without_a_credential(world: World) -> None:
    reply = await world.call("GET", "/healthz", None)
    assert (reply.status_code, reply.text) == (200, "ok\n")
    assert world.authenticator.verified == []
