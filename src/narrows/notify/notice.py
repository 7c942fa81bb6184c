"""What people are told: that a question is asked, that more people may answer, what was said, and what became of it.

A notice is a question as it stood at that moment. It holds no text of a prompt: what a channel shows of one is read
when it is sent, and only where the settings say so. Pure.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from narrows.model.approval import Answered, Approvers, Decision, RecentCall, Review, Ticket, TicketState
from narrows.model.limit_words import amount, lasting
from narrows.model.limits import Unit
from narrows.policy.access_questions import is_access
from narrows.policy.approvals import terms
from narrows.policy.asking import span_words

LONGEST: Final = 300
"""Characters of a text that somebody else wrote: a reason, a name."""

_MICROS: Final = 1_000_000


class Event(StrEnum):
    """What has happened to a question."""

    REQUESTED = "requested"
    ESCALATED = "escalated"
    """More people may answer it now."""

    ANSWERED = "answered"
    """Somebody answered, and it takes more."""

    APPROVED = "approved"
    BREAK_GLASS = "break_glass"
    """Released by one person alone, without the approvers; everybody is told."""

    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ASKING: Final = frozenset({Event.REQUESTED, Event.ESCALATED})
"""Events that ask people; the others tell them."""

_TITLES: Final = {
    Event.REQUESTED: "Approval wanted",
    Event.ESCALATED: "Approval wanted: nobody has decided yet",
    Event.ANSWERED: "Approved in part",
    Event.APPROVED: "Approved",
    Event.BREAK_GLASS: "BREAK GLASS: released by one person alone, to be reviewed",
    Event.REJECTED: "Rejected",
    Event.EXPIRED: "Expired: nobody decided in time",
    Event.CANCELLED: "No longer asked",
}


class Notice(msgspec.Struct, frozen=True):
    """One event, and the question as it stood then. `at` is when it was found, in Unix microseconds. `recent` are calls
    of its session before, without what was said in them."""

    event: Event
    at: int
    review: Review
    recent: tuple[RecentCall, ...] = ()


class Fact(msgspec.Struct, frozen=True):
    """One thing an approver should know."""

    name: str
    text: str


def letter_id(ticket: str, event: str, channel: str) -> str:
    """The id of a message: the same however often it is made."""
    return f"msg_{hashlib.sha256(f'{ticket} {event} {channel}'.encode()).hexdigest()[:32]}"


def title(notice: Notice) -> str:
    """What has happened, in a few words."""
    return _TITLES[notice.event]


def subject(notice: Notice) -> str:
    """What has happened, to what and whose, in one line."""
    ticket = notice.review.ticket
    what = shown(ticket.model or ticket.operation, 80)
    return f"{title(notice)}: {shown(ticket.requester, 80)}, {what} ({ticket.id})"


def facts(notice: Notice) -> Sequence[Fact]:
    """What is known of the question, without any content."""
    review = notice.review
    ticket = review.ticket
    found = [("Asked by", ticket.requester)]
    if ticket.owner is not None:
        found.append(("Owned by", ticket.owner))
    found += _about_access(ticket) if is_access(ticket.id) else _about_call(ticket)
    if notice.event in ASKING or notice.event is Event.ANSWERED:
        found.append(("May approve", "; and ".join(dict.fromkeys(who_may(review, notice.at)))))
        found.append(("Until", moment(ticket.expires)))
    found.extend(("Before", _before(each)) for each in notice.recent)
    found.extend((_said(each), f"{each.who}{_reason(each)}") for each in review.decisions)
    if notice.event is Event.BREAK_GLASS:
        found.append(("Passed over", "; and ".join(dict.fromkeys(who_may(review, notice.at)))))
        found.append(("Ends", moment(terms(ticket, review.decisions).until)))
    if notice.event is Event.CANCELLED and review.reason is not None:
        found.append(("Why", review.reason))
    return [Fact(name, shown(text)) for name, text in found]


def _about_call(ticket: Ticket) -> list[tuple[str, str]]:
    found = [("Call", _what(ticket))]
    for each in ticket.requirements:
        said = "" if each.message is None else f": {each.message}"
        found.append(("Rule", f"{each.rule} of policy {each.policy}{said}"))
    found.append(("Reason given", ticket.justification or "none"))
    found.append(("Costs at most", "not known" if ticket.cost is None else amount(Unit.USD, ticket.cost)))
    found.append(("Size", _size(ticket.prompt_tokens, ticket.output_cap)))
    return found


def _about_access(ticket: Ticket) -> list[tuple[str, str]]:
    rules = ", ".join(each.rule for each in ticket.requirements)
    reason = ticket.justification or "none"
    return [("Access", _what(ticket)), ("For", span_words(ticket.hold)), ("Rule", rules), ("Reason given", reason)]


def _what(ticket: Ticket) -> str:
    return " / ".join(part for part in (ticket.connection, ticket.operation, ticket.model) if part)


def who_may(review: Review, at: int) -> Sequence[str]:
    """Whom each requirement asks, at that time."""
    ticket = review.ticket
    told = []
    for each in ticket.requirements:
        names = _names(each.by)
        if each.then is not None and at - ticket.at >= each.then.after:
            names = f"{names} or {_names(each.then.by)}"
        told.append(names if each.needed == 1 else f"{each.needed} of {names}")
    return told


def command(notice: Notice) -> str:
    """The command that shows it; of what is to be reviewed, the one that reviews it."""
    ticket = notice.review.ticket.id
    if notice.event is Event.BREAK_GLASS:
        return f'narrows approvals review {ticket} --comment "..."'
    return f"narrows {'access' if is_access(ticket) else 'approvals'} show {ticket}"


def link(notice: Notice, console: str | None) -> str | None:
    """Where the console shows it."""
    ticket = notice.review.ticket.id
    place = "access" if is_access(ticket) else "approvals"
    return None if console is None else f"{console.rstrip('/')}/{place}/{ticket}"


def undecided(notice: Notice) -> bool:
    """Whether people can still decide, as far as the notice knows."""
    return notice.review.state is TicketState.PENDING


def shown(text: str, limit: int = LONGEST) -> str:
    """A text that somebody else wrote, on one line, without what reorders or hides other text."""
    plain = "".join(" " if unicodedata.category(char)[0] in "ZC" else char for char in text[: limit * 4])
    line = " ".join(plain.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def moment(at: int) -> str:
    """A time, in UTC, to the minute."""
    return datetime.fromtimestamp(at // _MICROS, UTC).strftime("%Y-%m-%d %H:%M UTC")


def waited(notice: Notice) -> str:
    """How long nobody has decided."""
    seconds = max(notice.at - notice.review.ticket.at, 0) // _MICROS
    return lasting((seconds - seconds % 60 if seconds > 60 else seconds) * _MICROS)


def _before(call: RecentCall) -> str:
    what = f"{call.operation}{f' with {call.model}' if call.model else ''}"
    return f"{moment(call.at)}: {what}, {call.outcome or 'running'}{f' ({call.refusal})' if call.refusal else ''}"


def _names(by: Approvers) -> str:
    return " or ".join((*by.groups, *by.people))


def _said(decision: Decision) -> str:
    if decision.answer is Answered.REVIEW:
        return "Reviewed by"
    if decision.break_glass:
        return "Released by"
    return "Approved by" if decision.answer is Answered.APPROVE else "Rejected by"


def _reason(decision: Decision) -> str:
    return f": {decision.reason}" if decision.reason else ""


def _size(prompt: int, cap: int | None) -> str:
    return f"{prompt} tokens, and a reply of {'any length' if cap is None else f'at most {cap}'}"
