"""What one person releases alone ends soon, and is to be reviewed by somebody else."""

from typing import Any

import msgspec
import pytest

from narrows.model.approval import RELEASE_ENDS, Answered, Approvers, Decision, Escalation, TicketState
from narrows.policy.approvals import barred, may_release, satisfied, state, terms
from narrows.policy.released_alone import looked_at, may_review, released, to_review
from unit.stores.sqlite.records import NOW
from unit.stores.sqlite.tickets import HOUR, SECURITY, requirement, said, ticket

GLASS = requirement(
    needed=2,
    expires=9 * HOUR,
    glass=Approvers(people=("corp:oncall",)),
    then=Escalation(Approvers(people=("corp:lea",)), HOUR),
)
ASKED = ticket(1, GLASS, expires=NOW + 9 * HOUR, requester="narrows:etl", owner="corp:own")


def broke(who: str = "corp:oncall", **changes: Any) -> Decision:
    return said(1, who, groups=(), reason="outage", break_glass=True, **changes)


def look(who: str = "corp:sam", **changes: Any) -> Decision:
    return said(1, who, Answered.REVIEW, reason="it was an outage", **changes)


def test_one_person_stands_for_all() -> None:
    assert satisfied(ASKED, [broke()])
    assert released(ASKED, [broke()])
    assert not released(ASKED, [said(1, "corp:sam"), said(1, "corp:eva")])
    assert not satisfied(ASKED, [broke(who="corp:else")])
    assert not satisfied(ASKED, [msgspec.structs.replace(broke(), reason=" ")]), "without saying why"


def test_where_enough_people_approved_as_well_nobody_stood_alone() -> None:
    assert not released(ASKED, [broke(), said(1, "corp:sam"), said(1, "corp:eva")])


def test_it_ends_within_an_hour_whatever_was_said() -> None:
    for until in (None, NOW + 8 * HOUR):
        allowed = terms(ASKED, [broke(until=until)])
        assert allowed.until == NOW + RELEASE_ENDS
        assert state(ASKED, [broke(until=until)], NOW + RELEASE_ENDS - 1) is TicketState.APPROVED
        assert state(ASKED, [broke(until=until)], NOW + RELEASE_ENDS) is TicketState.EXPIRED
    assert terms(ASKED, [broke(until=NOW + 5)]).until == NOW + 5


@pytest.mark.parametrize("who", ["corp:sam", "corp:lea"])
def test_whoever_a_rule_names_may_review_it(who: str) -> None:
    groups = ("corp:security",) if who == "corp:sam" else ()
    assert to_review(ASKED, [broke()])
    assert looked_at(ASKED, [broke(), look(who, groups=groups)]) is not None
    assert not to_review(ASKED, [broke(), look(who, groups=groups)])


def test_an_admin_may_and_whoever_is_on_the_machine() -> None:
    assert may_review(ASKED, [broke()], look("corp:pat", groups=(), admin=True))
    assert may_review(ASKED, [broke()], look("local:pat", groups=()))
    assert not may_review(ASKED, [broke()], look("corp:pat", groups=()))


@pytest.mark.parametrize("who", ["corp:oncall", "narrows:etl", "corp:own"])
def test_neither_who_released_it_nor_whose_call_it_is(who: str) -> None:
    said = [broke(), look(who, admin=True)]
    assert to_review(ASKED, said)
    assert looked_at(ASKED, said) is None


def test_a_look_approves_nothing_and_rejects_nothing() -> None:
    assert state(ASKED, [look()], NOW) is TicketState.PENDING
    assert state(ASKED, [broke(), look()], NOW) is TicketState.APPROVED
    assert not to_review(ASKED, [look()])


def test_a_withdrawn_release_is_still_to_be_reviewed() -> None:
    withdrawn = [broke(), said(1, "corp:sam", Answered.REJECT)]
    assert state(ASKED, withdrawn, NOW) is TicketState.REJECTED
    assert to_review(ASKED, withdrawn)


def test_on_the_machine_only_what_a_rule_lets_somebody_release_is_released() -> None:
    assert may_release(GLASS, "local:ana", (), "corp:bob", None)
    assert not may_release(requirement(by=SECURITY), "local:ana", (), "corp:bob", None)
    assert not may_release(GLASS, "local:own", (), "narrows:etl", "own")
    assert barred("local:own", "narrows:etl", "own")


def test_who_says_that_they_release_it_does_so_even_if_they_could_approve() -> None:
    one = ticket(1, requirement(glass=SECURITY))
    assert not released(one, [said(1, "corp:sam")])
    for who in ("corp:sam", "local:ana"):
        alone = said(1, who, reason="outage", break_glass=True)
        assert released(one, [alone])
        assert to_review(one, [alone])
    both = ticket(1, requirement(glass=SECURITY), requirement(rule="other"))
    assert satisfied(both, [said(1, "corp:sam", reason="outage", break_glass=True)]), "of the other they approve"
