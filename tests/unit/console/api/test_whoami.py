"""Who the console takes somebody for."""

from unit.console.world import NOW, World


async def test_it_says_issuer_groups_and_roles(world: World) -> None:
    reply = await world.call("GET", "/api/v1/whoami", "pia")
    assert reply.status_code == 200
    assert reply.json() == {
        "user": "corp:pia",
        "issuer": "corp",
        "subject": "pia",
        "groups": ["corp:platform", "corp:security"],
        "roles": ["admin", "approver", "user"],
        "expires_at": "2023-11-14T22:23:20Z",
    }
    assert NOW == 1_700_000_000_000_000


async def test_it_is_no_act(world: World) -> None:
    await world.call("GET", "/api/v1/whoami", "pia")
    assert world.books.audit.acts == []
