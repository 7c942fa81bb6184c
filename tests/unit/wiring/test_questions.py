"""Held calls and requests for access, told and answered as one kind."""

from pathlib import Path

import msgspec
import pytest

from narrows.model.approval import Answered, Decision, TicketState
from narrows.notify.notice import Event, Notice, command, facts, link
from narrows.notify.watch import Watch
from narrows.ports.approvals import ApprovalsUnavailable, DecisionRefused
from narrows.stores.sqlite.outbox import SqliteOutbox
from narrows.wiring.questions import Questions
from unit.console.access import ALICE, AT, MemoryGrants, approved, request
from unit.notify.questions import Questions as Calls
from unit.notify.questions import StillClock, ticket


class Both:
    """One of each kind, and who looks at both."""

    def __init__(self, folder: Path) -> None:
        self.clock = StillClock()
        self.clock.time = AT
        self.calls, self.grants = Calls(self.clock), MemoryGrants(self.clock)
        self.questions = Questions(self.calls, self.grants)
        self.outbox = SqliteOutbox(folder)
        self.watch = Watch(self.questions, self.outbox, self.clock, {"all": None})

    def told(self) -> list[Notice]:
        """What is new, in its order; then nothing waits."""
        found = []
        while self.watch.look() or self.outbox.next("all"):
            letter = self.outbox.next("all")
            if letter is None:
                break
            found.append(msgspec.json.decode(letter.body, type=Notice))
            self.outbox.sent(letter.id, self.clock.now(), None)
        return found


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


def said(who: str = "corp:ana", answer: Answered = Answered.APPROVE, **more: object) -> Decision:
    return Decision("grt_1", who, answer, AT, "fine", ("corp:security",), **more)


def test_whoever_may_approve_access_is_told_and_what_became_of_it(both: Both) -> None:
    both.grants.ask(request())
    both.grants.ask(request("grt_2", needed=0))
    (asked,) = both.told()
    names = {fact.name: fact.text for fact in facts(asked)}
    assert asked.event is Event.REQUESTED
    assert (names["Asked by"], names["Access"], names["For"]) == ("corp:alice", "openai / chat / gpt-4o", "1 hour")
    assert (names["Reason given"], names["May approve"]) == ("the outage", "corp:security")
    assert "Costs at most" not in names
    assert command(asked) == "narrows access show grt_1"
    assert link(asked, "https://console/") == "https://console/access/grt_1"
    assert both.questions.decide(said()).state is TicketState.APPROVED
    assert [notice.event for notice in both.told()] == [Event.APPROVED]
    assert both.told() == []


def test_an_answer_goes_where_its_question_is(both: Both) -> None:
    both.grants.ask(request())
    one = both.calls.ask(ticket(1))
    assert {review.ticket.id for review in both.questions.list()} == {one.id, "grt_1"}
    assert [review.ticket.id for review in both.questions.list((TicketState.PENDING,))] == [one.id, "grt_1"]
    assert [review.ticket.id for review in both.questions.walk()] == [one.id]
    assert both.questions.content("grt_1") is None
    assert both.questions.content(one.id) is not None
    assert both.questions.show("grt_9") is None
    assert both.questions.to_review() == []
    both.grants.acts.append(approved())
    assert both.questions.list((TicketState.CONSUMED,)) == []


def test_what_may_not_be_said_is_refused_as_of_calls(both: Both) -> None:
    both.grants.ask(request())
    with pytest.raises(DecisionRefused, match="nobody decides about their own"):
        both.questions.decide(said("corp:alice"))
    with pytest.raises(DecisionRefused, match="as it was asked for"):
        both.questions.decide(said(output_cap=5))
    both.grants.fails = True
    for ask in (both.questions.list, lambda: both.questions.show("grt_1"), lambda: both.questions.decide(said())):
        with pytest.raises(ApprovalsUnavailable, match="the disk is gone"):
            ask()


def test_nobody_answers_about_their_own_access_by_another_name(both: Both) -> None:
    mail = msgspec.structs.replace(ALICE, attributes={"email": ("alice@example.com",)})
    both.grants.ask(request(who=mail))
    with pytest.raises(DecisionRefused, match="their own access"):
        both.questions.decide(said("corp:alice2", names=("Alice@Example.com",)))
    assert both.questions.decide(said(names=("ana@example.com",))).state is TicketState.APPROVED
