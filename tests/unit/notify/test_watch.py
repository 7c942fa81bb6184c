"""What is to be told is found from what is durable: once each, to whom it concerns, whatever was missed before."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from narrows.model.approval import Answered, Approvers, Escalation, RecentCall, TicketState
from narrows.notify.notice import Event, Notice, facts
from narrows.notify.watch import RECENT, Audience, Watch
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.stores.sqlite.outbox import SqliteOutbox
from unit.notify.questions import NOW, Questions, StillClock, said, ticket
from unit.stores.sqlite.tickets import HOUR, requirement

SECURITY = Approvers(groups=("corp:security",))
LEADS = Approvers(groups=("corp:leads",))
MINUTE = 60_000_000


class Desk:
    """A store, an outbox and who looks."""

    def __init__(self, directory: Path, audience: Audience, most: int = 100) -> None:
        self.clock = StillClock()
        self.questions = Questions(self.clock)
        self.outbox = SqliteOutbox(directory, most=most)
        self.audience = audience
        self.again()

    def again(self) -> None:
        """As after a restart: nothing is in memory."""
        self.watch = Watch(self.questions, self.outbox, self.clock, self.audience)

    def waiting(self) -> list[tuple[str, str, str]]:
        """Everything that waits, in its order: channel, ticket and event."""
        rows = self.outbox._rows("SELECT channel, ticket, event FROM letter WHERE state = 0 ORDER BY seq")
        return [(channel, asked[-1], event) for channel, asked, event in rows]

    def news(self) -> list[tuple[str, str, str]]:
        """What the next look adds."""
        before = len(self.waiting())
        self.watch.look()
        return self.waiting()[before:]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, {"all": None, "leads": LEADS, "sec": SECURITY})
    yield made
    made.outbox.close()


def test_who_is_asked_is_told_once(desk: Desk) -> None:
    desk.questions.ask(ticket(1))
    desk.questions.ask(ticket(2, requirement(by=LEADS)))
    expected = [
        ("all", "1", "requested"),
        ("sec", "1", "requested"),
        ("all", "2", "requested"),
        ("leads", "2", "requested"),
    ]
    assert desk.news() == expected
    assert desk.news() == []
    desk.again()
    assert desk.news() == []


def test_a_notice_is_the_question_as_it_stood(desk: Desk) -> None:
    asked = desk.questions.ask(ticket(1, justification="why"))
    desk.news()
    letter = desk.outbox.next("sec")
    assert letter is not None
    told = msgspec.json.decode(letter.body, type=Notice)
    assert (told.event, told.review.ticket, told.at) == (Event.REQUESTED, asked, desk.clock.time)


def test_people_are_found_by_their_names_as_well(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"ana": Approvers(people=("corp:ana",)), "sec": SECURITY})
    desk.questions.ask(ticket(1, requirement(by=Approvers(people=("corp:ana", "corp:bo")))))
    assert desk.news() == [("ana", "1", "requested")]


def test_more_people_are_told_when_they_may_decide_too(desk: Desk) -> None:
    desk.questions.ask(ticket(1, requirement(then=Escalation(LEADS, 10 * MINUTE))))
    desk.news()
    desk.clock.time += 10 * MINUTE - 1
    assert desk.news() == []
    desk.clock.time += 1
    assert desk.news() == [("all", "1", "escalated"), ("leads", "1", "escalated")]
    assert desk.news() == []


@pytest.mark.parametrize(("answer", "event"), [(Answered.APPROVE, "approved"), (Answered.REJECT, "rejected")])
def test_who_was_asked_is_told_what_became_of_it(desk: Desk, answer: Answered, event: str) -> None:
    desk.questions.ask(ticket(1))
    desk.news()
    desk.questions.say(said(1, answer=answer))
    assert desk.news() == [("all", "1", event), ("sec", "1", event)]
    desk.questions.ended[ticket(1).id] = TicketState.CONSUMED if event == "approved" else TicketState.REJECTED
    assert desk.news() == []
    assert desk.outbox.open() == []


def test_answers_that_do_not_suffice_yet_are_told(desk: Desk) -> None:
    desk.questions.ask(ticket(1, requirement(needed=2)))
    desk.news()
    desk.questions.say(said(1, "corp:sam"))
    assert [event for _, _, event in desk.news()] == ["answered", "answered"]
    assert desk.news() == []
    desk.questions.say(said(1, "corp:eva"))
    assert [event for _, _, event in desk.news()] == ["approved", "approved"]


def test_an_end_is_told_even_if_it_came_while_nobody_looked(desk: Desk) -> None:
    desk.questions.ask(ticket(1))
    desk.questions.ask(ticket(2))
    desk.news()
    desk.clock.time += HOUR
    desk.questions.ended[ticket(2).id] = TicketState.CANCELLED
    desk.again()
    assert {event for channel, _, event in desk.news() if channel == "sec"} == {"expired", "cancelled"}
    assert desk.outbox.open() == []


def test_an_approval_that_nobody_used_is_no_second_end(desk: Desk) -> None:
    desk.questions.ask(ticket(1))
    desk.news()
    desk.questions.say(said(1))
    desk.news()
    desk.clock.time += HOUR
    assert desk.news() == []
    assert desk.outbox.open() == []


def test_a_rejection_after_an_approval_is_told(desk: Desk) -> None:
    desk.questions.ask(ticket(1))
    desk.news()
    desk.questions.say(said(1))
    desk.news()
    desk.questions.ended[ticket(1).id] = TicketState.REJECTED
    assert [event for _, _, event in desk.news()] == ["rejected", "rejected"]


def test_who_releases_alone_does_so_before_all(desk: Desk) -> None:
    glass = requirement(glass=Approvers(people=("corp:oncall",)))
    desk.questions.ask(ticket(1, glass))
    desk.news()
    desk.questions.say(said(1, "corp:oncall", groups=(), break_glass=True, reason="outage"))
    expected = [(name, "1", "break_glass") for name in ("all", "leads", "sec")]
    assert desk.news() == expected
    # A second one comes and goes between two looks.
    desk.questions.ask(ticket(2, glass))
    desk.questions.say(said(2, "corp:oncall", groups=(), break_glass=True, reason="outage"))
    desk.questions.ended[ticket(2).id] = TicketState.CONSUMED
    assert desk.news() == [(name, "2", "break_glass") for name in ("all", "leads", "sec")]
    assert desk.news() == []
    # A third one does so while nobody looks at all.
    desk.questions.ask(ticket(3, glass))
    desk.questions.say(said(3, "corp:oncall", groups=(), break_glass=True, reason="outage"))
    desk.questions.ended[ticket(3).id] = TicketState.CONSUMED
    desk.again()
    assert desk.news() == [(name, "3", "break_glass") for name in ("all", "leads", "sec")]
    desk.again()
    assert desk.news() == []


def test_who_is_quick_releases_nothing_unheard_where_a_channel_is_full(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"sec": SECURITY}, most=1)
    desk.questions.ask(ticket(1))
    assert desk.news() == [("sec", "1", "requested")]
    desk.questions.ask(ticket(2, requirement(glass=Approvers(people=("corp:oncall",)))))
    desk.questions.say(said(2, "corp:oncall", groups=(), break_glass=True, reason="outage"))
    desk.questions.ended[ticket(2).id] = TicketState.CONSUMED
    assert desk.news() == []
    letter = desk.outbox.next("sec")
    assert letter is not None
    desk.outbox.sent(letter.id, desk.clock.now(), None)
    desk.watch.look()
    assert desk.waiting() == [("sec", "2", "break_glass")]


def test_what_was_released_long_ago_is_no_news(desk: Desk) -> None:
    desk.questions.ask(ticket(1, requirement(glass=Approvers(people=("corp:oncall",)))))
    desk.questions.say(said(1, "corp:oncall", groups=(), break_glass=True, reason="outage"))
    desk.questions.ended[ticket(1).id] = TicketState.CONSUMED
    desk.clock.time += RECENT + 1
    assert desk.news() == []


def test_what_came_and_went_between_two_looks_is_not_told(desk: Desk) -> None:
    desk.questions.ask(ticket(1))
    desk.questions.say(said(1))
    assert desk.news() == []


def test_a_full_channel_loses_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"sec": SECURITY}, most=1)
    desk.questions.ask(ticket(1))
    desk.questions.ask(ticket(2))
    assert desk.news() == [("sec", "1", "requested")]
    desk.clock.time += HOUR
    assert desk.news() == []
    assert desk.outbox.open() == [ticket(1).id]
    letter = desk.outbox.next("sec")
    assert letter is not None
    desk.outbox.sent(letter.id, desk.clock.time, None)
    desk.watch.look()
    assert desk.waiting() == [("sec", "1", "expired")]
    assert desk.outbox.open() == []


def test_a_message_made_again_has_the_same_id(desk: Desk) -> None:
    """As after a power cut that has undone the last commits."""
    desk.questions.ask(ticket(1))
    desk.news()
    first = desk.outbox.next("sec")
    desk.outbox._connection.execute("DELETE FROM letter")
    desk.outbox._connection.execute("DELETE FROM told")
    desk.again()
    desk.news()
    again = desk.outbox.next("sec")
    assert first is not None
    assert again is not None
    assert again.id == first.id


def test_a_look_that_fails_is_made_good_by_the_next(desk: Desk) -> None:
    desk.questions.ask(ticket(1))
    desk.questions.broken = True
    with pytest.raises(ApprovalsUnavailable):
        desk.watch.look()
    desk.questions.broken = False
    assert len(desk.news()) == 2


def test_a_ticket_that_is_gone_is_closed(desk: Desk) -> None:
    desk.questions.ask(ticket(1))
    desk.news()
    desk.questions.tickets.clear()
    assert desk.news() == []
    assert desk.outbox.open() == []


def test_a_new_audience_counts_from_now_on(desk: Desk) -> None:
    desk.questions.ask(ticket(1))
    desk.news()
    desk.watch.audience = {"new": None}
    desk.questions.ask(ticket(2))
    desk.questions.say(said(1))
    assert desk.news() == [("new", "2", "requested")]


def test_who_is_asked_learns_what_the_session_did_before(desk: Desk) -> None:
    before = RecentCall("call_0", NOW - MINUTE, "chat", "gpt-4o", "refused", "prompt_denied")
    desk.watch = Watch(desk.questions, desk.outbox, desk.clock, desk.audience, lambda _: [before])
    desk.questions.ask(ticket(1))
    desk.news()
    letter = desk.outbox.next("sec")
    assert letter is not None
    told = msgspec.json.decode(letter.body, type=Notice)
    assert told.recent == (before,)
    assert [each.text for each in facts(told) if each.name == "Before"] == [
        "2023-11-14 22:12 UTC: chat with gpt-4o, refused (prompt_denied)"
    ]
