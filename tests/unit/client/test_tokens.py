"""When a token is renewed, when it has ended, and what a JWT says of itself."""

import pytest

from narrows.client.tokens import Tokens, claims_of
from narrows.model.secret import Secret
from unit.client.world import World


def made(lasts: int) -> Tokens:
    return Tokens(Secret("a"), 1000 + lasts, 1000)


@pytest.mark.parametrize(("lasts", "left"), [(3600, 300), (86_400, 300), (600, 120), (60, 12), (4, 0)])
def test_it_is_renewed_well_before_its_end(lasts: int, left: int) -> None:
    tokens = made(lasts)
    assert not tokens.due(1000 + lasts - left - 1)
    assert tokens.due(1000 + lasts - left)
    assert not tokens.ended(1000 + lasts - 1)
    assert tokens.ended(1000 + lasts)


def test_a_jwt_says_what_it_says() -> None:
    claims = claims_of(Secret(World().access_token()))
    assert claims is not None
    assert (claims["sub"], claims["aud"]) == ("alice", "narrows")


@pytest.mark.parametrize("token", ["opaque", "a.b", "a.b.c", "a.bm8.c", "a.W10.c", "a.%%%.c", "..", "a.é.c"])
def test_any_other_token_says_nothing(token: str) -> None:
    assert claims_of(Secret(token)) is None
