"""The device flow: the code is shown, and the provider asked as often as it wants to be."""

from typing import Any

import msgspec
import pytest

from narrows.client.device import GRANT, DeviceCode, ask_for_code, poll
from narrows.client.failure import SignInEnded, SignInFailed, Unreachable
from narrows.client.tokens import Tokens
from unit.client.world import IDP, ISSUER, PROVIDER, Reply, World

CODE = {"device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": f"{IDP}/go", "expires_in": 600, "interval": 5}
PENDING = (400, {"error": "authorization_pending"})


def polled(*replies: Reply, **code: Any) -> tuple[World, Tokens]:
    world = World()
    world.replies[f"{IDP}/token"] = [*replies, (200, world.grant())]
    given = msgspec.convert(CODE | code, DeviceCode)
    return world, poll(world, ISSUER, PROVIDER, given, world.waiting())


def test_a_code_is_asked_for() -> None:
    world = World()
    world.replies[f"{IDP}/device"] = [(200, CODE)]
    issuer = msgspec.structs.replace(ISSUER, resource="urn:narrows", parameters={"audience": "narrows"})
    assert ask_for_code(world, issuer, PROVIDER).user_code == "ABCD-EFGH"
    assert world.forms[0][1] == {
        "client_id": "cli",
        "scope": "openid offline_access",
        "resource": "urn:narrows",
        "audience": "narrows",
    }


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ((400, {"error": "unauthorized_client"}), "unauthorized_client"),
        ((200, {}), "can't be used"),
        ((200, CODE | {"verification_uri": "javascript:alert(1)"}), "no web page"),
        ((200, CODE | {"verification_uri_complete": "file:///etc/passwd"}), "no web page"),
    ],
)
def test_a_code_that_can_not_be_used_is_refused(reply: Reply, why: str) -> None:
    world = World()
    world.replies[f"{IDP}/device"] = [reply]
    with pytest.raises(SignInFailed, match=why):
        ask_for_code(world, ISSUER, PROVIDER)


def test_a_provider_without_it_is_not_asked() -> None:
    with pytest.raises(SignInFailed, match="--browser"):
        ask_for_code(World(), ISSUER, msgspec.structs.replace(PROVIDER, device_authorization_endpoint=None))


def test_it_waits_as_long_as_it_is_told() -> None:
    world, tokens = polled(PENDING, PENDING)
    assert world.slept == [5, 5, 5]
    assert tokens.refresh is not None
    assert world.forms[0] == (f"{IDP}/token", {"client_id": "cli", "grant_type": GRANT, "device_code": "d"})


def test_it_asks_less_often_when_told_so_and_when_nobody_answers() -> None:
    assert polled((400, {"error": "slow_down"}), PENDING)[0].slept == [5, 10, 10]
    assert polled(Unreachable("down"), Unreachable("down"), PENDING)[0].slept == [5, 10, 20, 20]
    assert polled(interval=0)[0].slept == [1], "never without a pause"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ((400, {"error": "access_denied"}), SignInEnded),
        ((400, {"error": "expired_token"}), SignInEnded),
        ((400, {"error": "invalid_client"}), SignInFailed),
        ((502, {}), SignInFailed),
    ],
)
def test_a_no_is_a_no(reply: Reply, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        polled(reply)


def test_a_code_that_nobody_typed_in_ends() -> None:
    with pytest.raises(SignInEnded, match="in time"):
        polled(*[PENDING] * 100, expires_in=30)
