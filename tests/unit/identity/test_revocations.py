"""Whom revocations are about, since when, and what happens when nobody can read them."""

from collections.abc import Iterator
from typing import Any

import pytest

from narrows.identity.revocations import BLIND, SKEW, Name, Revocations, about, denied, holders
from narrows.model.principal import Credential, Principal
from narrows.model.refusal import Code
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.revocations import RevocationsUnavailable
from unit.identity.revoking import NOW, MemoryWatch, revocation
from unit.identity.world import StillClock

EVE = Principal("corp", "eve", groups=frozenset({"research", "labs"}))
ROBOT = Principal("narrows", "etl", kind="service_account", owner="corp:eve")


def oidc(**changes: Any) -> Credential:
    return Credential("oidc", "jti-1", 0.0, **{"issued": NOW, **changes})


def key(ident: str = "k1", issued: int = NOW) -> Credential:
    return Credential("service_account", ident, 0.0, issued=issued)


def standing(*kept: Any) -> Revocations:
    revocations = Revocations(MemoryWatch(*kept), StillClock())
    revocations.poll()
    return revocations


@pytest.mark.parametrize(
    ("kind", "subject", "principal", "credential"),
    [
        (Revoked.TOKEN, "jti-1", EVE, oidc()),
        (Revoked.TOKEN, "k1", ROBOT, key()),
        (Revoked.KEY, "k1", ROBOT, key()),
        (Revoked.GRANT, "grt_1", EVE, Credential("grant", "tok_1", 0.0, issued=NOW, grant="grt_1")),
        (Revoked.LOGIN, "corp:s1", EVE, oidc(login="s1")),
        (Revoked.USER, "corp:eve", EVE, oidc()),
        (Revoked.USER, "corp:eve", EVE, Credential("login", "tok_2", 0.0, issued=NOW)),
        (Revoked.USER, "corp:eve", ROBOT, key()),
        (Revoked.ACCOUNT, "etl", ROBOT, key()),
        (Revoked.ACCOUNT, "etl", ROBOT, Credential("exchange", "tok_3", 0.0, issued=NOW)),
        (Revoked.GROUP, "corp:labs", EVE, oidc()),
    ],
)
def test_each_kind_ends_what_it_is_about(kind: Revoked, subject: str, principal: Principal, credential: Any) -> None:
    found = standing(revocation(kind, subject)).found(principal, credential)
    assert found is not None
    assert found.subject == subject


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (Revoked.TOKEN, "jti-2"),
        (Revoked.KEY, "jti-1"),
        (Revoked.GRANT, "jti-1"),
        (Revoked.LOGIN, "other:s1"),
        (Revoked.LOGIN, "corp:s2"),
        (Revoked.USER, "other:eve"),
        (Revoked.USER, "eve"),
        (Revoked.USER, "corp:ev"),
        (Revoked.ACCOUNT, "eve"),
        (Revoked.ACCOUNT, "corp:eve"),
        (Revoked.GROUP, "other:labs"),
        (Revoked.GROUP, "labs"),
        (Revoked.SESSION, "corp:eve"),
    ],
)
def test_nobody_else_is_meant(kind: Revoked, subject: str) -> None:
    assert standing(revocation(kind, subject)).refusal(EVE, oidc(login="s1")) is None


@pytest.mark.parametrize(
    ("issued", "ends"),
    [(NOW, True), (NOW + 5_000_000, True), (NOW + 5_000_001, False), (NOW - SKEW, True)],
)
def test_what_we_issued_before_a_provider_told_of_a_sign_out_ends(issued: int, ends: bool) -> None:
    """By its clock it was five seconds before it told us by ours: theirs is behind, or it was on its way."""
    out = revocation(Revoked.USER, "corp:eve", by="corp:", before=NOW, at=NOW + 5_000_000)
    found = standing(out).found(EVE, Credential("grant", "tok_1", 0.0, issued=issued, grant="grt_1"))
    assert (found is not None) == ends
    # The provider's own tokens say by the same clock when they were issued.
    assert (standing(out).found(EVE, oidc(issued=issued)) is not None) == (issued <= NOW)
    old = revocation(Revoked.USER, "corp:eve", by="corp:", before=NOW - 10 * SKEW, at=NOW)
    assert standing(old).found(EVE, Credential("grant", "tok_1", 0.0, issued=issued)) is None


