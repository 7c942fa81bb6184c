"""What a token endpoint answers: tokens with their end, or why there are none; and whether the gate can take them."""

from typing import Any

import msgspec
import pytest

from narrows.client.failure import SignInEnded, SignInFailed
from narrows.client.granted import check_for_gate, received
from narrows.client.tokens import Tokens
from narrows.client.web import Answer
from narrows.model.secret import Secret
from unit.client.world import IDP, ISSUER, World
from unit.identity.world import START


def read(body: object, status: int = 200) -> Tokens:
    return received(Answer(status, msgspec.json.encode(body)), IDP, START)


def test_tokens_are_secrets_with_an_end() -> None:
    given = World().grant(expires_in=600)
    tokens = read(given)
    assert tokens.access.reveal() == given["access_token"]
    assert (tokens.received, tokens.expires) == (START, START + 600)
    assert tokens.refresh == Secret("r1")
    assert given["access_token"] not in repr(tokens)
    assert "r1" not in repr(tokens)


@pytest.mark.parametrize(("said", "seconds"), [("3599", 3599), (3599.9, 3599), (None, 600), (True, 600), (-1, 600)])
def test_an_end_that_is_not_said_is_the_tokens_own(said: object, seconds: int) -> None:
    assert read(World().grant(expires_in=said)).expires == START + seconds


def test_a_token_that_says_no_end_is_not_trusted_for_long() -> None:
    assert read({"access_token": "opaque", "token_type": "bearer"}).expires == START + 300


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "a b"},
        {"access_token": "a\r\nx-evil: 1"},
        {"access_token": "ü"},
        {"token_type": None},
        {"token_type": "DPoP"},
    ],
)
def test_what_can_not_be_sent_as_bearer_is_no_token(changes: dict[str, Any]) -> None:
    with pytest.raises(SignInFailed, match="no bearer token"):
        read(World().grant(**changes))


@pytest.mark.parametrize(
    ("error", "ended"),
    [("invalid_grant", True), ("access_denied", True), ("expired_token", True), ("invalid_client", False)],
)
def test_a_refusal_says_whether_asking_again_can_help(error: str, ended: bool) -> None:
    with pytest.raises(SignInFailed, match=error) as raised:
        read({"error": error}, 400)
    assert isinstance(raised.value, SignInEnded) is ended


def test_a_page_of_html_is_no_answer() -> None:
    with pytest.raises(SignInFailed, match="status 502"):
        received(Answer(502, b"<html>"), IDP, START)


def usable(**changes: Any) -> None:
    token = World().access_token(**changes)
    check_for_gate(Tokens(Secret(token), START + 600, START), ISSUER)


def test_a_token_for_the_gate_is_fine() -> None:
    usable()
    usable(aud=["other", "narrows"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "graph"}, "'graph'"),
        ({"aud": ["a", "b"]}, "'a', 'b'"),
        ({"aud": None}, "nobody in particular"),
        ({"iss": "https://other.test"}, "another issuer"),
    ],
)
def test_a_token_for_somebody_else_is_told_of_now(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(SignInFailed, match=why):
        usable(**changes)


def test_an_opaque_token_needs_a_gate_that_can_ask() -> None:
    tokens = Tokens(Secret("opaque"), START + 600, START)
    with pytest.raises(SignInFailed, match="no JWT"):
        check_for_gate(tokens, ISSUER)
    check_for_gate(tokens, msgspec.structs.replace(ISSUER, opaque=True))
