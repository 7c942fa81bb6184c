"""Questions to people: which plans ask any, what exactly an answer is about, and what callers are told meanwhile.

An answer is about one request of one identity and nothing else: what would be sent, byte by byte; what the caller
asked before anything of it was masked; where it goes and with which headers; why, by whom, for whom; and the rules that
ask. All of it is in the digest. What rules say otherwise is not: an edit elsewhere voids no question.

Pure: the time is given.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from narrows.model.approval import Approvers, Decision, Requirement, Review, Ticket, TicketState
from narrows.model.call import Call
from narrows.model.limit_words import lasting
from narrows.model.plan import Action, Plan
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.policy.approvals import groups_of, places

TOLD: Final = 60_000_000
"""Microseconds after its end for which who sends an expired request again is told so; later it is put to people
anew."""

HELD_AGAIN: Final = 2
UNHELD: Final = 15
"""Seconds after which a client should send the same request again: where it will be held, and where it will not."""

SENT: Final = 256
"""Texts of a request that a ticket knows again, the last of them."""

_VERSION: Final = b"narrows approval 1"
_REQUEST: Final = "req_"
_TICKET: Final = "apr_"


def asks(plan: Plan) -> bool:
    """Whether a rule in force asks people."""
    return any(not each.requirement.observe for each in plan.approvals) or any(
        rule.action is Action.APPROVE and not rule.observe for rule in plan.rules
    )


def digest(call: Call, body: bytes, requirements: Iterable[Requirement]) -> str:
    """SHA-256, in hex, of everything that an answer is about. `body` is what would be sent."""
    why = call.source.justification
    parts: list[bytes] = [
        _VERSION,
        body,
        call.sealed,
        *(
            _text(text)
            for text in (
                call.principal.key, call.end_user, why, call.connection, call.operation, call.method, call.path,
                call.model,
            )
        ),
    ]  # fmt: skip
    for group in (
        [part for header in call.headers for part in header],
        [trigger.encode() for trigger in sorted({each.trigger for each in requirements})],
    ):
        parts.append(len(group).to_bytes(8))
        parts += group
    hashed = hashlib.sha256()
    for part in parts:
        # Their lengths keep parts from running into each other.
        hashed.update(len(part).to_bytes(8))
        hashed.update(part)
    return hashed.hexdigest()


def _text(text: str | None) -> bytes:
    """None is told from what is empty."""
    return b"" if text is None else b"\x01" + text.encode("utf-8", "surrogatepass")


def ticket_id(request_id: str, number: int = 0) -> str:
    """That of a request with another prefix; where a request asks again, because others have used what it asked for,
    with a number."""
    return f"{_TICKET}{request_id.removeprefix(_REQUEST)}{f'_{number}' if number else ''}"


def question(
    call: Call, requirements: tuple[Requirement, ...], digest_: str, at: int, name: str, cost: int | None
) -> Ticket:
    """What people are asked about a call. `name` is the ticket's id."""
    cap = call.output_cap if call.output_cap is not None else call.asked.output_cap
    return Ticket(
        id=name,
        digest=digest_,
        call=call.id,
        request_id=call.request_id,
        requester=call.principal.key,
        owner=call.principal.owner,
        groups=groups_of(call.principal),
        session=call.session,
        connection=call.connection,
        dialect=call.dialect,
        operation=call.operation,
        model=call.asked.model,
        at=at,
        expires=at + min(each.expires for each in requirements),
        requirements=requirements,
        places=places(requirements, call),
        justification=call.source.justification,
        cost=cost,
        prompt_tokens=call.prompt_tokens,
        output_cap=cap,
        address=call.source.address,
        agent=call.source.declared_agent or call.source.agent or None,
        sent=tuple(tag for place, tag in enumerate(call.tags) if place not in call.known)[-SENT:],
        scope=tuple(dict.fromkeys(rule.policy for rule in call.plan.rules)),
    )


def stands(review: Review, at: int) -> bool:
    """Whether a question is not put anew for the same request: it is open, or its answer still holds."""
    match review.state:
        case TicketState.PENDING | TicketState.APPROVED:
            return True
        case TicketState.REJECTED:
            return at < review.ticket.expires
        case TicketState.EXPIRED:
            return at < review.ticket.expires + TOLD
        case _:
            return False


def pending(ticket: Ticket, seconds: int) -> Deny:
    """What a caller is told whose request waits on; in so many seconds it should be sent again."""
    first = ticket.requirements[0]
    message = (
        f"The request waits for approval by {_asked(ticket.requirements)} ({ticket.id}, rule {first.rule} of policy "
        f"{first.policy}){_said(first)} Send the same request again: it goes on once it is approved."
    )
    return Deny(Code.APPROVAL_PENDING, message, policy=first.policy, rule=first.rule, retry_after=seconds)


def rejected(ticket: Ticket, decision: Decision | None) -> Deny:
    """What a caller is told whose request was rejected."""
    first = ticket.requirements[0]
    who = "somebody" if decision is None else decision.who
    reason = "" if decision is None or not decision.reason else f": {decision.reason}"
    message = f"The request was rejected by {who}{reason} ({ticket.id}, rule {first.rule} of policy {first.policy})"
    return Deny(Code.APPROVAL_REJECTED, message, policy=first.policy, rule=first.rule)


def voided(ticket: Ticket) -> Deny:
    """What a caller is told whose question is void."""
    first = ticket.requirements[0]
    message = (
        f"The question about the request is void ({ticket.id}, rule {first.rule} of policy {first.policy}): what asked "
        "it was changed. Send the same request again: it is judged anew."
    )
    return Deny(Code.APPROVAL_PENDING, message, policy=first.policy, rule=first.rule, retry_after=1)


def expired(ticket: Ticket) -> Deny:
    """What a caller is told whose request nobody approved."""
    first = ticket.requirements[0]
    message = (
        f"Nobody approved the request in time ({lasting(ticket.expires - ticket.at)}); it was put to "
        f"{_asked(ticket.requirements)} ({ticket.id}, rule {first.rule} of policy {first.policy}){_said(first)} "
        "Tell them, and send it again later."
    )
    return Deny(Code.APPROVAL_EXPIRED, message, policy=first.policy, rule=first.rule)


def _said(requirement: Requirement) -> str:
    """What the rule itself tells the caller."""
    return "." if requirement.message is None else f": {requirement.message.rstrip('.')}."


def _asked(requirements: Sequence[Requirement]) -> str:
    """Who is asked."""
    return "; and by ".join(dict.fromkeys(f"{_names(each.by)}{_many(each.needed)}" for each in requirements))


def _many(needed: int) -> str:
    return "" if needed == 1 else f", {needed} of them"


def _names(by: Approvers) -> str:
    return " or ".join((*by.groups, *by.people)) or "nobody"