def test_a_sign_out_that_a_provider_tells_of_ends_nothing_that_somebody_owns() -> None:
    out = revocation(Revoked.USER, "corp:eve", by="corp:", before=NOW)
    assert standing(out).found(EVE, oidc()) is not None
    assert standing(out).found(ROBOT, key()) is None
    assert standing(revocation(Revoked.USER, "corp:eve", by="corp:")).found(ROBOT, key()) is not None


def test_an_owner_may_be_written_without_issuer() -> None:
    bare = Principal("narrows", "etl", kind="service_account", owner="eve")
    assert standing(revocation(Revoked.USER, "corp:eve")).found(bare, key()) is not None
    assert standing(revocation(Revoked.USER, "corp:max")).found(bare, key()) is None
    assert [*about(revocation(Revoked.ACCOUNT, "etl"))] == [("account", "etl")]


@pytest.mark.parametrize(
    ("owner", "who"),
    [("corp:Eve", "corp:eve"), ("EVE@example.com", "corp:eve@example.com"), ("corp:Zoe\u0301", "corp:Zo\u00e9")],
)
def test_an_owner_is_found_however_they_were_spelt(owner: str, who: str) -> None:
    """Nobody approves for what they own in another spelling; what they own must end with them in that, too."""
    account = Principal("narrows", "etl", kind="service_account", owner=owner)
    assert standing(revocation(Revoked.USER, who)).found(account, key()) is not None
    assert standing(revocation(Revoked.USER, who)).found(Principal("corp", "EVE"), oidc()) is None


def test_a_service_account_of_a_users_name_is_not_that_user() -> None:
    namesake = Principal("narrows", "eve", kind="service_account", owner="corp:max")
    assert standing(revocation(Revoked.USER, "narrows:eve")).found(namesake, key()) is None
    assert ("user", "narrows:eve") not in holders(namesake)


@pytest.mark.parametrize(
    ("issued", "by", "ended"),
    [
        (NOW - 1, "corp:ann", True),
        (NOW, "corp:ann", True),
        (NOW + SKEW, "corp:ann", True),
        (NOW + SKEW + 1, "corp:ann", False),
        (0, "corp:ann", True),
        (NOW, "corp:", True),
        (NOW + 1, "corp:", False),
    ],
)
def test_what_was_issued_later_holds(issued: int, by: str, ended: bool) -> None:
    one = revocation(Revoked.USER, "corp:eve", before=NOW, by=by)
    assert one.by_provider is by.endswith(":")
    assert (standing(one).found(EVE, oidc(issued=issued)) is not None) is ended


def test_our_own_clock_needs_no_tolerance() -> None:
    revocations = standing(revocation(Revoked.ACCOUNT, "etl", before=NOW))
    assert revocations.found(ROBOT, key(issued=NOW)) is not None
    assert revocations.found(ROBOT, key(issued=NOW + 1)) is None


def test_a_session_ends_whatever_credential_comes() -> None:
    revocations = standing(revocation(Revoked.SESSION, "sess_1", before=NOW))
    found = revocations.found(EVE, oidc(issued=NOW + 2 * SKEW), "sess_1")
    assert found is not None
    assert denied(found).code is Code.SESSION_REVOKED
    assert revocations.found(EVE, oidc(), "sess_2") is None


def test_calls_of_the_gate_itself_present_nothing() -> None:
    own = Credential("gate", "classify", 0.0)
    assert standing(revocation(Revoked.ACCOUNT, "etl")).refusal(ROBOT, own) is None


@pytest.mark.parametrize(
    ("kind", "before", "code"),
    [
        (Revoked.USER, None, Code.IDENTITY_CONTAINED),
        (Revoked.ACCOUNT, None, Code.IDENTITY_CONTAINED),
        (Revoked.GROUP, None, Code.IDENTITY_CONTAINED),
        (Revoked.USER, NOW, Code.CREDENTIAL_REVOKED),
        (Revoked.TOKEN, None, Code.CREDENTIAL_REVOKED),
        (Revoked.LOGIN, NOW, Code.CREDENTIAL_REVOKED),
        (Revoked.GRANT, None, Code.CREDENTIAL_REVOKED),
        (Revoked.KEY, None, Code.CREDENTIAL_REVOKED),
    ],
)
def test_a_refusal_names_the_revocation_and_no_reason(kind: Revoked, before: int | None, code: Code) -> None:
    deny = denied(revocation(kind, "x", before=before, reason="stole the silver"))
    assert (deny.code, deny.rule) == (code, "rev_1")
    assert "silver" not in deny.message


