"""The routes as a whole: each has a row that says whom it opens to, and nothing opens to anybody else."""

from typing import Any

import httpx
import pytest

from narrows.console.app import LARGEST_BODY, litestar_app
from narrows.console.identity import PUBLIC, ROLES
from narrows.console.roles import Role
from narrows.model.revocation import Revoked
from unit.console.access import request
from unit.console.world import World, ticket
from unit.identity.revoking import revocation

KINDS = ("stranger", "none", "user", "approver", "auditor", "admin")
"""A stranger, somebody without a role, a user (of another's call), an approver whom the rule names, an auditor, and an
admin whom it does not name."""

PEOPLE = dict(zip(KINDS, (None, "kim", "bob", "ana", "aud", "pat"), strict=True))
ONLY_ROLES = {"kim": frozenset[Role](), "bob": frozenset({Role.USER}), "ana": frozenset({Role.APPROVER})}
APPROVAL = "/api/v1/approvals/{ticket_id}"
GRANT = "/api/v1/access/{grant_id}"
TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", "/healthz"): (200, 200, 200, 200, 200, 200),
    ("GET", "/openapi.json"): (200, 200, 200, 200, 200, 200),
    # Whoever asks shows a token there; in this console none is exchanged.
    ("POST", "/oauth/token"): (404, 404, 404, 404, 404, 404),
    # So here: whoever has the token may end it, and there is none in what is sent.
    ("POST", "/oauth/revoke"): (400, 400, 400, 400, 400, 400),
    ("GET", "/api/v1/whoami"): (401, 403, 200, 200, 200, 200),
    ("GET", "/api/v1/approvals"): (401, 403, 200, 200, 200, 200),
    ("GET", APPROVAL): (401, 403, 404, 200, 200, 200),
    ("POST", f"{APPROVAL}/approve"): (401, 403, 403, 200, 403, 403),
    ("POST", f"{APPROVAL}/reject"): (401, 403, 403, 200, 403, 403),
    ("POST", f"{APPROVAL}/review"): (401, 403, 403, 409, 403, 409),
    ("GET", "/api/v1/access-rules"): (401, 403, 200, 200, 200, 200),
    ("GET", "/api/v1/access"): (401, 403, 200, 200, 200, 200),
    # What is asked for is missing.
    ("POST", "/api/v1/access"): (401, 403, 400, 400, 400, 400),
    ("GET", GRANT): (401, 403, 404, 200, 200, 200),
    ("POST", f"{GRANT}/approve"): (401, 403, 403, 200, 403, 403),
    ("POST", f"{GRANT}/reject"): (401, 403, 403, 200, 403, 403),
    ("POST", f"{GRANT}/cancel"): (401, 403, 404, 403, 403, 200),
    ("POST", f"{GRANT}/token"): (401, 403, 404, 403, 403, 403),
}
"""What each of them gets."""

SCIM = "/scim/v2/{issuer}"
ONE = ("GET", "PUT", "PATCH", "DELETE")
TABLE |= {
    (method, f"{SCIM}/{path}"): (401,) * len(KINDS)
    for methods, paths in (
        (("GET",), ("ServiceProviderConfig", "ResourceTypes", "ResourceTypes/{ident}", "Schemas", "Schemas/{ident}")),
        (("GET", "POST"), ("Users", "Groups")),
        (ONE, ("Users/{ident}", "Groups/{ident}")),
        (("POST",), ("Users/.search", "Groups/.search", ".search")),
        ((*ONE, "POST"), ("{rest}",)),
    )
    for path in paths
    for method in methods
}
"""A provider's directory is its own: none of them is a provider."""

TOLD = ("/oidc/{issuer}/logout", "/ssf/{issuer}/events")
TABLE |= {("POST", path): (404,) * len(KINDS) for path in TOLD}
"""Statements prove themselves, and no issuer is configured that makes any."""

TABLE |= {
    ("GET", "/api/v1/who/{identity}"): (401, 403, 403, 403, 200, 200),
    ("GET", "/api/v1/reviews/access"): (401, 403, 403, 403, 200, 200),
}
"""Of others; what somebody could reach themselves, whoever has a role may know."""

REVOCATION = "/api/v1/revocations/{reference}"
TABLE |= {
    ("GET", "/api/v1/revocations"): (401, 403, 403, 403, 200, 200),
    ("GET", REVOCATION): (401, 403, 403, 403, 200, 200),
    # What is to be revoked, and who is to be contained, is missing.
    ("POST", "/api/v1/revocations"): (401, 403, 403, 403, 403, 400),
    ("POST", "/api/v1/containments"): (401, 403, 403, 403, 403, 400),
    ("POST", f"{REVOCATION}/lift"): (401, 403, 403, 403, 403, 200),
}
"""Revoking is for admins, and looking at it for auditors, too."""

