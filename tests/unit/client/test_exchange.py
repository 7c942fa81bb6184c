"""An ID token for a token of Narrows, at the console."""

import pytest

from narrows.client.exchange import GRANT, ID_TOKEN, exchange
from narrows.client.failure import SignInEnded, SignInFailed
from narrows.model.secret import Secret
from unit.client.world import CONSOLE, World


def test_it_is_exchanged_and_gives_nothing_to_renew_with() -> None:
    world = World()
    reply = {"access_token": "nrw_at_x", "token_type": "Bearer", "expires_in": 600, "refresh_token": "never"}
    world.replies[f"{CONSOLE}/oauth/token"] = [(200, reply)]
    given = exchange(world, CONSOLE, Secret("id"), world.time)
    assert (given.access.reveal(), given.expires, given.refresh) == ("nrw_at_x", world.time + 600, None)
    assert world.forms[0][1] == {"grant_type": GRANT, "subject_token": "id", "subject_token_type": ID_TOKEN}


def test_what_the_console_refuses_is_told() -> None:
    world = World()
    world.replies[f"{CONSOLE}/oauth/token"] = [(400, {"error": "invalid_grant", "error_description": "deactivated"})]
    with pytest.raises(SignInEnded, match=r"console.*deactivated"):
        exchange(world, CONSOLE, Secret("id"), world.time)


@pytest.mark.parametrize(
    ("code", "over"), [("credential_revoked", True), ("identity_contained", True), ("credential_expired", False)]
)
def test_a_sign_in_that_was_revoked_is_over(code: str, over: bool) -> None:
    world = World()
    refused = {"error": "invalid_request", "error_description": "no", "code": code}
    world.replies[f"{CONSOLE}/oauth/token"] = [(400, refused)]
    with pytest.raises(SignInFailed) as caught:
        exchange(world, CONSOLE, Secret("id"), world.time)
    assert isinstance(caught.value, SignInEnded) == over


def test_without_a_console_there_is_nobody_to_ask() -> None:
    with pytest.raises(SignInFailed, match=r"console\.url"):
        exchange(World(), None, Secret("id"), 0)
