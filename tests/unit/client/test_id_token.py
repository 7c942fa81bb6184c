"""An ID token says who signed in, if this provider made it, for this client, in this attempt, and lately."""

from typing import Any

import pytest

from narrows.client.failure import SignInFailed
from narrows.client.id_token import LEEWAY, Person, read_id_token
from narrows.identity.keys import KeySet, read_key_set
from narrows.model.secret import Secret
from unit.client.world import ISSUER, World
from unit.identity.world import START, key_set, signing_key


def keys(kid: str = "one") -> KeySet:
    found = read_key_set(key_set(signing_key(kid=kid)))
    assert found is not None
    return found


def read(expected: str | None = "n", key: KeySet | None = None, **changes: Any) -> Person:
    token = World().id_token(**{"nonce": "n", **changes})
    return read_id_token(Secret(token), ISSUER, key or keys(), START, expected)


def test_it_says_who_signed_in() -> None:
    assert read(sid="s1") == Person("alice", "alice@corp.test", "s1")
    assert read(email=None, preferred_username="ali") == Person("alice", "ali")
    assert read(email=7) == Person("alice", "alice")
    assert read(expected=None) == Person("alice", "alice@corp.test"), "the device flow has no nonce"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://other.test"}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": ["cli", "other"]}, "azp"),
        ({"azp": "other"}, "azp"),
        ({"nonce": "other"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": START - LEEWAY}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"iat": START + LEEWAY + 1}, "iat"),
        ({"iat": None}, "iat"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
    ],
)
def test_one_that_is_wrong_in_one_way_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(SignInFailed, match=why):
        read(**changes)


def test_several_audiences_name_who_asked() -> None:
    assert read(aud=["cli", "other"], azp="cli").subject == "alice"


def test_one_that_somebody_else_signed_is_refused() -> None:
    with pytest.raises(SignInFailed, match="can't be used"):
        read(key=keys("two"))


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"crit": ["x"]}])
def test_a_header_can_not_choose_how_it_is_checked(header: dict[str, Any]) -> None:
    token = World().id_token(header, nonce="n")
    with pytest.raises(SignInFailed):
        read_id_token(Secret(token), ISSUER, keys(), START, "n")


def test_what_is_no_token_is_refused_without_being_shown() -> None:
    with pytest.raises(SignInFailed) as raised:
        read_id_token(Secret("canary-3f9a"), ISSUER, keys(), START, None)
    assert "canary" not in str(raised.value)
