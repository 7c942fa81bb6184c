"""Answers from a chat count for who is linked, as their answers anywhere would, and for nobody else."""

import logging

import pytest

from narrows.model.approval import Answered, TicketState
from narrows.notify.answers import LONGEST, Answers, Linked
from unit.notify.questions import Questions, StillClock, ticket
from unit.stores.sqlite.tickets import requirement

PEOPLE = {
    "U_SAM": Linked("corp:sam", ("corp:security",)),
    "U_EVA": Linked("corp:eva", ("corp:security",)),
    "U_ALICE": Linked("corp:alice", ("corp:security",)),
    "U_BARE": Linked("corp:bo"),
    "U_OTHER": Linked("lab:sam", ("lab:security",)),
}
ID = ticket(1).id


@pytest.fixture
def questions() -> Questions:
    made = Questions(StillClock())
    made.ask(ticket(1))
    return made


def answers(questions: Questions) -> Answers:
    return Answers(questions, PEOPLE, questions.clock)


def state(questions: Questions) -> TicketState:
    review = questions.show(ID)
    assert review is not None
    return review.state


def test_a_linked_user_decides_with_their_own_name_and_groups(questions: Questions) -> None:
    said = answers(questions).decide("U_SAM", ID, Answered.APPROVE, None)
    assert (said.counts, said.text) == (True, "You approved it.")
    (decision,) = questions.decisions[ID]
    assert (decision.who, decision.groups, decision.at) == ("corp:sam", ("corp:security",), questions.clock.time)
    assert state(questions) is TicketState.APPROVED


def test_a_rejection_carries_its_reason(questions: Questions) -> None:
    assert answers(questions).decide("U_SAM", ID, Answered.REJECT, f"  {'x' * 5_000}").text == "You rejected it."
    assert questions.decisions[ID][0].reason == "x" * LONGEST


@pytest.mark.parametrize("user", ["U_NOBODY", "", "corp:sam"])
def test_who_is_not_linked_decides_nothing(questions: Questions, user: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "narrows.notify"):
        said = answers(questions).decide(user, ID, Answered.APPROVE, None)
    assert not said.counts
    assert "not known here" in said.text
    assert questions.decisions == {}
    assert ID in caplog.text


@pytest.mark.parametrize("user", ["U_ALICE", "U_BARE", "U_OTHER"])
def test_who_may_not_decide_does_not_here_either(questions: Questions, user: str) -> None:
    """The requester, who is in no group, and whose group is another issuer's."""
    said = answers(questions).decide(user, ID, Answered.APPROVE, None)
    assert not said.counts
    assert "does not count" in said.text
    assert state(questions) is TicketState.PENDING


def test_the_owner_of_what_asks_decides_nothing() -> None:
    questions = Questions(StillClock())
    questions.ask(ticket(1, requester="service-accounts:bot", owner="corp:sam"))
    assert not answers(questions).decide("U_SAM", ID, Answered.APPROVE, None).counts


def test_it_is_told_when_more_are_needed() -> None:
    questions = Questions(StillClock())
    questions.ask(ticket(1, requirement(needed=2)))
    both = answers(questions)
    assert both.decide("U_SAM", ID, Answered.APPROVE, None).text == "You approved it; it takes more people."
    assert both.decide("U_EVA", ID, Answered.APPROVE, None).text == "You approved it."
    assert "does not count" in both.decide("U_SAM", ID, Answered.APPROVE, None).text


def test_a_store_that_is_away_is_told(questions: Questions) -> None:
    questions.broken = True
    said = answers(questions).decide("U_SAM", ID, Answered.APPROVE, None)
    assert not said.counts
    assert "can't be decided now" in said.text


def test_an_owner_who_is_written_as_an_address_decides_nothing_in_a_chat(questions: Questions) -> None:
    questions.ask(ticket(2, requester="narrows:etl", owner="Sam@Example.com"))
    people = {"U_SAM": Linked("corp:sam", ("corp:security",), ("sam@example.com",)), "U_EVA": PEOPLE["U_EVA"]}
    chat = Answers(questions, people, questions.clock)
    assert not chat.decide("U_SAM", ticket(2).id, Answered.APPROVE, None).counts
    assert chat.decide("U_EVA", ticket(2).id, Answered.APPROVE, None).counts
