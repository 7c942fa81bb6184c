"""Access as one visitor meets it: what is theirs, and what the rules name them for. The rest is told by the API."""

import msgspec
import pytest

from narrows.console.accessing import found, issue, listed, may_decide, own, say, sees
from narrows.console.audit import Trail
from narrows.console.problems import Problem, Refused
from narrows.identity.revocations import BLIND
from narrows.model.access import GrantState, Step
from narrows.model.revocation import Revoked
from narrows.policy.access import standing
from unit.console.access import ALICE, AT, approved, request
from unit.console.world import MemoryBooks, StillClock, visitor
from unit.identity.revoking import revocation


@pytest.mark.parametrize(
    ("who", "is_own", "seen", "decides"),
    [
        ("alice", True, True, False),
        ("ana", False, True, True),
        ("aud", False, True, False),
        ("pat", False, True, False),
        ("pia", False, True, True),
        ("bob", False, False, False),
    ],
)
def test_what_somebody_may_know_and_decide(who: str, is_own: bool, seen: bool, decides: bool) -> None:
    grant = standing(request(), (), AT)
    assert (own(visitor(who), grant), sees(visitor(who), grant), may_decide(visitor(who), grant)) == (
        is_own,
        seen,
        decides,
    )


def test_who_has_decided_or_comes_too_late_decides_nothing() -> None:
    assert not may_decide(visitor("ben"), standing(request(), [approved()], AT))
    two = request(needed=2)
    assert not may_decide(visitor("ana"), standing(two, [approved()], AT))
    assert may_decide(visitor("ben"), standing(two, [approved()], AT))


def test_what_is_not_theirs_is_not_there() -> None:
    books = MemoryBooks(StillClock())
    books.grants.ask(request())
    for ident in ("grt_1", "grt_2"):
        with pytest.raises(Refused) as refused:
            found(books, visitor("bob"), ident)
        assert refused.value.problem is Problem.GRANT_UNKNOWN
    assert listed(books, visitor("bob"), (), None, 10) == ([], False)
    assert [grant.request.id for grant in listed(books, visitor("ana"), (), None, 10)[0]] == ["grt_1"]


def test_nobody_decides_about_their_own_by_another_identity() -> None:
    """Two issuers know alice; both tell her address, which says that she is one."""
    mail = {"email": ("Alice@example.com",)}
    books = MemoryBooks(StillClock())
    books.grants.ask(request(who=msgspec.structs.replace(ALICE, attributes=mail)))
    admin = visitor("pia")
    for told, theirs in (("alice@EXAMPLE.com", True), ("pia@example.com", False)):
        other = msgspec.structs.replace(admin.principal, attributes={"email": (told,)})
        came = msgspec.structs.replace(admin, principal=other)
        assert may_decide(came, books.grants.list()[0]) is not theirs
        if theirs:
            with pytest.raises(Refused) as refused:
                say(books, came, "grt_1", Step.APPROVE, None, books.grants._clock.now, Trail(came, StillClock().now))
            assert refused.value.problem is Problem.OWN_ACCESS
        else:
            say(books, came, "grt_1", Step.APPROVE, None, books.grants._clock.now, Trail(came, StillClock().now))
    assert books.grants.list()[0].state is GrantState.ACTIVE


@pytest.mark.parametrize(
    ("kind", "subject", "ago", "given"),
    [
        (Revoked.USER, "corp:alice", 0, False),
        (Revoked.USER, "corp:alice", BLIND - 1, False),
        (Revoked.USER, "corp:alice", BLIND, True),
        (Revoked.GROUP, "corp:research", 1, False),
        (Revoked.USER, "corp:bob", 0, True),
    ],
)
def test_who_was_revoked_while_they_came_in_gets_no_token(kind: Revoked, subject: str, ago: int, given: bool) -> None:
    """The door may not know yet, and the token would count as issued afterwards."""
    clock = StillClock()
    books = MemoryBooks(clock)
    books.grants.ask(request(needed=0))
    then = clock.now() - ago
    books.revocations.add([revocation(kind, subject, at=then, before=then)])
    alice = visitor("alice")
    if given:
        issue(books, alice, "grt_1", clock, Trail(alice, clock.now))
        return
    with pytest.raises(Refused) as refused:
        issue(books, alice, "grt_1", clock, Trail(alice, clock.now))
    assert refused.value.problem is Problem.CREDENTIAL_REVOKED
    assert books.tokens.all == []
