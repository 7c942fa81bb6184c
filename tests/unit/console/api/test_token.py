"""The token endpoint over HTTP: open to everybody, forms alone, and errors that say nothing of who else there is."""

from collections.abc import AsyncIterator

import httpx
import pytest

from narrows.console.api.token import LARGEST_FORM
from narrows.console.app import build_app
from narrows.console.identity import Admission, Door
from narrows.console.roles import RoleBook
from unit.console.office import Office
from unit.console.world import ROLES, NamedTokens, Numbers, World


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    await office.start()
    yield office
    await office.close()


@pytest.fixture
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    door = Door(Admission(NamedTokens(), RoleBook(ROLES, ["corp"])), office.failures, office.desk)
    app = build_app(door, office.desk, Numbers(), office.office)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        yield client


async def test_a_form_is_answered_with_a_token(office: Office, client: httpx.AsyncClient) -> None:
    reply = await client.post("/oauth/token", data=office.job())
    assert reply.status_code == 200
    assert sorted(reply.json()) == ["access_token", "expires_in", "issued_token_type", "token_type"]
    assert (reply.headers["cache-control"], reply.headers["pragma"]) == ("no-store", "no-cache")
    assert reply.headers["content-type"] == "application/json"
    assert office.books.audit.acts[0].address == "192.0.2.7"
    assert office.books.audit.acts[0].request_id == reply.headers["x-request-id"]


async def test_a_refusal_is_one_of_oauth(office: Office, client: httpx.AsyncClient) -> None:
    reply = await client.post("/oauth/token", data=office.job(repository="evil/app"))
    assert (reply.status_code, sorted(reply.json())) == (400, ["code", "error", "error_description"])
    assert "acme" not in reply.text
    unread = await client.post("/oauth/token", json=office.job())
    assert (unread.status_code, sorted(unread.json())) == (400, ["error", "error_description"])


async def test_whatever_fails_here_may_be_tried_again(office: Office, client: httpx.AsyncClient) -> None:
    office.checks.blind = True
    reply = await client.post("/oauth/token", data=office.job())
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")


async def test_a_form_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    reply = await client.post("/oauth/token", data={"subject_token": "a" * LARGEST_FORM})
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")


async def test_without_an_office_the_route_is_not_there(world: World) -> None:
    reply = await world.call("POST", "/oauth/token", None, data={})
    assert (reply.status_code, reply.json()["code"]) == (404, "route_unknown")


async def test_a_token_is_handed_back(office: Office, client: httpx.AsyncClient) -> None:
    given = (await client.post("/oauth/token", data=office.job())).json()["access_token"]
    for token in (given, given, "unknown"):
        reply = await client.post("/oauth/revoke", data={"token": token, "token_type_hint": "access_token"})
        assert (reply.status_code, reply.json()) == (200, {})
        assert reply.headers["cache-control"] == "no-store"
    assert [one.subject for one in office.books.revocations.standing()] == [office.tokens.all[0].id]
    missing = await client.post("/oauth/revoke", data={"token_type_hint": "access_token"})
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    office.books.revocations.fails = True
    down = await client.post("/oauth/revoke", data={"token": given})
    assert (down.status_code, down.headers["retry-after"]) == (503, "5")
