"""What `narrows proxy` refuses before it listens; that it serves is shown end to end."""

from collections.abc import Callable

from unit.cli.command import Ran
from unit.cli.test_token import signed_in


def test_nobody_is_signed_in(narrows: Callable[..., Ran]) -> None:
    ran = narrows("proxy")
    assert (ran.code, ran.out) == (2, "")
    assert "nobody is signed in" in ran.err


def test_a_sign_in_that_has_ended_is_told_here(narrows: Callable[..., Ran]) -> None:
    signed_in(lasts=0)
    ran = narrows("proxy", "--port", "0")
    assert (ran.code, ran.out) == (1, "")
    assert "narrows login --url https://gate.test" in ran.err
