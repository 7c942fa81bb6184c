"""Teams over HTTP: who may do what on which team, what waits for a second person, and what stands in the trail."""

from typing import Any

import httpx
import msgspec
import pytest

from narrows.model.principal import Principal
from unit.console.teams import teams
from unit.console.world import World

RED = "/api/v1/teams/red/policies/nightly"
POLICY = {
    "who": {"groups": ["research"]},
    "may": {"connections": ["openai"], "models": ["gpt-4o-mini"], "operations": ["chat"]},
}
MASKED = {**POLICY, "mask": [{"fields": ["ssn"]}]}


def problem(reply: httpx.Response) -> tuple[int, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    return reply.status_code, reply.json()["code"]


async def put(world: World, who: str = "lea", path: str = RED, **more: Any) -> httpx.Response:
    return await world.call("PUT", path, who, json={"policy": POLICY, **more})


def two_person(world: World, *kinds: str) -> None:
    world.door.admission = msgspec.structs.replace(world.door.admission, teams=teams(*kinds))


async def test_an_admin_of_a_team_puts_a_policy_into_force_and_removes_it(world: World) -> None:
    made = await put(world, reason="nightly runs")
    assert made.status_code == 200, made.text
    change = made.json()["change"]
    assert (change["team"], change["policy"], change["state"], change["by"], change["reason"]) == (
        "red", "nightly", "in_force", "corp:lea", "nightly runs",
    )  # fmt: skip
    (shown,) = (await world.call("GET", "/api/v1/teams/red/policies", "oda")).json()["items"]
    assert (shown["name"], shown["change"], shown["problems"]) == ("nightly", change["id"], [])
    assert "gpt-4o-mini" in shown["written"]
    assert (await world.call("GET", RED, "lea")).json() == shown
    same = (await put(world)).json()
    assert same == {"change": None, "warnings": []}
    gone = await world.call("DELETE", RED, "lea", params={"reason": "over"})
    assert gone.json()["change"]["written"] is None
    assert problem(await world.call("GET", RED, "lea")) == (404, "policy_unknown")
    assert problem(await world.call("DELETE", RED, "lea")) == (404, "policy_unknown")
    assert [(act.who, act.roles, act.action, act.target, act.outcome.value) for act in world.books.audit.acts] == [
        ("corp:lea", ("admin@red", "user"), "policy.apply", "red/nightly", "begun"),
        ("corp:lea", ("admin@red", "user"), "policy.apply", "red/nightly", "done"),
        ("corp:lea", ("admin@red", "user"), "policy.remove", "red/nightly", "begun"),
        ("corp:lea", ("admin@red", "user"), "policy.remove", "red/nightly", "done"),
    ]


POLICIES, CHANGES = "/api/v1/teams/red/policies", "/api/v1/changes"
PEOPLE = ("pat", "aud", "lea", "amy", "oda", "bea", "ana", "alice")
"""Admin and auditor of everything; of red its admin, its approver and its auditor; blue's admin; an approver of
everything, and somebody who is nothing but a user."""

MATRIX: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", "/api/v1/teams"): (200, 200, 200, 200, 200, 200, 403, 403),
    ("GET", POLICIES): (200, 200, 200, 200, 200, 403, 403, 403),
    ("GET", RED): (200, 200, 200, 200, 200, 403, 403, 403),
    ("PUT", RED): (200, 403, 200, 403, 403, 403, 403, 403),
    ("DELETE", RED): (200, 403, 200, 403, 403, 403, 403, 403),
    ("GET", CHANGES): (200, 200, 200, 200, 200, 200, 403, 403),
    ("GET", f"{CHANGES}/WAITS"): (200, 200, 200, 200, 200, 404, 403, 403),
    ("POST", f"{CHANGES}/WAITS/approve"): (200, 403, 200, 200, 403, 404, 403, 403),
    ("POST", f"{CHANGES}/WAITS/reject"): (200, 403, 200, 200, 403, 404, 403, 403),
    ("POST", f"{CHANGES}/WAITS/withdraw"): (409, 403, 409, 403, 403, 404, 403, 403),
}


@pytest.mark.parametrize(
    ("method", "path", "who", "status"),
    [(*route, who, status) for route, row in MATRIX.items() for who, status in zip(PEOPLE, row, strict=True)],
)
async def test_each_role_on_each_scope_gets_what_its_row_says(
    world: World, method: str, path: str, who: str, status: int
) -> None:
    assert (await put(world, "leo")).status_code == 200
    two_person(world, "policies")
    waiting = (await put(world, "leo", path=RED.replace("nightly", "weekly"))).json()["change"]
    two_person(world)
    body: dict[str, Any] = {}
    if method == "POST":
        body = {"json": {"reason": "because"}}
    elif method == "PUT":
        body = {"json": {"policy": MASKED}}
    reply = await world.call(method, path.replace("WAITS", waiting["id"]), who, **body)
    assert reply.status_code == status, reply.text


