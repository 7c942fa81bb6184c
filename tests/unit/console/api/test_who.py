"""Who may know what of whom over the API, and as of when."""

import pytest

from narrows.console.api.who import NotTold, RecordUnavailable
from unit.console.world import NOW, World

REVIEW = "/api/v1/reviews/access"


@pytest.mark.parametrize(
    ("reader", "identity", "status"),
    [
        ("alice", "me", 200),
        ("alice", "corp:alice", 200),
        ("alice", "alice", 403),
        ("alice", "corp:ana", 403),
        ("alice", "narrows:etl", 403),
        ("ana", "corp:ben", 403),
        ("aud", "corp:alice", 200),
        ("pat", "etl", 200),
    ],
)
async def test_everybody_may_know_it_of_themselves_and_of_others_whoever_sees_all(
    world: World, reader: str, identity: str, status: int
) -> None:
    reply = await world.call("GET", f"/api/v1/who/{identity}", reader)
    assert reply.status_code == status, reply.text
    if status == 200:
        ((asked, at),) = world.looks.asked
        assert (asked, at) == (f"corp:{reader}" if identity == "me" else identity, None)
    else:
        assert world.looks.asked == []
        assert reply.json()["code"] == "role_missing"


async def test_as_of_a_past_moment(world: World) -> None:
    reply = await world.call("GET", "/api/v1/who/corp:ana", "aud", params={"at": "2023-11-14T22:13:20+00:00"})
    assert world.looks.asked == [("corp:ana", NOW)]
    assert (reply.json()["id"], reply.json()["as_of"], reply.json()["budgets"]) == (
        "corp:ana",
        "2023-11-14T22:13:20Z",
        None,
    )


@pytest.mark.parametrize("at", ["2023-11-14T22:13:20", "yesterday"])
async def test_a_moment_names_its_zone(world: World, at: str) -> None:
    reply = await world.call("GET", "/api/v1/who/corp:ana", "aud", params={"at": at})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (400, "at")
    assert world.looks.asked == []


async def test_what_can_not_be_told_is_said_by_field(world: World) -> None:
    world.looks.fails = NotTold("at", "what is kept begins later")
    reply = await world.call("GET", "/api/v1/who/me", "aud")
    assert reply.status_code == 400
    assert reply.json()["errors"] == [{"field": "at", "message": "what is kept begins later"}]


@pytest.mark.parametrize("path", ["/api/v1/who/me", REVIEW])
async def test_a_record_that_can_not_be_read(world: World, path: str) -> None:
    world.looks.fails = RecordUnavailable("/secret/path: broken")
    reply = await world.call("GET", path, "pat")
    assert (reply.status_code, reply.json()["code"]) == (503, "store_unavailable")
    assert "secret" not in reply.text


async def test_a_review_comes_in_pages(world: World) -> None:
    first = (await world.call("GET", REVIEW, "aud", params={"limit": 2})).json()
    assert ([row["id"] for row in first["items"]], first["next"]) == (["corp:ana", "corp:ben"], "corp:ben")
    second = (await world.call("GET", REVIEW, "aud", params={"limit": 2, "after": first["next"]})).json()
    assert ([row["id"] for row in second["items"]], second["next"]) == (["corp:pat"], None)
    assert second["items"][0]["marks"] == ["never seen"]
    wrong = await world.call("GET", REVIEW, "aud", params={"stale": "soon"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "stale")
