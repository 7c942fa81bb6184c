"""Requests for access as questions: in the form in which people are told of held calls, and answer. Pure.

Whoever tells people, and takes their answers, need not know two kinds of question. What a held call has and a request
has not, is empty; how long access is wanted for stands where a call has how long its client is held.
"""

from typing import Final

from narrows.model.access import Grant, GrantAct, GrantState, Request, Step
from narrows.model.approval import Answered, Decision, Requirement, Review, Ticket, TicketState
from narrows.policy.approvals import groups_of

PREFIX: Final = "grt_"
"""With which ids of access begin; those of held calls begin otherwise."""

POLICY: Final = "access"
"""What stands where a held call has the policy whose rule asks."""

_STEPS: Final = {Answered.APPROVE: Step.APPROVE, Answered.REJECT: Step.REJECT}
_ANSWERS: Final = {step: answer for answer, step in _STEPS.items()}
_STATES: Final = {
    GrantState.PENDING: TicketState.PENDING,
    GrantState.ACTIVE: TicketState.APPROVED,
    GrantState.REJECTED: TicketState.REJECTED,
    GrantState.LAPSED: TicketState.EXPIRED,
    GrantState.ENDED: TicketState.CONSUMED,
    GrantState.CANCELLED: TicketState.CANCELLED,
}


def is_access(ticket: str) -> bool:
    """Whether an id is that of a request for access."""
    return ticket.startswith(PREFIX)


def as_review(grant: Grant) -> Review:
    """Access as it stands, as a question that people answer."""
    decisions = tuple(_decision(act, _ANSWERS[act.step]) for act in grant.acts if act.step in _ANSWERS)
    taken = [act.reason for act in grant.acts if act.step in (Step.CANCEL, Step.REVOKE)]
    return Review(_ticket(grant.request), _state(grant), decisions, reason=taken[-1] if taken else None)


def as_act(decision: Decision) -> GrantAct | None:
    """An answer, as something that is said of access; None where nothing such can be said of it."""
    step = _STEPS.get(decision.answer)
    extra = decision.break_glass or any(
        given is not None for given in (decision.output_cap, decision.repeats, decision.until)
    )
    if step is None or extra:
        return None
    return GrantAct(decision.ticket, decision.who, step, decision.at, decision.reason, decision.groups)


def _state(grant: Grant) -> TicketState:
    if grant.state is GrantState.REVOKED:
        return TicketState.CANCELLED if grant.starts is None else TicketState.CONSUMED
    return _STATES[grant.state]


def _ticket(request: Request) -> Ticket:
    scope = request.scope
    requirement = Requirement(
        policy=POLICY,
        rule=request.rule,
        trigger="",
        by=request.by,
        needed=max(request.needed, 1),
        hold=request.span,
        expires=request.expires - request.at,
    )
    return Ticket(
        id=request.id,
        digest="",
        call="",
        request_id="",
        requester=request.requester,
        owner=request.principal.owner,
        groups=groups_of(request.principal),
        session="",
        connection=", ".join(scope.connections),
        dialect="",
        operation=", ".join(scope.operations),
        model=", ".join(scope.models) or None,
        at=request.at,
        expires=request.expires,
        requirements=(requirement,),
        justification=request.reason,
        address=request.address,
    )


def _decision(act: GrantAct, answer: Answered) -> Decision:
    return Decision(act.grant, act.who, answer, act.at, act.reason, act.groups)
