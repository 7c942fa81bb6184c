"""Approvals as one visitor meets them: which they see, what they may decide, and what a decision of theirs comes to.

It owns no rule of judgement: those are in `policy.approvals`, and the gate applies them again. What it adds is what an
API needs: whom a refusal tells what, and that saying the same thing twice is no error.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from narrows.console.audit import Trail
from narrows.console.desk import Books
from narrows.console.problems import FieldError, Problem, Refused
from narrows.console.roles import SEES_ALL, Role
from narrows.console.visitor import Visitor
from narrows.model.approval import Answered, Decision, Review, Ticket, TicketState
from narrows.policy import access
from narrows.policy.approvals import barred, may_approve, may_release
from narrows.policy.released_alone import looked_at, may_review, to_review
from narrows.ports.approvals import DecisionRefused

_MEANS: Final = {
    Answered.APPROVE: frozenset({TicketState.APPROVED, TicketState.CONSUMED}),
    Answered.REJECT: frozenset({TicketState.REJECTED}),
}
"""What has become of a ticket of which this is the answer."""

LOOKED: Final = 5_000
"""Tickets that are looked through for one page: that takes some tenths of a second."""

_OPEN: Final = frozenset({TicketState.PENDING, TicketState.APPROVED})


class Said(msgspec.Struct, frozen=True):
    """What a visitor says of a ticket; `lasting` is in microseconds from now. `withdraw`: a rejection ends an approval
    that stands, too."""

    answer: Answered
    reason: str | None = None
    output_cap: int | None = None
    repeats: int | None = None
    lasting: int | None = None
    break_glass: bool = False
    withdraw: bool = False


class Decided(msgspec.Struct, frozen=True):
    """What has become of a ticket, and whether this was new."""

    review: Review
    recorded: bool


def asked_it(visitor: Visitor, ticket: Ticket) -> bool:
    """Whether the question is about their own call."""
    return visitor.who == ticket.requester


def concerns(visitor: Visitor, ticket: Ticket) -> bool:
    """Whether it is about their own call, or one of a service account of theirs: what they never decide. Owners are
    often written as an address; who has that as a claim is that owner."""
    return barred(visitor.who, ticket.requester, ticket.owner, names_of(visitor))


def names_of(visitor: Visitor) -> tuple[str, ...]:
    """Other names of theirs that their issuer vouches for."""
    return access.names_of(visitor.principal)


def entitled(visitor: Visitor, ticket: Ticket, at: int) -> bool:
    """Whether a rule that asks names them, by now."""
    who, groups = visitor.who, visitor.groups
    return any(
        may_approve(each, who, groups, ticket.requester, ticket.owner, at - ticket.at) for each in ticket.requirements
    )


def releases(visitor: Visitor, ticket: Ticket) -> bool:
    """Whether they may release it alone, in an emergency."""
    return any(
        may_release(each, visitor.who, visitor.groups, ticket.requester, ticket.owner) for each in ticket.requirements
    )


def sees(visitor: Visitor, ticket: Ticket, at: int) -> bool:
    """Whether they may know of it."""
    return reads(visitor, ticket, at) or (Role.USER in visitor.roles and concerns(visitor, ticket))


def reads(visitor: Visitor, ticket: Ticket, at: int) -> bool:
    """Whether they may read what would be sent. Whoever owns a service account may not: its prompts can be others'."""
    return (
        bool(visitor.roles & SEES_ALL)
        or (Role.USER in visitor.roles and asked_it(visitor, ticket))
        or (Role.APPROVER in visitor.roles and (entitled(visitor, ticket, at) or releases(visitor, ticket)))
    )


def found(books: Books, visitor: Visitor, ticket_id: str, at: int) -> Review:
    """The ticket, if they may know of it. Raises Refused: what is not there and what is not theirs look the same."""
    review = books.decisions.show(ticket_id)
    if review is None or not sees(visitor, review.ticket, at):
        raise Refused(Problem.APPROVAL_UNKNOWN)
    return review


def listed(
    books: Books, visitor: Visitor, states: Sequence[TicketState], at: int, after: str | None, most: int
) -> tuple[list[Review], str | None]:
    """So many of those that they may know of, by their ids behind this one, and behind which id others may be; None:
    there are none. Who may know of few is not looked for among all at once: others wait for their answers."""
    found: list[Review] = []
    for looked, review in enumerate(books.decisions.walk(states, after), 1):
        if sees(visitor, review.ticket, at):
            if len(found) == most:
                return found, found[-1].ticket.id
            found.append(review)
        if looked == LOOKED:
            return found, review.ticket.id
    return found, None


def unreviewed(
    books: Books, visitor: Visitor, at: int, after: str | None, most: int
) -> tuple[list[Review], str | None]:
    """The same of what somebody released alone, and nobody else has looked at."""
    seen = [
        review
        for review in books.decisions.to_review()
        if review.ticket.id > (after or "") and sees(visitor, review.ticket, at)
    ]
    found = sorted(seen, key=lambda review: review.ticket.id)[:most]
    return found, found[-1].ticket.id if len(seen) > most else None