def test_changes_are_taken_into_force_and_told() -> None:
    watch = MemoryWatch(revocation(Revoked.USER, "corp:eve"))
    revocations = Revocations(watch, StillClock())
    told: list[list[str]] = []
    revocations.told = lambda made: told.append([one.id for one in made])
    revocations.poll()
    first = revocations.generation
    revocations.poll()
    assert (revocations.generation, told) == (first, [["rev_1"]])
    watch.lift("rev_1")
    revocations.poll()
    assert revocations.generation != first
    assert revocations.refusal(EVE, oidc()) is None
    watch.make(revocation(Revoked.GROUP, "corp:labs", number=2))
    revocations.poll()
    assert revocations.refusal(EVE, oidc()) is not None
    assert told == [["rev_1"], [], ["rev_2"]]
    watch.kept.clear()
    watch.anew = True
    revocations.poll()
    assert revocations.refusal(EVE, oidc()) is None


def test_one_of_two_stands_when_the_other_is_lifted() -> None:
    watch = MemoryWatch(revocation(Revoked.USER, "corp:eve"), revocation(Revoked.USER, "corp:eve", number=2))
    revocations = Revocations(watch, StillClock())
    revocations.poll()
    watch.lift("rev_1")
    revocations.poll()
    assert revocations.refusal(EVE, oidc()) is not None


def test_nobody_is_let_in_before_it_was_read() -> None:
    deny = Revocations(MemoryWatch(), StillClock()).refusal(EVE, oidc())
    assert deny is not None
    assert deny.code is Code.IDENTITY_UNAVAILABLE


def test_nobody_is_let_in_when_it_could_not_be_read_for_long() -> None:
    watch, clock = MemoryWatch(), StillClock()
    revocations = Revocations(watch, clock)
    revocations.poll()
    generation = revocations.generation
    watch.failing = True
    clock.time += BLIND - 1
    with pytest.raises(RevocationsUnavailable):
        revocations.poll()
    assert revocations.refusal(EVE, oidc()) is None
    clock.time += 1
    with pytest.raises(RevocationsUnavailable):
        revocations.poll()
    deny = revocations.refusal(EVE, oidc())
    assert deny is not None
    assert deny.code is Code.IDENTITY_UNAVAILABLE
    assert revocations.generation != generation
    watch.failing = False
    revocations.poll()
    assert revocations.refusal(EVE, oidc()) is None


def test_what_stands_in_another_file_is_read_until_it_was_read() -> None:
    """That the file was replaced is told once: a failure right then must not leave the old one in force."""
    watch = MemoryWatch()
    revocations = Revocations(watch, StillClock())
    revocations.poll()
    watch.anew, watch.kept = True, {"rev_1": revocation(Revoked.USER, "corp:eve")}
    watch.unreadable = True
    with pytest.raises(RevocationsUnavailable):
        revocations.poll()
    watch.unreadable = False
    revocations.poll()
    assert revocations.refusal(EVE, oidc()) is not None


def test_of_two_revocations_of_a_session_one_stands() -> None:
    watch = MemoryWatch(*(revocation(Revoked.SESSION, "sess_1", number=number) for number in (1, 2)))
    revocations = Revocations(watch, StillClock())
    revocations.poll()
    for name, left in (("rev_2", {"sess_1"}), ("rev_1", set())):
        watch.lift(name)
        revocations.poll()
        assert set(revocations.sessions) == left


def test_what_was_lifted_before_it_was_seen_never_stood() -> None:
    watch = MemoryWatch()
    revocations = Revocations(watch, StillClock())
    revocations.poll()
    told: list[list[str]] = []
    revocations.told = lambda made: told.append([one.id for one in made])
    watch.make(revocation(Revoked.USER, "corp:eve"))
    watch.lift("rev_1")
    revocations.poll()
    assert (told, revocations.refusal(EVE, oidc())) == ([[]], None)


def test_a_change_costs_as_much_as_there_is_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much stands: all of it is done on the event loop, between two calls."""
    watch = MemoryWatch(*(revocation(Revoked.USER, f"corp:u{number}", number=number) for number in range(2_000)))
    revocations = Revocations(watch, StillClock())
    revocations.poll()
    asked = []

    def counted(one: Revocation) -> Iterator[Name]:
        asked.append(one.id)
        return about(one)

    monkeypatch.setattr("narrows.identity.revocations.about", counted)
    watch.make(revocation(Revoked.USER, "corp:eve", number=3_000))
    watch.lift("rev_7")
    revocations.poll()
    assert asked == ["rev_3000", "rev_7"]
    assert revocations.refusal(Principal("corp", "u7"), oidc()) is None
    assert revocations.refusal(EVE, oidc()) is not None
