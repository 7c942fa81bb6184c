"""Requests for access as questions: what is asked, what has become of it, and what an answer says."""

import msgspec
import pytest

from narrows.model.access import GrantAct, GrantState, Step
from narrows.model.approval import Answered, Decision, TicketState
from narrows.policy.access import standing
from narrows.policy.access_questions import as_act, as_review, is_access
from unit.console.access import AT, HOUR, approved, request


def test_it_asks_whom_the_rule_names_for_what_is_wanted() -> None:
    review = as_review(standing(request(needed=2), [approved()], AT))
    ticket = review.ticket
    assert (ticket.id, ticket.requester, ticket.groups) == ("grt_1", "corp:alice", ("corp:research",))
    assert (ticket.connection, ticket.operation, ticket.model) == ("openai", "chat", "gpt-4o")
    assert (ticket.justification, ticket.hold, ticket.expires) == ("the outage", HOUR, AT + HOUR)
    (asked,) = ticket.requirements
    assert (asked.by.groups, asked.needed, asked.rule) == (("corp:security",), 2, "large")
    assert [(each.who, each.answer, each.reason) for each in review.decisions] == [
        ("corp:ana", Answered.APPROVE, "fine")
    ]
    assert is_access(ticket.id)
    assert not is_access("apr_1")


@pytest.mark.parametrize(
    ("acts", "after", "state"),
    [
        ([], 0, TicketState.PENDING),
        ([approved()], 0, TicketState.APPROVED),
        ([approved(step=Step.REJECT)], 0, TicketState.REJECTED),
        ([approved(step=Step.CANCEL)], 0, TicketState.CANCELLED),
        ([], HOUR, TicketState.EXPIRED),
        ([approved()], HOUR, TicketState.CONSUMED),
        ([approved(step=Step.REVOKE)], 0, TicketState.CANCELLED),
        ([approved(), approved(step=Step.REVOKE)], 0, TicketState.CONSUMED),
    ],
)
def test_what_has_become_of_it(acts: list[GrantAct], after: int, state: TicketState) -> None:
    assert as_review(standing(request(), acts, AT + after)).state is state


def test_every_state_is_one_of_a_question() -> None:
    grant = standing(request(), [], AT)
    for state in GrantState:
        assert as_review(msgspec.structs.replace(grant, state=state)).state in TicketState


def test_an_answer_is_an_act_unless_it_says_more_than_can_be_said_of_access() -> None:
    said = Decision("grt_1", "corp:ana", Answered.APPROVE, AT, "fine", ("corp:security",))
    assert as_act(said) == approved()
    rejected = msgspec.structs.replace(said, answer=Answered.REJECT)
    assert as_act(rejected) == approved(step=Step.REJECT)
    for more in ({"output_cap": 1}, {"repeats": 2}, {"until": AT}, {"break_glass": True}, {"answer": Answered.REVIEW}):
        assert as_act(msgspec.structs.replace(said, **more)) is None
