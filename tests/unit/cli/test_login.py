"""What `narrows login` refuses before it asks anybody; that it signs people in is shown end to end."""

from collections.abc import Callable

import pytest

from unit.cli.command import Ran


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        ((), 2, "say for which gate"),
        (("--url", "https://g.test", "--device", "--browser"), 2, "choose one"),
        (("--url", "https://g.test", "--device", "--id-token", "x"), 2, "choose one"),
        (("--url", "http://gate.test"), 1, "plain HTTP is for this machine only"),
        (("--url", "https://g.test", "--ca-bundle", "missing.pem"), 1, "not a readable PEM file"),
    ],
)
def test_what_can_not_begin_says_so(
    narrows: Callable[..., Ran], arguments: tuple[str, ...], code: int, why: str
) -> None:
    ran = narrows("login", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert why in ran.err
