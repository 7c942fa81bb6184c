"""Access over HTTP: who may ask for what, who sees and decides it, whose tokens are, and what stands in the trail."""

from typing import Any

import httpx
import pytest

from narrows.model.access import GrantState, Origin
from unit.console.access import AT, HOUR, approved, request
from unit.console.world import World, principal

ONE = "/api/v1/access/grt_1"
WISH = {"connections": ["openai"], "models": ["gpt-4o"], "operations": ["chat"], "for": "1h", "reason": "the outage"}


def problem(reply: httpx.Response) -> tuple[int, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    return reply.status_code, reply.json()["code"]


def acts(world: World) -> list[tuple[str, str, str, str, str | None]]:
    return [(act.who, act.action, act.target, act.outcome.value, act.code) for act in world.books.audit.acts]


async def wished(world: World, who: str = "alice", **changes: Any) -> httpx.Response:
    return await world.call("POST", "/api/v1/access", who, json={**WISH, **changes})


async def test_it_is_asked_for_approved_and_gives_a_token(world: World) -> None:
    asked = await wished(world)
    assert asked.status_code == 201, asked.text
    shown = asked.json()
    ident = shown["id"]
    assert (shown["state"], shown["own"], shown["may_decide"], shown["rule"]) == ("pending", True, False, "large")
    assert (shown["seconds"], shown["needed"], shown["ends_at"]) == (3600, 1, None)
    seen = (await world.call("GET", f"/api/v1/access/{ident}", "ana")).json()
    assert (seen["own"], seen["may_decide"], seen["reason"]) == (False, True, "the outage")
    early = await world.call("POST", f"/api/v1/access/{ident}/token", "alice")
    assert problem(early) == (409, "grant_closed")
    assert early.json()["state"] == "pending"
    said = await world.call("POST", f"/api/v1/access/{ident}/approve", "ana", json={"reason": "fine"})
    assert (said.json()["recorded"], said.json()["access"]["state"]) == (True, "active")
    token = await world.call("POST", f"/api/v1/access/{ident}/token", "alice")
    assert token.status_code == 201
    assert token.json()["token"].startswith("nrw_at_")
    assert token.json()["expires_at"] == said.json()["access"]["ends_at"]
    (kept,) = world.books.tokens.all
    assert (kept.origin, kept.source, kept.principal, kept.expires) == (
        Origin.GRANT,
        ident,
        principal("alice"),
        AT + HOUR,
    )
    assert token.json()["token"] not in str(world.books.audit.acts)
    assert [act[:4] for act in acts(world)] == [
        ("corp:alice", "access.request", ident, "begun"),
        ("corp:alice", "access.request", ident, "done"),
        ("corp:alice", "access.token", ident, "begun"),
        ("corp:alice", "access.token", ident, "refused"),
        ("corp:ana", "access.approve", ident, "begun"),
        ("corp:ana", "access.approve", ident, "done"),
        ("corp:alice", "access.token", ident, "begun"),
        ("corp:alice", "access.token", ident, "done"),
    ]


async def test_a_rule_approves_at_once(world: World) -> None:
    shown = (await wished(world, models=["small-1"])).json()
    assert (shown["state"], shown["rule"], shown["bound_to_network"]) == ("active", "small", True)
    assert (await world.call("POST", f"/api/v1/access/{shown['id']}/token", "alice")).status_code == 201
    assert world.books.tokens.all[0].network


async def test_what_can_be_asked_for_is_listed(world: World) -> None:
    offers = (await world.call("GET", "/api/v1/access-rules", "alice")).json()["items"]
    assert [(one["rule"], one["seconds"], one["needed"]) for one in offers] == [
        ("small", 28_800, 0),
        ("large", 7200, 1),
    ]
    assert (await world.call("GET", "/api/v1/access-rules", "bob")).json()["items"] == []


@pytest.mark.parametrize(
    ("who", "changes", "code", "detail"),
    [
        ("bob", {}, "access_not_offered", "no rule of access is about you"),
        ("alice", {"models": ["o3"]}, "access_not_offered", "you may ask for chat of small* on openai"),
        ("alice", {"for": "3h"}, "access_not_offered", "at most 2 hours"),
        ("alice", {"connections": ["opnai"]}, "access_not_offered", "there is no connection 'opnai'"),
    ],
)
async def test_what_nobody_offers_is_refused_and_stands_in_the_trail(
    world: World, who: str, changes: dict[str, Any], code: str, detail: str
) -> None:
    reply = await wished(world, who, **changes)
    assert problem(reply) == (403, code)
    assert detail in reply.json()["detail"]
    assert acts(world) == [(f"corp:{who}", "access.request", f"corp:{who}", "refused", code)]
    assert world.books.grants.requests == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"for": "soon"}, "for"),
        ({"for": "31d"}, "for"),
        ({"connections": []}, "connections"),
        ({"connections": ["x"] * 33}, "connections"),
        ({"certificate": "AB"}, "certificate"),
        ({"more": 1}, "more"),
    ],
)
async def test_fields_that_are_wrong_are_named(world: World, changes: dict[str, Any], field: str) -> None:
    reply = await wished(world, **changes)
    assert problem(reply) == (400, "field_invalid")
    assert field in str(reply.json()["errors"])


