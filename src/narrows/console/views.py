"""Approvals as the API shows them: what a person needs to decide, in the field's units. Pure.

Times are RFC 3339 in UTC, money is in dollars with six decimals, as text, so that no reader rounds it.
"""

from datetime import UTC, datetime

import msgspec

from narrows.console.deciding import asked_it, concerns, entitled, releases, reviews
from narrows.console.visitor import Visitor
from narrows.model.approval import Answered, Approvers, Place, RecentCall, Requirement, Review, TicketState
from narrows.policy.approvals import may_approve
from narrows.policy.released_alone import to_review

_SECOND = 1_000_000


class EscalationView(msgspec.Struct, frozen=True):
    """Who may decide, too, from `at` on."""

    by: Approvers
    at: datetime


class RequirementView(msgspec.Struct, frozen=True):
    """What one rule asks. `approved_by`: who of those it names has approved."""

    policy: str
    rule: str
    message: str | None
    by: Approvers
    needed: int
    approved_by: tuple[str, ...]
    then: EscalationView | None
    break_glass: Approvers | None


class DecisionView(msgspec.Struct, frozen=True):
    """What one person said."""

    who: str
    answer: Answered
    at: datetime
    reason: str | None
    output_cap: int | None
    repeats: int | None
    until: datetime | None
    break_glass: bool


class ApprovalView(msgspec.Struct, frozen=True):
    """A call that waits for people, or did. `own`: it is the reader's, or a service account's of theirs, so that they
    decide nothing about it; `may_decide`: a rule names the reader, and it is open; `may_break_glass`: so they may
    alone. `cost_usd` is the most it may cost; null: nobody knows. `void_reason`: why it is cancelled. `to_review`:
    somebody released it alone, and nobody else has looked at that; `may_review`: the reader may."""

    id: str
    state: TicketState
    own: bool
    may_decide: bool
    may_break_glass: bool
    asked_at: datetime
    expires_at: datetime
    requester: str
    owner: str | None
    groups: tuple[str, ...]
    address: str
    agent: str | None
    justification: str | None
    session: str
    call: str
    request_id: str
    connection: str
    dialect: str
    operation: str
    model: str | None
    prompt_tokens: int
    output_cap: int | None
    cost_usd: str | None
    requirements: tuple[RequirementView, ...]
    places: tuple[Place, ...]
    decisions: tuple[DecisionView, ...]
    used: int
    void_reason: str | None
    to_review: bool
    may_review: bool


class ApprovalPage(msgspec.Struct, frozen=True):
    """Approvals, oldest first. `next`: ask with `after` set to it for those behind; null: these were the last."""

    items: tuple[ApprovalView, ...]
    next: str | None


class ApprovalDetail(msgspec.Struct, frozen=True):
    """An approval and what would be sent: the body, after masks and caps, as text. `content` is null for who may not
    read it, and once the question is at its end: then the record of its calls has it. `recent` are calls of its session
    before, the newest first, for who may read it."""

    approval: ApprovalView
    content: str | None
    recent: tuple["RecentCallView", ...]


class RecentCallView(msgspec.Struct, frozen=True):
    """A call of the same session before. `outcome` is null while it runs; `excerpt` is the beginning of what was said
    last in it, masked."""

    id: str
    at: datetime
    operation: str
    model: str | None
    outcome: str | None
    refusal: str | None
    excerpt: str


class DecisionOutcome(msgspec.Struct, frozen=True):
    """What has become of the approval. `recorded`: this decision was new; else it changed nothing, and what stands
    stands."""

    recorded: bool
    approval: ApprovalView


def view(review: Review, visitor: Visitor, at: int) -> ApprovalView:
    """An approval as this visitor sees it."""
    ticket = review.ticket
    decided = any(decision.who == visitor.who for decision in review.decisions)
    is_open = review.state is TicketState.PENDING and not decided and not concerns(visitor, ticket)
    waits = to_review(ticket, review.decisions)
    return ApprovalView(
        id=ticket.id,
        state=review.state,
        own=asked_it(visitor, ticket) or concerns(visitor, ticket),
        may_decide=is_open and entitled(visitor, ticket, at),
        may_break_glass=is_open and releases(visitor, ticket),
        asked_at=moment(ticket.at),
        expires_at=moment(ticket.expires),
        requester=ticket.requester,
        owner=ticket.owner,
        groups=ticket.groups,
        address=ticket.address,
        agent=ticket.agent,
        justification=ticket.justification,
        session=ticket.session,
        call=ticket.call,
        request_id=ticket.request_id,
        connection=ticket.connection,
        dialect=ticket.dialect,
        operation=ticket.operation,
        model=ticket.model,
        prompt_tokens=ticket.prompt_tokens,
        output_cap=ticket.output_cap,
        cost_usd=None if ticket.cost is None else f"{ticket.cost // _SECOND}.{ticket.cost % _SECOND:06d}",
        requirements=tuple(_requirement(each, review) for each in ticket.requirements),
        places=ticket.places,
        decisions=tuple(
            DecisionView(
                who=each.who,
                answer=each.answer,
                at=moment(each.at),
                reason=each.reason,
                output_cap=each.output_cap,
                repeats=each.repeats,
                until=None if each.until is None else moment(each.until),
                break_glass=each.break_glass,
            )
            for each in review.decisions
        ),
        used=review.used,
        void_reason=review.reason,
        to_review=waits,
        may_review=waits and reviews(visitor, review, at),
    )


def recent_view(call: RecentCall) -> RecentCallView:
    """A call of the session before."""
    return RecentCallView(
        call.id, moment(call.at), call.operation, call.model, call.outcome, call.refusal, call.excerpt
    )


def _requirement(requirement: Requirement, review: Review) -> RequirementView:
    ticket, then = review.ticket, requirement.then
    approved = dict.fromkeys(
        each.who
        for each in review.decisions
        if each.answer is Answered.APPROVE
        and may_approve(requirement, each.who, each.groups, ticket.requester, ticket.owner, each.at - ticket.at)
    )
    return RequirementView(
        policy=requirement.policy,
        rule=requirement.rule,
        message=requirement.message,
        by=requirement.by,
        needed=requirement.needed,
        approved_by=tuple(approved),
        then=None if then is None else EscalationView(then.by, moment(ticket.at + then.after)),
        break_glass=requirement.glass,
    )


def moment(at: int) -> datetime:
    """A time of the record, exact to the microsecond."""
    return datetime.fromtimestamp(at // _SECOND, UTC).replace(microsecond=at % _SECOND)
