"""Approvals as they are shown: exact times and money, and what the reader may do about them."""

import msgspec
import pytest

from narrows.console.roles import Role
from narrows.console.views import moment, view
from narrows.model.approval import Answered, Approvers, Decision, Escalation, Review, TicketState
from unit.console.world import HOUR, NOW, SECOND, requirement, ticket, visitor

PENDING = TicketState.PENDING


def said(who: str, answer: Answered = Answered.APPROVE, **more: object) -> Decision:
    usual = Decision(ticket().id, who, answer, NOW + 1, groups=("corp:security",))
    return msgspec.structs.replace(usual, **more)


def test_times_and_money_are_exact() -> None:
    shown = msgspec.to_builtins(view(Review(ticket(1, at=NOW + 1, cost=7), PENDING), visitor("ana"), NOW))
    assert (shown["asked_at"], shown["cost_usd"]) == ("2023-11-14T22:13:20.000001Z", "0.000007")
    assert view(Review(ticket(1, cost=None), PENDING), visitor("ana"), NOW).cost_usd is None
    assert moment(0).isoformat() == "1970-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("who", "state", "own", "may"),
    [
        ("ana", TicketState.PENDING, False, True),
        ("ana", TicketState.APPROVED, False, False),
        ("pat", TicketState.PENDING, False, False),
        ("alice", TicketState.PENDING, True, False),
    ],
)
def test_whether_the_reader_may_decide(who: str, state: TicketState, own: bool, may: bool) -> None:
    shown = view(Review(ticket(), state), visitor(who), NOW)
    assert (shown.own, shown.may_decide) == (own, may)


def test_whoever_has_decided_does_not_again() -> None:
    asked = ticket(1, requirement(needed=2))
    review = Review(asked, PENDING, (said("corp:ana"),))
    assert not view(review, visitor("ana"), NOW).may_decide
    assert view(review, visitor("ben"), NOW).may_decide


def test_whose_approvals_count_for_which_rule() -> None:
    leads = requirement(rule="leads", by=Approvers(people=("corp:lea",)), then=Escalation(Approvers(), HOUR))
    asked = ticket(1, requirement(needed=2), leads)
    decisions = (said("corp:ana"), said("corp:lea", groups=()), said("corp:ben", Answered.REJECT), said("corp:alice"))
    first, second = view(Review(asked, PENDING, decisions), visitor("pat"), NOW).requirements
    assert (first.approved_by, second.approved_by) == (("corp:ana",), ("corp:lea",))
    assert second.then is not None
    assert second.then.at == moment(NOW + HOUR)


def test_glass_may_be_broken_by_whom_the_rule_lets() -> None:
    asked = ticket(1, requirement(glass=Approvers(people=("corp:kim",))))
    shown = view(Review(asked, PENDING), visitor("kim", Role.APPROVER), NOW)
    assert (shown.may_decide, shown.may_break_glass) == (False, True)


def test_what_was_said_is_shown() -> None:
    decision = said("corp:ana", reason="fine", output_cap=5, repeats=2, until=NOW + SECOND, break_glass=True)
    (shown,) = view(Review(ticket(), PENDING, (decision,)), visitor("pat"), NOW).decisions
    assert (shown.who, shown.answer, shown.reason) == ("corp:ana", Answered.APPROVE, "fine")
    assert (shown.output_cap, shown.repeats, shown.until, shown.break_glass) == (5, 2, moment(NOW + SECOND), True)
