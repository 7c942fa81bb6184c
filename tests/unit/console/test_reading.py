"""A body has one meaning, or none."""

import pytest

from unit.console.world import World, ticket

PATH = f"/api/v1/approvals/{ticket().id}/approve"


@pytest.mark.parametrize(
    "content",
    [
        b'{"repeats": 1, "repeats": 1000}',
        b'{"repeats": NaN}',
        b'\xef\xbb\xbf{"repeats": 1}',
        b'{"reason": "\\ud800"}',
        b"[" * 9000,
        b'{"reason":' * 1000,
        b"{} {}",
        b"\xff",
    ],
)
async def test_what_two_readers_could_read_in_two_ways_is_refused(world: World, content: bytes) -> None:
    world.ask()
    reply = await world.call("POST", PATH, content=content)
    assert (reply.status_code, reply.json()["code"]) == (400, "body_malformed")
    assert world.books.decisions.said == []


async def test_a_number_that_no_integer_holds_names_its_field(world: World) -> None:
    world.ask()
    reply = await world.call("POST", PATH, content=b'{"repeats": 123456789012345678901234567890}')
    assert reply.status_code == 400, reply.text


async def test_a_body_is_json_whatever_a_plain_client_calls_it(world: World) -> None:
    world.ask()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    reply = await world.call("POST", PATH, content=b'{"reason": "checked"}', headers=kind)
    assert (reply.status_code, world.books.decisions.said[0].reason) == (200, "checked")
