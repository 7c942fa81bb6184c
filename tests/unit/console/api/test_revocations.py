"""Revoking over the API: who did what is in the trail, and what cannot be so is said by field."""

from typing import Any

import pytest

from narrows.identity.containment import Holdings
from narrows.model.audit import ActOutcome
from narrows.model.revocation import Stopped
from unit.console.world import NOW, World

URL = "/api/v1/revocations"
EVE = {"kind": "user", "subject": "corp:eve", "reason": "left"}


async def made(world: World, **changes: Any) -> dict[str, Any]:
    reply = await world.call("POST", URL, "pat", json={**EVE, **changes})
    assert reply.status_code == 201, reply.text
    (one,) = reply.json()["revocations"]
    return dict(one)


async def test_a_revocation_is_kept_with_who_made_it_and_stands_in_the_trail(world: World) -> None:
    one = await made(world)
    assert (one["kind"], one["subject"], one["by"], one["reason"], one["stopped"]) == (
        "user", "corp:eve", "corp:pat", "left", [],
    )  # fmt: skip
    assert one["before"] is not None
    (kept,) = world.books.revocations.standing()
    assert (kept.id, kept.before) == (one["id"], NOW)
    acts = [(act.who, act.action, act.target, act.outcome) for act in world.books.audit.acts]
    assert acts == [
        ("corp:pat", "revocation.make", "user corp:eve", outcome) for outcome in (ActOutcome.BEGUN, ActOutcome.DONE)
    ]


async def test_what_gates_have_stopped_is_read_afterwards(world: World) -> None:
    one = await made(world, kind="token", subject="jti-1")
    world.books.sighted.seen.append(Stopped(one["id"], "host", NOW, ("call_1",), ("apr_1",)))
    reply = await world.call("GET", f"{URL}/{one['id']}", "aud")
    (seen,) = reply.json()["revocations"][0]["stopped"]
    assert (seen["gate"], seen["calls"], seen["approvals"]) == ("host", ["call_1"], ["apr_1"])


async def test_the_list_has_what_stands_or_all_and_the_newest(world: World) -> None:
    first, second = await made(world), await made(world, subject="corp:max")
    lifted = await world.call("POST", f"{URL}/{first['id']}/lift", "pat", json={"reason": "wrong person"})
    assert lifted.json()["revocations"][0]["lifted"]["by"] == "corp:pat"
    again = await world.call("POST", f"{URL}/{first['id']}/lift", "pat", json={"reason": "again"})
    assert again.json() == lifted.json()

    async def listed(query: str = "") -> list[str]:
        return [one["id"] for one in (await world.call("GET", URL + query, "aud")).json()["revocations"]]

    assert await listed() == [second["id"]]
    assert await listed("?all=true") == [first["id"], second["id"]]
    assert await listed("?all=true&limit=1") == [second["id"]]


async def test_a_person_is_contained_with_their_accounts_and_let_in_again(world: World) -> None:
    world.books.held = Holdings(accounts=("etl",), keys=("k1",))
    body = {"user": "corp:eve", "reason": "incident 4711"}
    tried = await world.call("POST", "/api/v1/containments", "pat", json={**body, "dry_run": True})
    assert (tried.json()["id"], tried.json()["holds"]["accounts"], tried.json()["revocations"]) == (None, ["etl"], [])
    assert world.books.revocations.standing() == []
    assert [act.action for act in world.books.audit.acts] == ["containment.try"]
    reply = await world.call("POST", "/api/v1/containments", "pat", json=body)
    contained = reply.json()
    assert [(one["kind"], one["subject"], one["before"]) for one in contained["revocations"]] == [
        ("user", "corp:eve", None),
        ("account", "etl", None),
    ]
    assert [act.target for act in world.books.audit.acts[1:]] == ["corp:eve"] * 2
    await world.call("POST", f"{URL}/{contained['id']}/lift", "pat", json={"reason": "resolved"})
    assert world.books.revocations.standing() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "planet"}, "kind"),
        ({"subject": "eve"}, "subject"),
        ({"subject": "narrows:etl"}, "subject"),
        ({"subject": "a\nb:c"}, "subject"),
        ({"reason": "  "}, "reason"),
        ({"reason": ""}, "reason"),
        ({"planet": 1}, "planet"),
    ],
)
async def test_what_is_wrong_is_said_by_field(world: World, change: dict[str, Any], field: str) -> None:
    reply = await world.call("POST", URL, "pat", json={**EVE, **change})
    assert (reply.status_code, reply.json()["code"]) == (400, "field_invalid")
    assert field in str(reply.json()["errors"])
    assert world.books.revocations.standing() == []


async def test_what_is_not_there_is_not_found(world: World) -> None:
    for method, path, body in (("GET", "rev_9", {}), ("POST", "con_9/lift", {"json": {"reason": "x"}})):
        reply = await world.call(method, f"{URL}/{path}", "pat", **body)
        assert (reply.status_code, reply.json()["code"]) == (404, "revocation_unknown")


async def test_where_the_trail_cannot_be_written_nothing_is_revoked(world: World) -> None:
    world.books.audit.fails = True
    for path, body in ((URL, EVE), ("/api/v1/containments", {"user": "corp:eve", "reason": "x"})):
        reply = await world.call("POST", path, "pat", json=body)
        assert (reply.status_code, reply.json()["code"]) == (503, "store_unavailable")
    assert world.books.revocations.standing() == []


async def test_a_store_that_fails_is_said(world: World) -> None:
    world.books.revocations.fails = True
    reply = await world.call("GET", URL, "aud")
    assert (reply.status_code, reply.json()["code"]) == (503, "store_unavailable")
