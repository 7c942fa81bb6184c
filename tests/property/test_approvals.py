"""Answers to a ticket come to the same in whatever order they came, and nobody counts twice, or about themselves."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from narrows.model.approval import Answered, Approvers, Decision, Escalation, Requirement, Ticket, TicketState
from narrows.policy.approvals import may_approve, rejection, satisfied, state, terms

LONG = 100
GROUPS = ("corp:security", "corp:leads", "lab:security")
PEOPLE = ("corp:ana", "corp:bob", "corp:eve", "lab:bob", "narrows:ci", "local:bob", "corp:max")

named = st.builds(
    Approvers,
    st.lists(st.sampled_from(GROUPS), max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(PEOPLE), max_size=3, unique=True).map(tuple),
)
requirements = st.builds(
    Requirement,
    st.just("p"),
    st.sampled_from("abc"),
    st.just("t"),
    named,
    st.integers(1, 3),
    st.just(1),
    st.just(LONG),
    then=st.none() | st.builds(Escalation, named, st.integers(1, LONG)),
    glass=st.none() | named,
)
decisions = st.builds(
    Decision,
    st.sampled_from(("apr_1", "apr_1", "apr_1", "apr_2")),
    st.sampled_from(PEOPLE),
    st.sampled_from((Answered.APPROVE, Answered.APPROVE, Answered.APPROVE, Answered.REJECT)),
    st.integers(-2, LONG + 2),
    reason=st.sampled_from((None, "", "why")),
    groups=st.lists(st.sampled_from(GROUPS), max_size=3, unique=True).map(tuple),
    output_cap=st.none() | st.integers(1, 9),
    repeats=st.none() | st.integers(1, 3),
    until=st.none() | st.integers(0, 2 * LONG),
    break_glass=st.booleans(),
    names=st.sampled_from(((), (), ("max@example.com", "Max"), ("eve@example.com",))),
)
said = st.lists(decisions, max_size=7)


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    """A ticket of somebody, asked at 0."""
    asked = tuple(draw(st.lists(requirements, min_size=1, max_size=3)))
    who, owner = draw(
        st.sampled_from(
            (("corp:bob", None), ("narrows:ci", "corp:eve"), ("narrows:ci", "eve"), ("narrows:ci", "EVE@example.com"))
        )
    )
    return Ticket(
        "apr_1", "d", "call_1", "req_1", who, owner, (), "s", "openai", "openai", "chat", "gpt", 0, LONG, asked
    )


def outcome(ticket: Ticket, answers: list[Decision]) -> tuple[Any, ...]:
    ends = tuple(state(ticket, answers, at, used) for at in (0, LONG // 2, LONG, 2 * LONG) for used in (0, 1, 2))
    return satisfied(ticket, answers), terms(ticket, answers), ends


@given(tickets(), said, st.randoms())
def test_the_order_of_answers_makes_no_difference(ticket: Ticket, answers: list[Decision], random: Any) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)
    assert outcome(ticket, shuffled) == outcome(ticket, answers)


@given(tickets(), said)
def test_what_is_said_twice_counts_once(ticket: Ticket, answers: list[Decision]) -> None:
    assert outcome(ticket, answers + answers) == outcome(ticket, answers)


@given(tickets(), said)
def test_who_asks_and_who_owns_what_asks_never_counts(ticket: Ticket, answers: list[Decision]) -> None:
    barred = {ticket.requester, ticket.owner, "narrows:ci"} | ({"corp:eve"} if ticket.owner == "eve" else set())
    owner = (ticket.owner or "").casefold()
    others = [
        each for each in answers if each.who not in barred and owner not in {name.casefold() for name in each.names}
    ]
    assert outcome(ticket, others) == outcome(ticket, answers)
    for each in ticket.requirements:
        for who in barred - {None}:
            assert not may_approve(each, str(who), GROUPS, ticket.requester, ticket.owner, 2 * LONG)


@given(tickets(), said)
def test_nothing_is_approved_that_too_few_people_approved(ticket: Ticket, answers: list[Decision]) -> None:
    if not satisfied(ticket, answers):
        return
    for each in ticket.requirements:
        people = {answer.who for answer in answers if answer.answer is Answered.APPROVE} - {ticket.requester}
        alone = any(answer.break_glass and answer.reason for answer in answers)
        assert len(people) >= each.needed or (each.glass is not None and alone)


@given(tickets(), said, decisions)
def test_more_approval_takes_nothing_away_but_widens_no_terms(
    ticket: Ticket, answers: list[Decision], more: Decision
) -> None:
    more = msgspec.structs.replace(more, answer=Answered.APPROVE)
    if not satisfied(ticket, answers):
        return
    assert satisfied(ticket, [*answers, more])
    before, after = terms(ticket, answers), terms(ticket, [*answers, more])
    assert before.uses is None or (after.uses is not None and after.uses <= before.uses)
    assert after.until <= before.until
    assert before.output_cap is None or (after.output_cap is not None and after.output_cap <= before.output_cap)


@given(tickets(), said, decisions, st.integers(0, 2 * LONG))
def test_after_a_rejection_nothing_goes_on(ticket: Ticket, answers: list[Decision], more: Decision, at: int) -> None:
    if rejection(ticket, answers) is None:
        return
    assert state(ticket, [*answers, more], at) is TicketState.REJECTED