async def test_teams_and_changes_of_others_are_not_listed(world: World) -> None:
    await put(world)
    listed = (await world.call("GET", "/api/v1/teams", "bea")).json()["items"]
    assert [(one["name"], one["roles"]) for one in listed] == [("blue", ["admin"])]
    assert (await world.call("GET", CHANGES, "bea")).json()["items"] == []
    assert len((await world.call("GET", CHANGES, "oda", params={"team": "red"})).json()["items"]) == 1
    assert (await world.call("GET", CHANGES, "pat", params={"state": "pending"})).json()["items"] == []
    assert problem(await world.call("GET", "/api/v1/teams/none/policies", "pat")) == (404, "team_unknown")
    assert problem(await world.call("GET", "/api/v1/teams/none/policies", "lea")) == (403, "role_missing")


async def test_a_service_account_is_nothing_on_a_team() -> None:
    account = Principal("corp", "lea", kind="service_account", groups=frozenset({"leads"}))
    assert teams().of(account) == {}


async def test_what_is_outside_the_bounds_is_a_field_that_is_wrong(world: World) -> None:
    outside = {**POLICY, "may": {**POLICY["may"], "models": ["gpt-4o-mini", "o3"]}}
    reply = await put(world, policy=outside)
    assert problem(reply) == (400, "field_invalid")
    assert [error["field"] for error in reply.json()["errors"]] == ["policy.may.models[1]"]
    wider = await put(world, policy={**POLICY, "may": {**POLICY["may"], "models": ["gpt-*"]}}, dry_run=True)
    assert wider.json()["change"] is None
    assert "narrowed to `gpt-4o-mini*`" in wider.json()["warnings"][0]
    assert (await world.call("GET", CHANGES, "pat")).json()["items"] == []


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({**POLICY, "name": "other"}, "policy.name"),
        ({**POLICY, "x": 1}, "policy.x"),
        ({}, "policy.who"),
        ({**POLICY, "prompts": [{"deny": {"pattern": "("}}]}, "policy.prompts[0].deny.pattern"),
        ({**POLICY, "limits": {"budgets": ["5 usd"]}}, "policy.limits.budgets[0]"),
    ],
)
async def test_what_is_no_policy_is_refused(world: World, policy: dict[str, Any], field: str) -> None:
    reply = await put(world, policy=policy)
    assert problem(reply) == (400, "field_invalid")
    assert field in [error["field"] for error in reply.json()["errors"]]


async def test_a_change_upon_what_is_no_longer_in_force_is_refused(world: World) -> None:
    first = (await put(world)).json()["change"]["id"]
    second = await put(world, policy=MASKED, base=first)
    assert second.status_code == 200
    assert problem(await put(world, base=first)) == (409, "change_refused")


async def test_with_two_people_a_change_waits_for_the_second(world: World) -> None:
    two_person(world, "policies")
    waiting = (await put(world)).json()["change"]
    assert (waiting["state"], waiting["may_decide"]) == ("pending", False)
    assert (await world.call("GET", POLICIES, "lea")).json()["items"] == []
    approve = f"{CHANGES}/{waiting['id']}/approve"
    assert problem(await world.call("POST", approve, "lea", json={})) == (403, "own_change")
    said = await world.call("POST", approve, "leo", json={"reason": "fine"})
    assert (said.json()["state"], said.json()["said"][0]["who"]) == ("in_force", "corp:leo")
    assert [one["name"] for one in (await world.call("GET", POLICIES, "lea")).json()["items"]] == ["nightly"]
    assert problem(await world.call("POST", approve, "amy", json={})) == (409, "change_refused")
    gone = (await world.call("DELETE", RED, "lea")).json()["change"]
    assert gone["state"] == "pending"
    assert problem(await world.call("POST", f"{CHANGES}/{gone['id']}/reject", "leo", json={})) == (400, "field_invalid")
    assert (await world.call("POST", f"{CHANGES}/{gone['id']}/withdraw", "lea", json={})).json()["state"] == "withdrawn"


async def test_with_two_people_for_masks_only_those_wait(world: World) -> None:
    two_person(world, "masks")
    assert (await put(world)).json()["change"]["state"] == "in_force"
    assert (await put(world, policy=MASKED)).json()["change"]["state"] == "pending"


async def test_whoever_became_an_approver_later_is_not_one_of_those_named(world: World) -> None:
    two_person(world, "policies")
    waiting = (await put(world)).json()["change"]
    world.books.changes._ledger._changes[waiting["id"]] = msgspec.structs.replace(
        world.books.changes._ledger._changes[waiting["id"]], approvers=type(teams().deciding(teams().all()[0]))()
    )
    reply = await world.call("POST", f"{CHANGES}/{waiting['id']}/approve", "leo", json={})
    assert problem(reply) == (409, "change_refused")


async def test_without_its_store_nothing_is_changed(world: World) -> None:
    world.books.changes.fails = True
    assert problem(await put(world)) == (503, "store_unavailable")
