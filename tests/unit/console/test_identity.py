"""The door: what it takes for a credential, what it says to whom, and in which order."""

import pytest

from narrows.model.audit import ActOutcome
from unit.console.world import World, ticket

WHOAMI = "/api/v1/whoami"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "credential_missing"),
        ("", "credential_invalid"),
        ("Bearer", "credential_invalid"),
        ("Bearer  ", "credential_invalid"),
        ("Basic YTpi", "credential_invalid"),
        ("ana", "credential_invalid"),
    ],
)
async def test_what_is_no_bearer_token_is_refused(world: World, header: str | None, code: str) -> None:
    headers = {} if header is None else {"authorization": header}
    reply = await world.call("GET", WHOAMI, None, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (401, code)
    assert reply.headers["www-authenticate"].startswith("Bearer realm=")
    assert world.authenticator.verified == []


async def test_two_credentials_are_none(world: World) -> None:
    request = world.client.build_request("GET", WHOAMI)
    request.headers = type(request.headers)([("authorization", "Bearer ana"), ("authorization", "Bearer pat")])
    reply = await world.client.send(request)
    assert (reply.status_code, reply.json()["code"]) == (401, "credential_invalid")


async def test_other_headers_and_queries_are_no_credential(world: World) -> None:
    reply = await world.call("GET", f"{WHOAMI}?access_token=ana", None, headers={"x-api-key": "ana"})
    assert reply.json()["code"] == "credential_missing"


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("t-expired", 401, "credential_expired"),
        ("t-wrong", 401, "credential_invalid"),
        ("t-revoked", 401, "credential_revoked"),
        ("t-down", 503, "identity_unavailable"),
    ],
)
async def test_what_the_authenticator_refuses_keeps_its_code(world: World, token: str, status: int, code: str) -> None:
    reply = await world.call("GET", WHOAMI, token)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    if status == 503:
        assert reply.headers["retry-after"] == "7"


async def test_service_accounts_are_no_people(world: World) -> None:
    reply = await world.call("GET", WHOAMI, "bot-nightly")
    assert (reply.status_code, reply.json()["code"]) == (403, "not_a_person")


async def test_a_strangers_body_is_never_read(world: World) -> None:
    async def body() -> object:
        raise AssertionError("it was read")
        yield b""

    reply = await world.call("POST", f"/api/v1/approvals/{ticket().id}/approve", None, content=body())
    assert reply.status_code == 401


async def test_who_lacks_a_role_stands_in_the_trail_and_strangers_do_not(world: World) -> None:
    world.ask()
    path = f"/api/v1/approvals/{ticket().id}/approve"
    await world.call("POST", path, "t-wrong")
    assert world.books.audit.acts == []
    reply = await world.call("POST", path, "alice")
    assert (reply.status_code, reply.json()["code"]) == (403, "role_missing")
    assert reply.json()["detail"] == "you are: user"
    (act,) = world.books.audit.acts
    assert (act.who, act.action, act.target) == ("corp:alice", "approval.approve", ticket().id)
    assert (act.outcome, act.code) == (ActOutcome.REFUSED, "role_missing")


async def test_another_admission_is_in_force_at_once(world: World) -> None:
    from narrows.config.console import Roles
    from narrows.console.identity import Admission
    from narrows.console.roles import RoleBook

    assert (await world.call("GET", WHOAMI, "pat")).status_code == 200
    world.door.admission = Admission(world.authenticator, RoleBook(Roles(), ["corp"]))
    reply = await world.call("GET", WHOAMI, "pat")
    assert (reply.status_code, reply.json()["detail"]) == (403, "you have no role")
