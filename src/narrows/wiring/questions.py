"""Every question that people are asked, in one place: held calls and requests for access, told and answered alike.

Which kind an id is of, the id says. What a rule approves by itself asks nobody, and is not here.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from narrows.model.access import Grant, GrantState
from narrows.model.approval import Decision, Review, TicketState
from narrows.policy.access import is_theirs
from narrows.policy.access_questions import as_act, as_review, is_access
from narrows.ports.access import AccessRefused, AccessUnavailable, Grants
from narrows.ports.approvals import ApprovalsUnavailable, DecisionRefused, Decisions

T = TypeVar("T")

_OPEN = frozenset({TicketState.PENDING, TicketState.APPROVED})


class Questions:
    """Implements `narrows.ports.approvals.Decisions` over both. Used on the thread that made it."""

    def __init__(self, calls: Decisions, grants: Grants) -> None:
        self._calls = calls
        self._grants = grants

    def list(self, states: Sequence[TicketState] = ()) -> Sequence[Review]:
        """Questions in one of these states, or all: those of calls first."""
        return [*self._calls.list(states), *self._access(states)]

    def walk(
        self, states: Sequence[TicketState] = (), after: str | None = None, *, newest: bool = False
    ) -> Iterator[Review]:
        """The same one after another: those about held calls."""
        return self._calls.walk(states, after, newest=newest)

    def to_review(self) -> Sequence[Review]:
        """What somebody released alone: of access nobody can."""
        return self._calls.to_review()

    def show(self, ticket_id: str) -> Review | None:
        """One question."""
        if not is_access(ticket_id):
            return self._calls.show(ticket_id)
        grant = _asked(lambda: self._grants.get(ticket_id))
        return None if grant is None else as_review(grant)

    def content(self, ticket_id: str) -> bytes | None:
        """What would be sent: of access nothing would."""
        return None if is_access(ticket_id) else self._calls.content(ticket_id)

    def decide(self, decision: Decision) -> Review:
        """Writes what a person said."""
        if not is_access(decision.ticket):
            return self._calls.decide(decision)
        act = as_act(decision)
        if act is None:
            raise DecisionRefused("access is approved or rejected as it was asked for, and nothing else")
        asked = _asked(lambda: self._grants.get(decision.ticket))
        if asked is not None and is_theirs(asked.request, decision.who, decision.names):
            raise DecisionRefused(f"{decision.ticket} is of {decision.who}, and nobody decides about their own access")
        try:
            return as_review(_asked(lambda: self._grants.act(act)))
        except AccessRefused as refused:
            raise DecisionRefused(str(refused)) from None

    def close(self) -> None:
        """Closes what is open of both."""
        for each in (self._grants, self._calls):
            close = getattr(each, "close", None)
            if close is not None:
                close()

    def _access(self, states: Sequence[TicketState]) -> Sequence[Review]:
        wanted = (GrantState.PENDING, GrantState.ACTIVE) if states and _OPEN.issuperset(states) else ()
        found = [as_review(each) for each in _asked(lambda: self._grants.list(wanted)) if _asks(each)]
        return [each for each in found if not states or each.state in states]


def _asks(grant: Grant) -> bool:
    return grant.request.needed > 0


def _asked(ask: Callable[[], T]) -> T:
    """What the store says; that it can't be read is said as of the other questions."""
    try:
        return ask()
    except AccessUnavailable as error:
        raise ApprovalsUnavailable(str(error)) from error