def reviews(visitor: Visitor, review: Review, at: int) -> bool:
    """Whether they may say that they have looked at what somebody released alone."""
    said = _looking(visitor, review.ticket, None, at)
    return not concerns(visitor, review.ticket) and may_review(review.ticket, review.decisions, said)


def look(books: Books, visitor: Visitor, ticket_id: str, comment: str, now: Callable[[], int], trail: Trail) -> Decided:
    """Says that they have looked at what somebody released alone, and what they found. Raises Refused. Who has said so
    before is told what stands."""

    def write() -> Decided:
        review = found(books, visitor, ticket_id, now())
        if concerns(visitor, review.ticket):
            raise Refused(Problem.OWN_CALL)
        seen = looked_at(review.ticket, review.decisions)
        if seen is not None and seen.who == visitor.who:
            return Decided(review, recorded=False)
        said = _looking(visitor, review.ticket, comment, now())
        if to_review(review.ticket, review.decisions) and not reviews(visitor, review, now()):
            raise Refused(Problem.NOT_ENTITLED, "somebody else must, not who released it")
        try:
            return Decided(books.decisions.decide(said), recorded=True)
        except DecisionRefused as refused:
            raise Refused(Problem.DECISION_REFUSED, str(refused), state=review.state) from None

    return trail.doing(books, "approval.review", ticket_id, write)


def _looking(visitor: Visitor, ticket: Ticket, comment: str | None, at: int) -> Decision:
    admin = Role.ADMIN in visitor.roles
    return Decision(
        ticket.id, visitor.who, Answered.REVIEW, at, comment, visitor.groups, admin=admin, names=names_of(visitor)
    )


def decide(books: Books, visitor: Visitor, ticket_id: str, said: Said, now: Callable[[], int], trail: Trail) -> Decided:
    """Says it of the ticket. Raises Refused.

    Who has said so before, or comes when it has come out that way already, is told what stands; who has said the
    opposite, or comes too late, is refused. Only an approval that still stands can be ended, by who says so.
    """

    def write() -> Decided:
        review = found(books, visitor, ticket_id, now())
        standing = _standing(visitor, review, said)
        if standing is not None:
            return standing
        decision = _decision(visitor, review.ticket, said, now())
        try:
            return Decided(books.decisions.decide(decision), recorded=True)
        except DecisionRefused as refused:
            # Somebody else was quicker, or its time is up: that is judged as if they had been before.
            review = found(books, visitor, ticket_id, now())
            standing = _standing(visitor, review, said)
            if standing is not None:
                return standing
            raise Refused(Problem.DECISION_REFUSED, str(refused), state=review.state) from None

    return trail.doing(books, f"approval.{said.answer}", ticket_id, write)


def _standing(visitor: Visitor, review: Review, said: Said) -> Decided | None:
    """What stands already, if this changes nothing; None: it is open. Raises Refused."""
    if concerns(visitor, review.ticket):
        raise Refused(Problem.OWN_CALL)
    own = [each for each in review.decisions if each.who == visitor.who]
    mine = own[-1].answer if own else None
    if said.break_glass and mine is said.answer and review.state is TicketState.PENDING and not own[-1].break_glass:
        return None  # who has approved it with others may still release it alone
    if mine is said.answer or review.state in _MEANS[said.answer]:
        return Decided(review, recorded=False)
    if said.answer is Answered.REJECT and said.withdraw and review.state in _OPEN:
        return None
    if mine is not None:
        raise Refused(Problem.DECIDED_OTHERWISE, f"you said: {mine}", state=review.state)
    if review.state is TicketState.PENDING:
        return None
    raise Refused(Problem.APPROVAL_CLOSED, f"it is {review.state}", state=review.state)


def _decision(visitor: Visitor, ticket: Ticket, said: Said, at: int) -> Decision:
    named = entitled(visitor, ticket, at)
    if said.break_glass:
        if not releases(visitor, ticket):
            raise Refused(Problem.NOT_ENTITLED, "no rule that asks lets you release the call alone")
        if not (said.reason or "").strip():
            raise Refused(Problem.FIELD_INVALID, errors=[FieldError("reason", "whoever breaks glass says why")])
    elif not named:
        hint = "you may release it alone, with `break_glass` and a reason" if releases(visitor, ticket) else None
        raise Refused(Problem.NOT_ENTITLED, hint)
    if said.output_cap is not None and ticket.output_cap is not None and said.output_cap > ticket.output_cap:
        message = f"the call's own cap is {ticket.output_cap}; a cap can only be lowered"
        raise Refused(Problem.FIELD_INVALID, errors=[FieldError("output_cap", message)])
    return Decision(
        ticket=ticket.id,
        who=visitor.who,
        answer=said.answer,
        at=at,
        reason=said.reason,
        groups=visitor.groups,
        output_cap=said.output_cap,
        repeats=said.repeats,
        until=None if said.lasting is None else at + said.lasting,
        break_glass=said.break_glass,
        names=names_of(visitor),
    )
