"""Which sign-in a command means, and when its token is taken without asking anybody."""

from pathlib import Path

import pytest

from narrows.cli import signins
from narrows.cli.failure import Failure
from narrows.client.failure import SignInFailed
from narrows.client.logins import Logins
from unit.cli.test_token import signed_in


def test_what_fails_on_the_clients_side_is_a_message() -> None:
    with pytest.raises(Failure, match="why"), signins.told():
        raise SignInFailed("why")


def test_the_one_that_is_named_or_the_last(tmp_path: Path) -> None:
    signed_in(url="https://a.test")
    signed_in(url="https://b.test")
    logins = signins.open_logins()
    assert signins.chosen(logins, None).url == "https://b.test"
    assert signins.chosen(logins, "https://A.test/").url == "https://a.test"
    with pytest.raises(Failure, match=r"nobody is signed in for https://c\.test"):
        signins.chosen(logins, "https://c.test")
    with pytest.raises(Failure, match="plain HTTP"):
        signins.chosen(logins, "http://c.test")
    with pytest.raises(Failure, match="nobody is signed in"):
        signins.chosen(Logins(tmp_path / "elsewhere"), None)


def test_a_token_that_is_not_due_needs_nobody() -> None:
    signed_in()
    logins = signins.open_logins()
    assert signins.fresh(logins, signins.chosen(logins, None)).access.reveal() == "token-for-https://gate.test"
