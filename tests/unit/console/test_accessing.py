"""Access as one visitor meets it: what is theirs, and what the rules name them for. The rest is told by the API."""

import pytest

from narrows.console.accessing import found, listed, may_decide, own, sees
from narrows.console.problems import Problem, Refused
from narrows.policy.access import standing
from unit.console.access import AT, approved, request
from unit.console.world import MemoryBooks, StillClock, visitor


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
