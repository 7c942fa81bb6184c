"""A token is given once, after who shows one was found not to be revoked, and never without standing in the trail."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from narrows.console.exchanging import Given
from narrows.console.oauth import OAuthError, Wrong
from narrows.model.access import Origin
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.console.office import CALLER, Office
from unit.identity.world import START

SECOND = 1_000_000
CONTAINED = Deny(Code.IDENTITY_CONTAINED, "contained")


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    await office.start()
    yield office
    await office.close()


def given(reply: Given | OAuthError) -> Given:
    assert isinstance(reply, Given), reply
    return reply


def wrong(reply: Given | OAuthError) -> OAuthError:
    assert isinstance(reply, OAuthError), reply
    return reply


def acts(office: Office) -> list[tuple[str, str, str, str | None]]:
    return [(act.who, act.target, act.outcome.value, act.code) for act in office.books.audit.acts]


async def test_a_workload_gets_a_token_of_which_only_the_hash_is_kept(office: Office) -> None:
    reply = given(await office.office.answer(office.job(), CALLER))
    (kept,) = office.tokens.all
    assert kept.digest == hashlib.sha256(reply.access_token.encode()).digest()
    assert (kept.origin, kept.source, kept.principal.key) == (Origin.EXCHANGE, "main", "narrows:deploy")
    assert (reply.token_type, reply.expires_in) == ("Bearer", 3600)
    assert acts(office) == [
        ("ci:alice", "narrows:deploy", "begun", None),
        ("ci:alice", kept.id, "done", None),
    ]
    (first, _) = office.books.audit.acts
    assert (first.credential, first.address, first.action) == ("job-7", "192.0.2.7", "token.exchange")
    assert reply.access_token not in repr(office.books.audit.acts)


async def test_a_person_gets_a_token_of_their_sign_in(office: Office) -> None:
    reply = given(await office.office.answer(office.person(), CALLER))
    (kept,) = office.tokens.all
    assert (kept.origin, kept.source, kept.login, kept.scope) == (Origin.LOGIN, "corp", "s-1", None)
    assert reply.expires_in == 600
    assert office.books.audit.acts[0].action == "token.login"


async def test_a_token_counts_as_issued_when_its_exchange_began(office: Office) -> None:
    office.tokens.before = lambda: office.clock.advance(5)
    given(await office.office.answer(office.job(), CALLER))
    assert office.tokens.all[0].created == START * SECOND


@pytest.mark.parametrize("whose", ["ci:alice", "narrows:deploy"])
async def test_who_is_revoked_gets_none(office: Office, whose: str) -> None:
    office.checks.denied[whose] = CONTAINED
    reply = wrong(await office.office.answer(office.job(), CALLER))
    assert (reply.error, reply.code) == (Wrong.INVALID_REQUEST, "identity_contained")
    assert office.tokens.all == []
    assert acts(office) == [("ci:alice", "narrows:deploy", "refused", "identity_contained")]


async def test_who_is_revoked_while_the_token_is_written_does_not_get_it(office: Office) -> None:
    def revoked() -> None:
        office.checks.denied["corp:alice"] = CONTAINED

    office.tokens.before = revoked
    assert wrong(await office.office.answer(office.person(), CALLER)).code == "identity_contained"
    assert acts(office)[-1] == ("corp:alice", "corp:alice", "refused", "identity_contained")


async def test_the_new_token_is_asked_about_as_what_it_will_be(office: Office) -> None:
    given(await office.office.answer(office.person(), CALLER))
    shown, new = office.checks.asked[:2]
    assert (shown[0].key, shown[1].kind) == ("corp:alice", "oidc")
    assert (new[1].kind, new[1].issued, new[1].login) == ("login", START * SECOND, "s-1")


async def test_while_nobody_knows_who_is_revoked_nobody_gets_one(office: Office) -> None:
    office.checks.blind = True
    reply = wrong(await office.office.answer(office.job(), CALLER))
    assert (reply.error, reply.status) == (Wrong.TEMPORARILY_UNAVAILABLE, 503)
    assert office.tokens.all == []


async def test_nothing_is_issued_that_does_not_stand_in_the_trail(office: Office) -> None:
    office.books.audit.fails = True
    assert wrong(await office.office.answer(office.job(), CALLER)).status == 503
    assert office.tokens.all == []


async def test_a_token_that_cannot_be_kept_is_not_given(office: Office) -> None:
    office.tokens.fails = True
    assert wrong(await office.office.answer(office.job(), CALLER)).status == 503
    assert [row[2:] for row in acts(office)] == [("begun", None), ("failed", "TokensUnavailable")]


async def test_strangers_do_not_fill_the_trail(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    for form in (office.job(repository="evil/app"), office.job(exp=START - 60), office.person(aud="other")):
        wrong(await office.office.answer(form, CALLER))
    assert office.books.audit.acts == []
    assert "192.0.2.7 was refused: not_permitted" in caplog.text


async def test_an_account_can_be_named(office: Office) -> None:
    given(await office.office.answer(office.job() | {"account": "deploy"}, CALLER))
    assert wrong(await office.office.answer(office.job() | {"account": "other"}, CALLER)).code == "not_permitted"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": None}, Wrong.INVALID_REQUEST),
        ({"grant_type": "client_credentials"}, Wrong.UNSUPPORTED_GRANT_TYPE),
        ({"subject_token": None}, Wrong.INVALID_REQUEST),
        ({"subject_token_type": None}, Wrong.INVALID_REQUEST),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, Wrong.INVALID_REQUEST),
        ({"actor_token": "x"}, Wrong.INVALID_REQUEST),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, Wrong.INVALID_REQUEST),
        ({"audience": "https://elsewhere.example"}, Wrong.INVALID_TARGET),
        ({"resource": "https://elsewhere.example"}, Wrong.INVALID_TARGET),
        ({"scope": "chat"}, Wrong.INVALID_SCOPE),
    ],
)
async def test_what_is_asked_for_is_said_exactly(office: Office, change: dict[str, Any], error: Wrong) -> None:
    form = {name: value for name, value in (office.job() | change).items() if value is not None}
    assert wrong(await office.office.answer(form, CALLER)).error is error
    assert office.tokens.all == []


async def test_parameters_of_other_clients_are_ignored(office: Office) -> None:
    form = office.job() | {"client_id": "anything", "audience": "narrows", "unknown": "x"}
    given(await office.office.answer(form, CALLER))
