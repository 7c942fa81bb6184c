"""What sign-outs and events of providers do: by kind, by whom they are about, and never to anybody else."""

from typing import Any

import pytest

from narrows.config.provisioning import Events, Logout
from narrows.config.schema import Issuer
from narrows.console.offboarding import containment_of
from narrows.console.signals import MEANINGS, heard, logout
from narrows.identity.events import Statement
from narrows.ports.directory import Effects

AT, NOW = 1_700_000_000_000_000, 1_700_000_005_000_000
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
ANN = {"format": "iss_sub", "iss": "https://idp.example", "sub": "ann"}


def issuer(ends: Any = "person", **changes: Any) -> Issuer:
    told = Events(issuer="https://idp.example", jwks_uri="https://idp.example/keys", audience=("x",), ends=ends)
    signed_out = Logout(clients=("cli",), ends=ends)
    usual: dict[str, Any] = {"name": "corp", "issuer": "https://idp.example", "audience": "narrows"}
    return Issuer(**{**usual, "events": told, "logout": signed_out, **changes})


def find(name: str) -> frozenset[str]:
    return frozenset({"00u1"}) if name in ("ann@corp.example", "0aF") else frozenset()


def told(kind: str, subject: Any = None, provider: Issuer | None = None, /, **event: Any) -> Any:
    claims = {} if subject is None else {"sub_id": subject}
    statement = Statement("j1", AT, AT + 1, {kind: event}, claims)
    return heard(provider or issuer(), statement, find, "42", NOW)


def made(effects: Effects) -> set[tuple[str, str, int | None]]:
    assert all(one.by == "corp:" and one.at == NOW for one in effects.revoked)
    assert len({one.id for one in effects.revoked}) == len(effects.revoked)
    return {(one.kind.value, one.subject, one.before) for one in effects.revoked}


@pytest.mark.parametrize(
    ("ends", "session", "subject", "claim", "ended"),
    [
        ("person", "s1", "ann", "sub", {("login", "corp:s1", None), ("user", "corp:ann", AT)}),
        ("person", None, "ann", "sub", {("user", "corp:ann", AT)}),
        ("person", "s1", None, "sub", {("login", "corp:s1", None)}),
        ("session", "s1", "ann", "sub", {("login", "corp:s1", None)}),
        ("session", None, "ann", "sub", {("user", "corp:ann", AT)}),
        # Tokens say by another claim who somebody is, so that their `sub` is nobody here.
        ("person", "s1", "ann", "oid", {("login", "corp:s1", None)}),
        ("person", None, "ann", "oid", set()),
    ],
)
def test_a_sign_out(ends: str, session: str | None, subject: str | None, claim: str, ended: set[Any]) -> None:
    assert made(logout(issuer(ends, subject_claim=claim), session, subject, AT, "42", NOW)) == ended


@pytest.mark.parametrize("kind", sorted(MEANINGS))
def test_each_event_does_what_it_says(kind: str) -> None:
    event = {
        "change_type": "revoke",
        "change_direction": "decrease",
        "current_status": "not-compliant",
        "current_level": "HIGH",
    }
    effects = told(kind, ANN, **event).effects
    match MEANINGS[kind]:
        case "end":
            assert made(effects) == {("user", "corp:ann", AT)}
        case "contain":
            assert made(effects) == {("user", "corp:ann", None)}
            assert effects.revoked[0].containment == containment_of("corp:ann", "events")
        case _:
            assert (made(effects), [one.subject for one in effects.lifted]) == (set(), ["corp:ann"])
            assert effects.lifted[0].containment == containment_of("corp:ann", "events")


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (f"{CAEP}credential-change", {"change_type": "create"}),
        (f"{CAEP}credential-change", {}),
        (f"{CAEP}assurance-level-change", {"change_direction": "increase"}),
        (f"{CAEP}device-compliance-change", {"current_status": "compliant"}),
        (f"{CAEP}risk-level-change", {"current_level": "LOW"}),
        (f"{CAEP}session-established", {}),
        (f"{RISC}opt-in", {}),
        ("https://schemas.openid.net/secevent/ssf/event-type/verification", {"state": "x"}),
        ("urn:whatever", {}),
    ],
)
def test_what_asks_for_nothing_does_nothing(kind: str, event: dict[str, Any]) -> None:
    found = told(kind, ANN, **event)
    assert (found.effects, found.unknown, found.told) == (Effects(), (), (kind,))


