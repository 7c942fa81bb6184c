"""What stood at a moment is judged by the times of everything."""

from hypothesis import given
from hypothesis import strategies as st

from narrows.identity.at_moment import Moment, open_grants, standing_at
from narrows.identity.revocations import SKEW
from narrows.model.access import Grant, GrantAct, GrantState, IssuedToken, Origin, Request, Step
from narrows.model.approval import Approvers
from narrows.model.principal import Credential, Principal, Scope
from narrows.model.revocation import Lifted, Revocation, Revoked
from narrows.ports.accounts import ServiceAccount
from narrows.ports.revocations import Kept

ANA = Principal("corp", "ana")
ANYTHING = Scope(("*",), ("*",), ("*",))


def revoked(
    at: int, kind: Revoked = Revoked.USER, subject: str = "corp:ana", *, lifted: int | None = None, **more: int
) -> Kept:
    one = Revocation(f"rev_{at}", kind, subject, at, "local:op", "why", **more)
    return Kept(at, one, None if lifted is None else Lifted(one.id, lifted, "local:op", "over"))


def grant(at: int, span: int, *acts: GrantAct, needed: int = 0) -> Grant:
    request = Request("grt_1", ANA, ANYTHING, span, "why", at, at + 50, "rule", Approvers(("corp:lead",)), needed)
    return Grant(request, GrantState.ENDED, acts)


@given(made=st.integers(0, 9), lifted=st.none() | st.integers(0, 9), at=st.integers(0, 9))
def test_a_revocation_stands_from_when_it_is_made_until_it_is_lifted(made: int, lifted: int | None, at: int) -> None:
    found = standing_at([revoked(made, lifted=lifted)], at)
    assert bool(found) is (made <= at and (lifted is None or at < lifted))


def test_a_key_is_in_force_from_when_it_is_made_until_it_ends_or_is_revoked() -> None:
    key = ServiceAccount("key_1", "bot", "corp:ana", 10, 50, b"")
    assert [Moment(at, ()).key(key) for at in (9, 10, 49, 50)] == [False, True, True, False]
    ended = ServiceAccount("key_1", "bot", "corp:ana", 10, 50, b"", revoked=20)
    assert [Moment(at, ()).key(ended) for at in (9, 10, 19, 20, 60)] == [False, True, True, False, False]


def test_a_token_is_good_until_it_ends_or_something_ends_it() -> None:
    token = IssuedToken("tok_1", b"", Origin.GRANT, "grt_1", ANA, 10, 50, ANYTHING)
    assert [Moment(at, ()).token(token) for at in (9, 10, 49, 50)] == [False, True, True, False]
    for kind, subject in ((Revoked.TOKEN, "tok_1"), (Revoked.GRANT, "grt_1"), (Revoked.USER, "corp:ana")):
        kept = [revoked(20, kind, subject, lifted=30)]
        assert [Moment(at, kept).token(token) for at in (19, 20, 30)] == [True, False, True]


def test_whoever_is_contained_gets_in_with_nothing_fresh_and_whoever_was_revoked_does() -> None:
    assert Moment(30, [revoked(20)]).fresh(ANA, "oidc") is not None
    assert Moment(30, [revoked(20, before=20)]).fresh(ANA, "oidc") is None
    moment = Moment(30 + SKEW, [revoked(20, before=20)])
    assert moment.found(ANA, Credential("oidc", "x", 99, 20)) is not None
    assert Moment(30, [revoked(20, Revoked.GRANT, "grt_1")]).fresh(ANA, "grant", grant="grt_1") is not None
    assert Moment(30, [revoked(20, Revoked.GRANT, "grt_1")]).fresh(ANA, "grant", grant="grt_2") is None


def test_a_grant_is_what_had_been_said_of_it_by_then() -> None:
    said = grant(10, 20, GrantAct("grt_1", "corp:lea", Step.APPROVE, 15, None, ("corp:lead",)), needed=1)
    states = {at: [one.state.value for one in Moment(at, ()).grants([said])] for at in (9, 10, 14, 15, 34, 35)}
    assert states == {9: [], 10: ["pending"], 14: ["pending"], 15: ["active"], 34: ["active"], 35: ["ended"]}
    assert [len(open_grants(Moment(at, ()).grants([said]))) for at in (14, 15, 35)] == [1, 1, 0]


def test_a_grant_is_revoked_while_that_stands() -> None:
    kept = [revoked(15, Revoked.GRANT, "grt_1", lifted=18)]
    states = [Moment(at, kept).grants([grant(10, 20)])[0].state for at in (14, 15, 18)]
    assert states == [GrantState.ACTIVE, GrantState.REVOKED, GrantState.ACTIVE]
    pending = grant(10, 20, needed=1)
    assert Moment(16, [revoked(15)]).grants([pending])[0].state is GrantState.CANCELLED