TEAM_POLICY = "/api/v1/teams/{team}/policies/{name}"
CHANGE = "/api/v1/changes/{change_id}"
TABLE |= {
    ("GET", "/api/v1/teams"): (401, 403, 403, 403, 200, 200),
    ("GET", "/api/v1/teams/{team}/policies"): (401, 403, 403, 403, 200, 200),
    ("GET", TEAM_POLICY): (401, 403, 403, 403, 404, 404),
    ("PUT", TEAM_POLICY): (401, 403, 403, 403, 403, 400),
    ("DELETE", TEAM_POLICY): (401, 403, 403, 403, 403, 404),
    ("GET", "/api/v1/changes"): (401, 403, 403, 403, 200, 200),
    ("GET", CHANGE): (401, 403, 403, 403, 404, 404),
    ("POST", f"{CHANGE}/approve"): (401, 403, 403, 403, 403, 404),
    ("POST", f"{CHANGE}/reject"): (401, 403, 403, 403, 403, 404),
    ("POST", f"{CHANGE}/withdraw"): (401, 403, 403, 403, 403, 404),
}
"""Roles on everything; those on a team are tested where teams are."""

CASES = [(*route, kind, status) for route, row in TABLE.items() for kind, status in zip(KINDS, row, strict=True)]


def routes(world: World) -> set[tuple[str, str]]:
    app = litestar_app(world.door, world.desk)
    found = set()
    for route in app.routes:
        parts = ("{" + part.name + "}" if hasattr(part, "name") else part for part in route.path_components)
        path = "/" + "/".join(parts)
        found |= {(method, path) for method in route.methods if method != "OPTIONS"}  # type: ignore[union-attr]
    return found


def handlers(world: World) -> list[Any]:
    app = litestar_app(world.door, world.desk)
    return [handler for route in app.routes for handler in route.route_handlers]  # type: ignore[union-attr]


def test_every_route_has_its_row(world: World) -> None:
    assert routes(world) == set(TABLE)


def test_every_route_says_whom_it_opens_to(world: World) -> None:
    for handler in handlers(world):
        if "OPTIONS" in handler.http_methods:
            continue
        assert bool(handler.opt.get(PUBLIC)) != bool(handler.opt.get(ROLES)), handler


@pytest.mark.parametrize(("method", "path", "kind", "status"), CASES)
async def test_each_role_gets_what_its_row_says(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str, path: str, kind: str, status: int
) -> None:
    world.ask()
    world.books.grants.ask(request())
    world.books.revocations.add([revocation(Revoked.USER, "corp:eve")])
    book = world.door.admission.roles
    usual = book.of
    monkeypatch.setattr(book, "of", lambda who: ONLY_ROLES.get(who.subject, usual(who) - {Role.USER}))
    said = {"comment": "checked"} if path.endswith("/review") else {"reason": "because"}
    body = {"json": said} if method == "POST" else {}
    reply = await world.call(
        method,
        path.replace("{ticket_id}", ticket().id)
        .replace("{grant_id}", request().id)
        .replace("{reference}", "rev_1")
        .replace("{team}", "red")
        .replace("{name}", "nightly")
        .replace("{change_id}", "chg_1"),
        PEOPLE[kind],
        **body,
    )
    assert reply.status_code == status, reply.text


async def test_a_route_that_names_no_role_opens_to_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from narrows.console.api import whoami

    monkeypatch.delitem(whoami.whoami.opt, ROLES)
    app = litestar_app(world.door, world.desk)
    monkeypatch.setattr(world.app, "_app", app)
    reply = await world.call("GET", "/api/v1/whoami", "pat")
    assert (reply.status_code, reply.json()["code"]) == (403, "role_missing")


def test_options_tell_no_other_origin_anything(world: World) -> None:
    assert litestar_app(world.door, world.desk).cors_config is None


async def test_a_large_body_is_refused(world: World) -> None:
    world.ask()
    reply = await world.call("POST", f"/api/v1/approvals/{ticket().id}/approve", content=b" " * (LARGEST_BODY + 1))
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")
    assert world.books.decisions.said == []


async def test_the_description_holds_every_route_and_how_to_come_in(world: World) -> None:
    reply = await world.call("GET", "/openapi.json", None)
    described = reply.json()
    assert reply.headers["content-type"].startswith("application/vnd.oai.openapi+json")
    assert described["openapi"].startswith("3.1")
    own = {path for _, path in TABLE if path not in TOLD and not path.startswith(SCIM)}
    assert own - {"/openapi.json"} == set(described["paths"])
    assert described["components"]["securitySchemes"]["oidc"]["scheme"] == "bearer"
    sent = described["paths"]["/api/v1/approvals/{ticket_id}/approve"]["post"]["requestBody"]
    assert "Approve" in str(sent)


async def test_unknown_routes_and_methods_are_problems(world: World) -> None:
    unknown = await world.call("GET", "/api/v1/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "route_unknown")
    wrong: httpx.Response = await world.call("DELETE", "/api/v1/whoami")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_unknown")
    assert "GET" in wrong.headers["allow"]
