"""What somebody has in hand, and the revocations that end it."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from narrows.identity.containment import Holdings, containing, holdings, named, new_id, owns, revoking
from narrows.identity.issued_tokens import issue_token
from narrows.identity.revocations import Revocations
from narrows.identity.service_accounts import issue
from narrows.identity.token_form import ACCESS_TOKEN, SERVICE_ACCOUNT, new_credential
from narrows.model.access import Origin, Request
from narrows.model.approval import Approvers, Review, TicketState
from narrows.model.directory import Person
from narrows.model.principal import Credential, Principal, Scope
from narrows.model.revocation import Revoked
from narrows.ports.accounts import ServiceAccount
from narrows.ports.revocations import RevocationRefused
from narrows.stores.sqlite.control import ControlDb
from narrows.stores.sqlite.grants import SqliteGrants
from narrows.stores.sqlite.tokens import SqliteTokens
from unit.identity.revoking import MemoryWatch
from unit.stores.sqlite.records import NOW, StillClock
from unit.stores.sqlite.tickets import ticket

EVE = "corp:eve"
HOUR = 3_600_000_000
SCOPE = Scope(("openai",), ("*",), ("chat",))


def numbers() -> Iterator[str]:
    yield from (str(number) for number in range(1, 100))


def request(ident: str, subject: str, needed: int) -> Request:
    by = Approvers(groups=("corp:security",))
    return Request(ident, Principal("corp", subject), SCOPE, HOUR, "why", NOW, NOW + HOUR, "rule", by, needed)


def test_all_that_is_somebodys_is_found_and_nothing_else(tmp_path: Path) -> None:
    clock = StillClock()
    accounts, tokens, grants = ControlDb(tmp_path, clock), SqliteTokens(tmp_path, clock), SqliteGrants(tmp_path, clock)
    owned = {
        name: issue(accounts, clock, name=name, owner=owner, expires=NOW + HOUR).account.id
        for name, owner in (("etl", EVE), ("old", "eve"), ("hers", "corp:max"), ("gone", EVE))
    }
    accounts.revoke("gone")
    issued = [
        issue_token(tokens, clock, origin=origin, source="x", principal=who, expires=NOW + HOUR, scope=SCOPE)[0].id
        for origin, who in (
            (Origin.GRANT, Principal("corp", "eve")),
            (Origin.EXCHANGE, Principal("narrows", "etl", kind="service_account", owner=EVE)),
            (Origin.GRANT, Principal("corp", "max")),
        )
    ]
    for each in (request("grt_1", "eve", 0), request("grt_2", "eve", 1), request("grt_3", "max", 0)):
        grants.ask(each)
    asked = [
        Review(ticket(1, requester=EVE), TicketState.PENDING, ()),
        Review(ticket(2, requester="narrows:etl"), TicketState.APPROVED, ()),
        Review(ticket(3, requester="corp:max"), TicketState.PENDING, ()),
    ]
    assert holdings(EVE, accounts, tokens, grants, asked, NOW) == Holdings(
        accounts=("etl", "old"),
        keys=(owned["etl"], owned["old"]) if owned["etl"] < owned["old"] else (owned["old"], owned["etl"]),
        tokens=(issued[0], issued[1]),
        grants=("grt_1",),
        requests=("grt_2",),
        approvals=("apr_000000000001", "apr_000000000002"),
    )
    clock.time += HOUR
    assert holdings(EVE, accounts, tokens, grants, (), clock.time) == Holdings()
    for store in (accounts, tokens, grants):
        store.close()


def test_containing_names_the_person_and_each_account() -> None:
    made = containing(EVE, Holdings(accounts=("etl", "old")), "local:ann", " incident 7 ", NOW, numbers().__next__)
    assert [(one.kind, one.subject) for one in made] == [
        (Revoked.USER, EVE),
        (Revoked.ACCOUNT, "etl"),
        (Revoked.ACCOUNT, "old"),
    ]
    assert {(one.containment, one.before, one.reason, one.by) for one in made} == {
        ("con_1", None, "incident 7", "local:ann")
    }
    assert len({one.id for one in made}) == 3
    assert (
        containing(EVE, Holdings(), "local:ann", "x", NOW)[0].id != containing(EVE, Holdings(), "a:b", "x", NOW)[0].id
    )
    assert len(new_id()) == 20


@pytest.mark.parametrize(
    ("kind", "until_now"),
    [
        (Revoked.USER, True),
        (Revoked.ACCOUNT, True),
        (Revoked.GROUP, True),
        (Revoked.LOGIN, True),
        (Revoked.TOKEN, False),
        (Revoked.KEY, False),
        (Revoked.GRANT, False),
        (Revoked.SESSION, False),
    ],
)
def test_what_can_be_issued_anew_ends_until_now(kind: Revoked, until_now: bool) -> None:
    assert revoking(kind, "x:y", "local:ann", "why", NOW).before == (NOW if until_now else None)


@pytest.mark.parametrize(
    ("owner", "whose"),
    [(EVE, True), ("eve", True), ("corp:max", False), ("eve@example.com", False), ("other:eve", False)],
)
def test_owners_may_be_written_without_their_issuer(owner: str, whose: bool) -> None:
    assert owns(EVE, ServiceAccount("k", "etl", owner, NOW, NOW, b"")) is whose


@pytest.mark.parametrize(
    ("kind", "typed", "issuers", "meant"),
    [
        (Revoked.USER, "eve", ("corp",), EVE),
        (Revoked.USER, EVE, ("corp", "lab"), EVE),
        (Revoked.USER, EVE, (), EVE),
        (Revoked.USER, "urn:x", ("corp",), "corp:urn:x"),
        (Revoked.GROUP, " research ", ("corp",), "corp:research"),
        (Revoked.LOGIN, "sid-1", ("corp",), "corp:sid-1"),
        (Revoked.ACCOUNT, "etl", ("corp",), "etl"),
        (Revoked.TOKEN, "sha256:00", ("corp",), "sha256:00"),
    ],
)
def test_whom_a_name_means(kind: Revoked, typed: str, issuers: Sequence[str], meant: str) -> None:
    assert named(kind, typed, issuers) == meant


@pytest.mark.parametrize(
    ("kind", "typed", "issuers", "said"),
    [
        (Revoked.USER, "eve", ("corp", "lab"), "issuers are corp, lab"),
        (Revoked.USER, "eve", (), "of which issuer"),
        (Revoked.USER, "", ("corp",), "no name"),
        (Revoked.USER, "corp:", ("corp", "lab"), "of which issuer"),
        (Revoked.USER, "e\nve", ("corp",), "no name"),
        (Revoked.USER, "narrows:etl", ("corp",), "narrows revoke account etl"),
        (Revoked.TOKEN, "x" * 1_001, (), "no name"),
    ],
)
def test_a_name_that_could_mean_anybody_is_refused(
    kind: Revoked, typed: str, issuers: Sequence[str], said: str
) -> None:
    with pytest.raises(RevocationRefused, match=said):
        named(kind, typed, issuers)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1_001, "a\x1bb"])
def test_a_reason_is_needed(reason: str) -> None:
    with pytest.raises(RevocationRefused, match="reason"):
        revoking(Revoked.USER, EVE, "local:ann", reason, NOW)
    with pytest.raises(RevocationRefused, match="reason"):
        containing(EVE, Holdings(), "local:ann", reason, NOW)


class Listed:
    """A directory that knows one person."""

    def people_with(self, issuer: str, field: str, value: str) -> list[Person]:
        if (issuer, field, value) != ("corp", "subject", "eve"):
            return []
        mails = {"emails": [{"value": "eve@example.com"}]}
        return [Person("p1", "corp", "eve", "eve", active=True, created=1, changed=1, resource=mails)]


def test_what_names_its_owner_by_an_address_is_theirs(tmp_path: Path) -> None:
    """As the directory tells it, or as what they showed once; also what is made after they were contained."""
    clock = StillClock()
    accounts, tokens, grants = ControlDb(tmp_path, clock), SqliteTokens(tmp_path, clock), SqliteGrants(tmp_path, clock)
    for name, owner in (("one", "Eve@Example.com"), ("two", "corp:eve@corp.test"), ("three", "max@example.com")):
        issue(accounts, clock, name=name, owner=owner, expires=NOW + HOUR)
    shown = Principal("corp", "eve", attributes={"email": ("eve@corp.test",), "upn": ("eve",)})
    scope = Scope(("openai",), ("*",), ("chat",))
    issue_token(tokens, clock, origin=Origin.GRANT, source="x", principal=shown, expires=NOW + HOUR, scope=scope)
    held = holdings(EVE, accounts, tokens, grants, (), NOW, Listed())  # type: ignore[arg-type]
    assert (held.accounts, held.addresses) == (("one", "two"), ("eve@corp.test", "eve@example.com"))
    made = containing(EVE, held, "local:ann", "left", NOW, numbers().__next__)
    assert [(one.kind, one.subject) for one in made] == [
        (Revoked.USER, EVE),
        (Revoked.USER, "corp:eve@corp.test"),
        (Revoked.USER, "corp:eve@example.com"),
        (Revoked.ACCOUNT, "one"),
        (Revoked.ACCOUNT, "two"),
    ]
    assert len({one.containment for one in made}) == 1
    standing = Revocations(MemoryWatch(*made), clock)
    standing.poll()
    key = Credential("service_account", "k", 0.0, issued=NOW)
    for owner, ended in (("eve@example.com", True), ("corp:EVE@corp.test", True), ("max@example.com", False)):
        later = Principal("narrows", "later", kind="service_account", owner=owner)
        assert (standing.found(later, key) is not None) == ended
    for store in (accounts, tokens, grants):
        store.close()


def signed(**claims: object) -> str:
    parts = (json.dumps({"alg": "RS256"}).encode(), json.dumps(claims).encode(), b"x" * 64)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def test_a_credential_that_was_found_is_meant_by_its_id() -> None:
    """Whoever finds one somewhere has nothing else, and must not have to write it where others read it."""
    token, key = (new_credential(kind, "abcdefghijkl", bytes).reveal() for kind in (ACCESS_TOKEN, SERVICE_ACCOUNT))
    assert named(Revoked.TOKEN, token, ()) == "tok_abcdefghijkl"
    assert named(Revoked.KEY, f" {key}\n", ()) == named(Revoked.TOKEN, key, ()) == "abcdefghijkl"
    assert named(Revoked.TOKEN, signed(jti="j-1", text="x" * 2_000), ("corp",)) == "j-1"
    nameless = signed(sub="ana")
    assert named(Revoked.TOKEN, nameless, ()) == f"sha256:{hashlib.sha256(nameless.encode()).hexdigest()[:16]}"
    assert named(Revoked.TOKEN, "a.b.c", ()) == "a.b.c"


@pytest.mark.parametrize("kind", [Revoked.USER, Revoked.ACCOUNT, Revoked.KEY, Revoked.SESSION])
def test_a_credential_is_nobody_s_name_and_never_said_again(kind: Revoked) -> None:
    token = new_credential(ACCESS_TOKEN, "abcdefghijkl", bytes).reveal()
    for text in (token, token[:-1], signed(jti="j-1")):
        with pytest.raises(RevocationRefused) as refused:
            named(kind, text, ("corp",))
        assert text[8:] not in str(refused.value)
