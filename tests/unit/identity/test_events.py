"""Signed statements of providers: what is authentic, for us and of now; and nothing else."""

from typing import Any

import pytest

from narrows.identity.events import EVENT_TYPES, LOGOUT, LOGOUT_TYPES, Listener, Statement, Unheard, Why, logout_of
from narrows.identity.jwks import KeySource, KeyTiming
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.identity.world import ISSUER, START, Gate, Provider, StillClock, encode, issuer, signing_key

CLIENT = "narrows-cli"
SECOND = 1_000_000


def listener(provider: Provider, clock: StillClock, types: frozenset[str] = LOGOUT_TYPES) -> Listener:
    keys = KeySource(issuer(), provider.fetcher, clock, KeyTiming())
    return Listener(ISSUER, ["other", CLIENT], keys, clock, algorithms=["ES256"], types=types, age=3600)


def token(provider: Provider, header: dict[str, Any] | None = None, **changes: Any) -> str:
    usual = {"aud": CLIENT, "iat": START, "exp": START + 120, "jti": "j1", "sid": "s1", "groups": None}
    return provider.token({"typ": "logout+jwt", **(header or {})}, **{**usual, "events": {LOGOUT: {}}, **changes})


async def heard(text: str, provider: Provider, clock: StillClock | None = None) -> Statement | Unheard:
    return await listener(provider, clock or StillClock()).hear(text)


async def test_a_statement_that_is_right_is_heard() -> None:
    provider = Provider()
    found = await heard(token(provider), provider)
    assert isinstance(found, Statement)
    assert (found.message, found.at, found.until) == ("j1", START * SECOND, (START + 120 + 60) * SECOND)
    assert logout_of(found) == ("s1", "alice")
    for good in (
        {"header": {"typ": None}},
        {"header": {"typ": "JWT"}},
        {"aud": ["x", CLIENT]},
        {"exp": None},
        {"sub": None},
        {"sid": None},
    ):
        found = await heard(token(provider, **good), provider)
        assert isinstance(found, Statement), good
        assert not isinstance(logout_of(found), Unheard), good


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"header": {"typ": "at+jwt"}}, Why.REQUEST),
        ({"header": {"typ": "secevent+jwt"}}, Why.REQUEST),
        ({"header": {"alg": "none"}}, Why.REQUEST),
        ({"header": {"crit": ["x"]}}, Why.REQUEST),
        ({"iss": "https://other.example"}, Why.ISSUER),
        ({"iss": None}, Why.ISSUER),
        ({"aud": "narrows"}, Why.AUDIENCE),
        ({"aud": None}, Why.AUDIENCE),
        ({"aud": {CLIENT: 1}}, Why.AUDIENCE),
        ({"iat": None}, Why.REQUEST),
        ({"iat": "now"}, Why.REQUEST),
        ({"iat": True}, Why.REQUEST),
        ({"iat": START + 61}, Why.REQUEST),
        ({"iat": START - 3661, "exp": None}, Why.REQUEST),
        ({"exp": START - 60}, Why.REQUEST),
        ({"exp": "never"}, Why.REQUEST),
        ({"jti": None}, Why.REQUEST),
        ({"jti": ""}, Why.REQUEST),
        ({"events": None}, Why.REQUEST),
        ({"events": {}}, Why.REQUEST),
        ({"events": {LOGOUT: True}}, Why.REQUEST),
        ({"events": [LOGOUT]}, Why.REQUEST),
    ],
)
async def test_what_is_wrong_is_not_heard(changes: dict[str, Any], why: Why) -> None:
    provider = Provider()
    found = await heard(token(provider, **changes), provider)
    assert isinstance(found, Unheard), found
    assert found.why is why


async def test_what_nobody_signed_is_not_heard() -> None:
    provider = Provider()
    good = token(provider)
    forged = encode(
        {"alg": "ES256", "kid": "one", "typ": "logout+jwt"}, provider.claims(), signing_key(kid="two"), "ES256"
    )
    for text in ("", "a.b", "a.b.c", good[:-4] + "AAAA", good + ".x", "x" * 100_000, forged):
        found = await heard(text, provider)
        assert isinstance(found, Unheard), text
        assert found.why in (Why.REQUEST, Why.KEY)


async def test_while_keys_cannot_be_fetched_it_may_be_sent_again() -> None:
    provider = Provider()
    provider.fetcher.down = True
    found = await heard(token(provider), provider)
    assert isinstance(found, Unheard)
    assert found.why is Why.UNAVAILABLE


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "n"},
        {"nonce": ""},
        {"events": {"urn:other": {}}},
        {"sid": None, "sub": None},
        {"sid": 7},
        {"sid": ""},
        {"sub": "a\nb"},
    ],
)
async def test_what_is_no_logout_ends_nothing(changes: dict[str, Any]) -> None:
    provider = Provider()
    found = await heard(token(provider, **changes), provider)
    assert isinstance(found, Statement)
    assert isinstance(logout_of(found), Unheard)


async def test_events_have_a_type_of_their_own() -> None:
    provider = Provider()
    found = listener(provider, StillClock(), EVENT_TYPES)
    assert isinstance(await found.hear(token(provider, {"typ": "secevent+jwt"})), Statement)
    assert isinstance(await found.hear(token(provider)), Unheard)


async def test_a_statement_is_never_a_credential(tmp_path: Any) -> None:
    gate = Gate(tmp_path)
    text = token(gate.provider, {"typ": "JWT"}, aud="narrows", exp=START + 600)
    found = await gate.authenticator.verify(text)
    assert isinstance(found, Deny)
    assert found.code is Code.CREDENTIAL_INVALID
    await gate.close()