PERSON = {("user", "corp:ann", AT)}
BOTH = {("login", "corp:s1", None), *PERSON}


@pytest.mark.parametrize(
    ("subject", "ended"),
    [
        (ANN, PERSON),
        # Google's form, of a draft: https://developers.google.com/identity/protocols/risc
        ({"subject_type": "iss-sub", "iss": "https://idp.example/", "sub": "ann"}, PERSON),
        ({"format": "iss_sub", "iss": "https://other.example", "sub": "ann"}, set()),
        ({"format": "iss_sub", "iss": "https://idp.example", "sub": 7}, set()),
        ({"format": "email", "email": "ann@corp.example"}, {("user", "corp:00u1", AT)}),
        ({"format": "email", "email": "max@corp.example"}, set()),
        ({"format": "account", "uri": "acct:ann@corp.example"}, {("user", "corp:00u1", AT)}),
        ({"format": "aliases", "identifiers": [ANN, {"format": "email", "email": "x@y"}, 7]}, PERSON),
        ({"format": "aliases", "identifiers": [{"format": "aliases", "identifiers": [ANN]}]}, set()),
        # CAEP's own examples: a session, and a session of a user with their tenant
        ({"format": "opaque", "id": "ann"}, {("login", "corp:ann", None), *PERSON}),
        ({"format": "complex", "session": {"format": "opaque", "id": "s1"}, "user": ANN}, BOTH),
        (
            {
                "format": "complex",
                "session": {"format": "opaque", "id": "s1"},
                "user": ANN,
                "tenant": {"format": "opaque", "id": "123456789"},
            },
            BOTH,
        ),
        ({"user": ANN, "device": {"format": "opaque", "id": "d"}}, PERSON),
        ({"format": "complex", "device": {"format": "opaque", "id": "d"}}, set()),
        ({"format": "phone_number", "phone_number": "+1"}, set()),
        ("ann", set()),
        (None, set()),
    ],
)
def test_of_whom_an_event_is_told(subject: Any, ended: set[Any]) -> None:
    kind = f"{CAEP}session-revoked"
    found = told(kind, subject)
    assert made(found.effects) == ended
    assert found.unknown == (() if ended else (kind,))
    assert made(told(kind, None, **({} if subject is None else {"subject": subject})).effects) == ended


def test_only_the_session_where_tokens_say_it() -> None:
    whole = {"format": "complex", "session": {"format": "opaque", "id": "s1"}, "user": ANN}
    kind = f"{CAEP}session-revoked"
    assert made(told(kind, whole, issuer("session")).effects) == {("login", "corp:s1", None)}
    assert made(told(kind, {"user": ANN}, issuer("session")).effects) == PERSON


def test_people_are_looked_up_where_tokens_know_them_otherwise() -> None:
    by_id = issuer(subject_claim="oid")
    kind = f"{RISC}account-disabled"
    assert made(told(kind, {**ANN, "sub": "0aF"}, by_id).effects) == {("user", "corp:00u1", None)}
    assert told(kind, ANN, by_id).unknown == (kind,)
    by_mail = issuer(subject_claim="email")
    found = told(kind, {"format": "email", "email": "max@corp.example"}, by_mail)
    assert made(found.effects) == {("user", "corp:max@corp.example", None)}


@pytest.mark.parametrize(
    ("stamp", "before"),
    [
        (1_699_999_000, 1_699_999_000_000_000),
        (1_699_999_000_500, 1_699_999_000_500_000),  # drafts wrote milliseconds
        (1_800_000_000, AT),
        ("now", AT),
        (True, AT),
        (-1, AT),
        (None, AT),
    ],
)
def test_what_was_issued_until_it_happened_ends(stamp: Any, before: int) -> None:
    found = told(f"{CAEP}session-revoked", ANN, event_timestamp=stamp)
    assert made(found.effects) == {("user", "corp:ann", before)}
