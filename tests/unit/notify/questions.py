"""A store of questions in memory, judged as real ones are, and notices of it."""

from collections.abc import Iterator, Sequence

import msgspec

from narrows.model.approval import Answered, Decision, Review, Ticket, TicketState
from narrows.notify.channel import Telling
from narrows.notify.notice import Event, Notice, letter_id
from narrows.policy.approvals import entitled, state
from narrows.policy.released_alone import to_review
from narrows.ports.approvals import ApprovalsUnavailable, DecisionRefused
from narrows.ports.outbox import Letter
from unit.stores.sqlite.records import NOW, StillClock
from unit.stores.sqlite.tickets import BODY, said, ticket

__all__ = ["BODY", "NOW", "Questions", "StillClock", "notice", "said", "telling", "ticket"]


class Questions:
    """Implements Decisions."""

    def __init__(self, clock: StillClock) -> None:
        self.clock = clock
        self.tickets: dict[str, Ticket] = {}
        self.decisions: dict[str, list[Decision]] = {}
        self.ended: dict[str, TicketState] = {}
        self.broken = False

    def ask(self, question: Ticket) -> Ticket:
        self.tickets[question.id] = question
        return question

    def say(self, decision: Decision) -> None:
        self.decisions.setdefault(decision.ticket, []).append(decision)

    def list(self, states: Sequence[TicketState] = ()) -> Sequence[Review]:
        if self.broken:
            raise ApprovalsUnavailable("broken")
        found = [self._review(each) for each in self.tickets.values()]
        return [each for each in found if not states or each.state in states]

    def walk(
        self, states: Sequence[TicketState] = (), after: str | None = None, *, newest: bool = False
    ) -> Iterator[Review]:
        found = sorted(self.list(states), key=lambda each: each.ticket.id, reverse=newest)
        yield from (each for each in found if after is None or each.ticket.id > after)

    def to_review(self) -> Sequence[Review]:
        return [each for each in self.list() if to_review(each.ticket, each.decisions)]

    def show(self, ticket_id: str) -> Review | None:
        found = self.tickets.get(ticket_id)
        return None if found is None else self._review(found)

    def content(self, ticket_id: str) -> bytes | None:
        if self.broken:
            raise ApprovalsUnavailable("broken")
        return BODY if ticket_id in self.tickets and ticket_id not in self.ended else None

    def decide(self, decision: Decision) -> Review:
        if self.broken:
            raise ApprovalsUnavailable("broken")
        found = self.tickets.get(decision.ticket)
        if found is None:
            raise DecisionRefused(f"there is no ticket {decision.ticket}")
        if self._review(found).state is not TicketState.PENDING:
            raise DecisionRefused("it is decided already")
        if not entitled(found, decision):
            raise DecisionRefused(f"{decision.who} may not decide this")
        self.say(decision)
        return self._review(found)

    def _review(self, question: Ticket) -> Review:
        decisions = self.decisions.get(question.id, [])
        found = self.ended.get(question.id) or state(question, decisions, self.clock.now())
        return Review(question, found, tuple(decisions))


def notice(event: Event = Event.REQUESTED, *decisions: Decision, at: int = NOW, **changes: object) -> Notice:
    """A notice of a question that somebody else wrote parts of."""
    question = msgspec.structs.replace(ticket(1), **changes)
    states = {
        Event.APPROVED: TicketState.APPROVED,
        Event.BREAK_GLASS: TicketState.APPROVED,
        Event.REJECTED: TicketState.REJECTED,
        Event.EXPIRED: TicketState.EXPIRED,
        Event.CANCELLED: TicketState.CANCELLED,
    }
    return Notice(event, at, Review(question, states.get(event, TicketState.PENDING), decisions))


def telling(told: Notice | None = None, **changes: object) -> Telling:
    told = told or notice()
    ident = letter_id(told.review.ticket.id, told.event, "c")
    letter = Letter(ident, "c", told.review.ticket.id, told.event, msgspec.json.encode(told), told.at, told.at)
    return msgspec.structs.replace(Telling(letter, told), **changes)


REJECTED = said(1, answer=Answered.REJECT)