async def test_each_sees_what_is_theirs(world: World) -> None:
    grants = world.books.grants
    grants.ask(request("grt_1"))
    grants.ask(request("grt_2", principal("bob")))
    grants.ask(request("grt_3", principal("ana")))

    async def ids(who: str, query: str = "") -> list[str]:
        reply = await world.call("GET", f"/api/v1/access{query}", who)
        assert reply.status_code == 200, reply.text
        return [item["id"][-1] for item in reply.json()["items"]]

    assert await ids("pat") == await ids("aud") == ["1", "2", "3"]
    assert await ids("ana") == ["1", "2", "3"]
    assert await ids("alice") == ["1"]
    assert await ids("eve") == []
    grants.acts.append(approved())
    assert await ids("pat", "?state=active") == ["1"]
    assert await ids("pat", "?state=pending&after=grt_2") == ["3"]
    page = (await world.call("GET", "/api/v1/access?limit=2", "pat")).json()
    assert page["next"] == "grt_2"
    assert problem(await world.call("GET", "/api/v1/access?after=grt_9", "pat")) == (400, "field_invalid")
    assert problem(await world.call("GET", ONE, "bob")) == (404, "grant_unknown")
    assert problem(await world.call("GET", "/api/v1/access/grt_9", "pat")) == (404, "grant_unknown")


async def test_nobody_decides_about_their_own_and_nobody_whom_the_rule_does_not_name(world: World) -> None:
    world.books.grants.ask(request("grt_1", principal("sly")))
    for answer in ("approve", "reject"):
        body = {"json": {"reason": "because"}}
        assert problem(await world.call("POST", f"{ONE}/{answer}", "sly", **body)) == (403, "own_access")
        assert problem(await world.call("POST", f"{ONE}/{answer}", "pat", **body)) == (403, "not_entitled")
    assert world.books.grants.acts == []


async def test_saying_it_again_changes_nothing_and_too_late_is_told(world: World) -> None:
    grants = world.books.grants
    grants.ask(request())
    first = await world.call("POST", f"{ONE}/approve", "ana")
    again = await world.call("POST", f"{ONE}/approve", "ana")
    other = await world.call("POST", f"{ONE}/approve", "ben")
    assert [reply.json()["recorded"] for reply in (first, again, other)] == [True, False, False]
    late = await world.call("POST", f"{ONE}/reject", "ben", json={"reason": "no"})
    assert problem(late) == (409, "grant_closed")
    assert late.json()["state"] == "active"


async def test_two_at_once_are_told_what_came_of_it(world: World) -> None:
    grants = world.books.grants
    grants.ask(request())
    grants.before = lambda: grants.acts.append(approved("corp:ben"))
    assert (await world.call("POST", f"{ONE}/approve", "ana")).json()["recorded"] is False
    grants.ask(request("grt_2"))
    grants.before = lambda: grants.acts.append(approved("corp:ben", ident="grt_2"))
    late = await world.call("POST", "/api/v1/access/grt_2/reject", "ana", json={"reason": "no"})
    assert problem(late) == (409, "grant_closed")


async def test_who_asked_takes_it_back_and_so_does_an_admin(world: World) -> None:
    world.books.grants.ask(request("grt_1"))
    world.books.grants.ask(request("grt_2"))
    assert problem(await world.call("POST", f"{ONE}/cancel", "ana")) == (403, "not_entitled")
    assert (await world.call("POST", f"{ONE}/cancel", "alice")).json()["access"]["state"] == "cancelled"
    assert (await world.call("POST", f"{ONE}/cancel", "alice")).json()["recorded"] is False
    other = await world.call("POST", "/api/v1/access/grt_2/cancel", "pat", json={"reason": "left"})
    assert other.json()["access"]["acts"][0]["who"] == "corp:pat"
    assert problem(await world.call("POST", f"{ONE}/approve", "ana")) == (409, "grant_closed")


async def test_what_was_given_is_given_back_by_a_revocation(world: World) -> None:
    world.books.grants.ask(request())
    world.books.grants.acts.append(approved())
    assert problem(await world.call("POST", f"{ONE}/cancel", "ana")) == (403, "not_entitled")
    given = await world.call("POST", f"{ONE}/cancel", "alice", json={"reason": "done early"})
    assert (given.json()["recorded"], given.json()["access"]["state"]) == (True, "revoked")
    (made,) = world.books.revocations.standing()
    assert (made.kind, made.subject, made.by, made.reason) == ("grant", "grt_1", "corp:alice", "done early")
    assert (await world.call("POST", f"{ONE}/cancel", "alice")).json()["recorded"] is False
    assert problem(await world.call("POST", f"{ONE}/token", "alice")) == (409, "grant_closed")


async def test_a_token_is_its_requesters_alone(world: World) -> None:
    world.books.grants.ask(request())
    world.books.grants.acts.append(approved())
    for who in ("ana", "pat", "aud"):
        assert problem(await world.call("POST", f"{ONE}/token", who)) == (403, "not_entitled")
    assert problem(await world.call("POST", f"{ONE}/token", "bob")) == (404, "grant_unknown")
    world.clock.time += HOUR
    late = await world.call("POST", f"{ONE}/token", "alice")
    assert (problem(late), late.json()["state"]) == ((409, "grant_closed"), GrantState.ENDED)
    assert world.books.tokens.all == []


async def test_what_cannot_be_kept_is_not_done(world: World) -> None:
    world.books.grants.full = True
    assert problem(await wished(world)) == (409, "grant_refused")
    world.books.grants.full, world.books.grants.fails = False, True
    assert problem(await wished(world)) == (503, "store_unavailable")
    world.books.grants.fails, world.books.audit.fails = False, True
    assert problem(await wished(world)) == (503, "store_unavailable")
    world.books.audit.fails = False
    world.books.grants.ask(request())
    world.books.grants.acts.append(approved())
    world.books.tokens.fails = True
    assert problem(await world.call("POST", f"{ONE}/token", "alice")) == (503, "store_unavailable")


async def test_a_token_that_was_issued_for_calls_opens_nothing_here(world: World) -> None:
    assert problem(await world.call("GET", "/api/v1/whoami", "scoped-alice")) == (403, "scope_exceeded")
    assert (await world.call("GET", "/api/v1/access-rules", "login-alice")).status_code == 200
