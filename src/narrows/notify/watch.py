"""Finds what is to be told: compares the questions that stand with what has been told of them.

Nothing that happens is handed over: tickets and decisions are durable before anybody is told of them, and every look
finds what the last one missed. So a crash between a decision and its message loses no message, whoever decided and in
which process.

What came and went between two looks is not told, but for what somebody released alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from narrows.model.approval import Approvers, RecentCall, Review, Ticket, TicketState
from narrows.notify.notice import ASKING, Event, Notice, letter_id
from narrows.policy.released_alone import released
from narrows.ports.approvals import Decisions
from narrows.ports.clock import Clock
from narrows.ports.outbox import Letter, Outbox

STANDING: Final = (TicketState.PENDING, TicketState.APPROVED)
RECENT: Final = 7 * 86_400 * 1_000_000
"""Microseconds for which it is still told that a call was released alone, if nobody could be told before."""

_ENDS: Final = {
    TicketState.REJECTED: Event.REJECTED,
    TicketState.EXPIRED: Event.EXPIRED,
    TicketState.CANCELLED: Event.CANCELLED,
}
_GRANTED: Final = frozenset({Event.APPROVED.value, Event.BREAK_GLASS.value})

Recent = Callable[[Ticket], Sequence[RecentCall]]

Audience = Mapping[str, Approvers | None]
"""The channels, and of whose questions each is told; None: of all."""


class Watch:
    """Looks at one store's questions. Used by one thread at a time."""

    def __init__(
        self, decisions: Decisions, outbox: Outbox, clock: Clock, audience: Audience, recent: Recent = lambda _: ()
    ) -> None:
        """`recent` gives a few calls of a ticket's session before it was asked."""
        self._recent = recent
        self._decisions, self._outbox, self._clock = decisions, outbox, clock
        self.audience = audience
        self._told: dict[str, set[str]] = {}

    def look(self) -> bool:
        """Puts what is to be told into the outbox; whether there was anything. Raises ApprovalsUnavailable and
        OutboxUnavailable, and then finds the rest the next time."""
        found = False
        standing: set[str] = set()
        for review in self._decisions.list(STANDING):
            standing.add(review.ticket.id)
            found |= self._tell(review)
        for ticket in self._outbox.open():
            if ticket not in standing:
                review_ = self._decisions.show(ticket)
                if review_ is not None and review_.state in STANDING:
                    continue  # it stands again since the list was made
                if review_ is None or self._tell_all(review_):
                    found = True
                    self._close(ticket)
        return self._look_back(standing) or found

    def _look_back(self, standing: set[str]) -> bool:
        """What was released alone, and over, before anybody looked: whoever is quick must not do so unheard."""
        since = self._clock.now() - RECENT
        found = False
        for review in self._decisions.to_review():
            ticket = review.ticket.id
            if ticket in standing or max(each.at for each in review.decisions) < since:
                continue
            if Event.BREAK_GLASS.value not in self._events(ticket) and self._tell_all(review):
                found = True
                if review.state not in STANDING:
                    self._close(ticket)
            self._told.pop(ticket, None)
        return found

    def _tell_all(self, review: Review) -> bool:
        """Tells what is left of a question; whether that is all."""
        self._tell(review)
        told = self._events(review.ticket.id)
        return all(key in told for key, _ in self._due(review, told))

    def _tell(self, review: Review) -> bool:
        told = self._events(review.ticket.id)
        found = False
        for key, event in self._due(review, told):
            if key in told:
                continue
            letters = self._letters(review, key, event)
            if letters is None:
                break  # no room: it is found again, and what follows it, too
            self._outbox.put(review.ticket.id, key, self._clock.now(), letters)
            told.add(key)
            found = True
        return found

    def _due(self, review: Review, told: set[str]) -> Iterator[tuple[str, Event]]:
        """What there is to tell of a question now, in its order, whether told or not; by a key of its own."""
        asked = Event.REQUESTED.value in told
        if review.state is TicketState.PENDING:
            yield Event.REQUESTED.value, Event.REQUESTED
            waited = self._clock.now() - review.ticket.at
            afters = {each.then.after for each in review.ticket.requirements if each.then is not None}
            for after in sorted(afters):
                if after <= waited:
                    yield f"{Event.ESCALATED}-{after}", Event.ESCALATED
            if review.decisions:
                yield f"{Event.ANSWERED}-{len(review.decisions)}", Event.ANSWERED
            return
        alone = released(review.ticket, review.decisions)
        if alone:
            # Whatever has become of it since.
            yield Event.BREAK_GLASS.value, Event.BREAK_GLASS
        if review.state in _ENDS:
            granted = alone or bool(told & _GRANTED)
            if asked and not (granted and review.state is TicketState.EXPIRED):
                yield _ENDS[review.state].value, _ENDS[review.state]
        elif asked and not alone:
            yield Event.APPROVED.value, Event.APPROVED

    def _letters(self, review: Review, key: str, event: Event) -> Sequence[Letter] | None:
        """The messages of an event; None where a channel can take no more."""
        names = sorted(self._whom(review, event))
        if not all(self._outbox.room(name) for name in names):
            return None
        at, ticket = self._clock.now(), review.ticket.id
        recent = tuple(self._recent(review.ticket)) if names and event in ASKING else ()
        body = msgspec.json.encode(Notice(event, at, review, recent))
        return [Letter(letter_id(ticket, key, name), name, ticket, event, body, at, at) for name in names]

    def _whom(self, review: Review, event: Event) -> frozenset[str]:
        if event is Event.BREAK_GLASS:
            return frozenset(self.audience)
        if event is Event.REQUESTED:
            return self._of([each.by for each in review.ticket.requirements])
        if event is Event.ESCALATED:
            waited = self._clock.now() - review.ticket.at
            return self._of(
                [
                    each.then.by
                    for each in review.ticket.requirements
                    if each.then is not None and each.then.after <= waited
                ]
            )
        # Who was asked is told how it went on, whatever the settings say now.
        return self._outbox.channels(review.ticket.id) & frozenset(self.audience)

    def _of(self, asked: Sequence[Approvers]) -> frozenset[str]:
        return frozenset(
            name for name, whose in self.audience.items() if whose is None or any(_meet(whose, each) for each in asked)
        )

    def _events(self, ticket: str) -> set[str]:
        told = self._told.get(ticket)
        if told is None:
            told = self._told[ticket] = set(self._outbox.told(ticket))
        return told

    def _close(self, ticket: str) -> None:
        self._outbox.close_ticket(ticket, self._clock.now())
        self._told.pop(ticket, None)


def _meet(one: Approvers, other: Approvers) -> bool:
    return bool(set(one.groups) & set(other.groups) or set(one.people) & set(other.people))
