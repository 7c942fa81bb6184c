"""How what asks for approval looks on a terminal: a row in a list, a line of news, a page of one ticket. Pure text."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, assert_never

import msgspec

from narrows.cli.moments import SECOND, iso, show_moment
from narrows.cli.passages import Passage, written
from narrows.cli.terminal import Row, harmless, one_line
from narrows.cli.usage_page import dollars
from narrows.model.approval import Answered, Approvers, Decision, RecentCall, Requirement, Review, Ticket, TicketState
from narrows.policy.approvals import entitled, satisfied, terms
from narrows.policy.released_alone import may_review, to_review

COLUMNS: Final = ("id", "state", "age", "who", "asks", "needs", "call", "left")
_STANDS: Final = frozenset({TicketState.PENDING, TicketState.APPROVED})
_UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_INNER: Final = frozenset({"id", "sent", "scope"})
"""Of a ticket: what is shown otherwise, or says nothing to anybody but a gate."""

_INDENT: Final = "    "


class Need(msgspec.Struct, frozen=True):
    """What one rule asks, and how many people have said yes to it."""

    requirement: Requirement
    have: int

    @property
    def more(self) -> int:
        """How many are missing."""
        return max(self.requirement.needed - self.have, 0)


def needs(review: Review) -> list[Need]:
    """What each rule asks, and has."""
    return [Need(each, _have(each, review)) for each in review.ticket.requirements]


def missing(review: Review) -> str:
    """Who must still say yes: `1 of corp:security; 2 of corp:leads`."""
    if review.state is not TicketState.PENDING:
        return ""
    return "; ".join(f"{each.more} of {who(each.requirement)}" for each in needs(review) if each.more)


def who(requirement: Requirement) -> str:
    """Who may approve: `corp:security or user corp:ana`, and who else later."""
    later = requirement.then
    after = f" (after {span(later.after)} also {_people(later.by)})" if later else ""
    return f"{_people(requirement.by)}{after}"


def cells(review: Review, now: int) -> tuple[str, ...]:
    """A ticket's cells under COLUMNS."""
    ticket = review.ticket
    left = span(_end(review) - now) if review.state in _STANDS else ""
    return (
        ticket.id,
        review.state.value,
        span(now - ticket.at),
        ticket.requester,
        ", ".join(_rules(ticket)),
        missing(review),
        _call(ticket),
        left,
    )


def line(review: Review, now: int) -> str:
    """What is new of a ticket, on one line."""
    ticket = review.ticket
    said = review.decisions[-1] if review.decisions else None
    news = f"asked by {ticket.requester} ({', '.join(_rules(ticket))}): {_call(ticket)}"
    if review.state is not TicketState.PENDING or said is not None:
        news = review.state.value + (f", {_said(review, said)}" if said is not None else "")
    wanted = missing(review)
    parts = (show_moment(now), ticket.id, news, f"needs {wanted}" if wanted else "")
    return "  ".join(one_line(part) for part in parts if part)


def row(review: Review) -> Row:
    """A ticket as an object of `--json`: all of it, what was said, whether that counts, and what is still needed. Times
    and spans are in microseconds."""
    ticket = review.ticket
    allowed = terms(ticket, review.decisions) if satisfied(ticket, review.decisions) else None
    return {
        "id": ticket.id,
        "state": review.state.value,
        "time": iso(ticket.at),
        "expires_time": iso(ticket.expires),
        "used": review.used,
        **{name: value for name, value in _plain(ticket).items() if name not in _INNER},
        "needs": [{"policy": one.requirement.policy, "rule": one.requirement.rule, "more": one.more}
                  for one in needs(review)] if review.state is TicketState.PENDING else [],
        "decisions": [{**_plain(each), "counts": _counts(review, each)} for each in review.decisions],
        "terms": None if allowed is None else _plain(allowed),
        "void_reason": review.reason,
        "to_review": to_review(ticket, review.decisions),
    }  # fmt: skip


def page(review: Review, now: int, body: bytes | None, recent: Sequence[RecentCall] = ()) -> str:
    """A whole ticket, safe to print. `body` is what would be sent; None: it is at its end. `recent` are calls of its
    session before."""
    ticket = review.ticket
    lines = [f"{ticket.id}  {show_moment(ticket.at)}  {review.state.value}"]
    lines += [f"  {name:<10} {one_line(value)}" for name, value in _facts(review, now) if value]
    for each in needs(review):
        lines += ["", *(f"  {one_line(part)}" for part in _need(each, ticket))]
    if review.decisions:
        lines += ["", "  said:"]
        lines += [f"{_INDENT}{one_line(f'{show_moment(each.at)}  {_said(review, each)}')}" for each in review.decisions]
    if recent:
        lines += ["", "  before, in this session:"]
        lines += [f"{_INDENT}{one_line(_before(each))}" for each in recent]
    lines.append("")
    if body is None:
        lines.append(f"  What was asked is in the record: narrows sessions show {ticket.id}")
    else:
        lines.append("  would be sent:")
        lines += [part for passage in written(body) for part in _passage(passage)]
    return "\n".join(lines)


def recent_row(call: RecentCall) -> Row:
    """A call of the session before, as an object."""
    return {**_plain(call), "time": iso(call.at)}


def _before(call: RecentCall) -> str:
    what = f"{call.operation}{f' with {call.model}' if call.model else ''}"
    ended = f"{call.outcome or 'running'}{f' ({call.refusal})' if call.refusal else ''}"
    return "  ".join(part for part in (show_moment(call.at), call.id, what, ended, call.excerpt) if part)


def summary(review: Review) -> str:
    """What has become of a ticket and why, and what to do."""
    ticket = review.ticket
    lines = [f"{ticket.id}  {show_moment(ticket.at)}  {ticket.requester}: {_call(ticket)}"]
    lines.append(f"  {_standing(review)}")
    lines += [f"  {show_moment(each.at)}  {_said(review, each)}." for each in review.decisions]
    if review.state is TicketState.PENDING:
        lines.append(f"    → `narrows approvals show {ticket.id}` shows what is asked; approve or reject it there.")
    elif review.state is TicketState.APPROVED:
        lines.append("    → The same request, sent again unchanged, goes on.")
    elif review.state is not TicketState.CONSUMED:
        lines.append("    → Change the request, or ask those who decide; the same request can be asked anew later.")
    lines.append(f"  Asked first by {ticket.call}: `narrows why {ticket.call}` says what became of that call.")
    return "\n".join(map(one_line, lines))


def brief(review: Review) -> str:
    """A ticket and who said what of it, on one line."""
    said = "; ".join(_said(review, each) for each in review.decisions)
    return one_line(f"{review.ticket.id} {review.state.value}{f': {said}' if said else ''}")


def brief_row(review: Review) -> Row:
    """The same as an object."""
    decisions = [{**_plain(each), "counts": _counts(review, each)} for each in review.decisions]
    return {"id": review.ticket.id, "state": review.state.value, "decisions": decisions}


def _standing(review: Review) -> str:
    match review.state:
        case TicketState.PENDING:
            return f"It waits for {missing(review)}, until {show_moment(review.ticket.expires)}."
        case TicketState.APPROVED | TicketState.CONSUMED:
            return f"It was approved: {_terms(review)}."
        case TicketState.REJECTED:
            return "It was rejected."
        case TicketState.EXPIRED:
            unused = satisfied(review.ticket, review.decisions)
            return "It was approved, and nothing used that in time." if unused else "Not enough people decided in time."
        case TicketState.CANCELLED:
            why = review.reason or "what would be asked about the request is another question by now"
            return f"It is void: {why}."
        case _:
            assert_never(review.state)


def span(microseconds: int) -> str:
    """About how long: `12s`, `5m`, `3h`, `2d`."""
    seconds = max(microseconds, 0) // SECOND
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return "0s"


def _facts(review: Review, now: int) -> Iterator[tuple[str, str]]:
    ticket = review.ticket
    groups = f" in {', '.join(ticket.groups)}" if ticket.groups else ""
    owner = f", owned by {ticket.owner}" if ticket.owner else ""
    yield "who", f"{ticket.requester}{groups}{owner}"
    yield "from", " ".join(part for part in (ticket.address, ticket.agent or "") if part)
    yield "why", ticket.justification or ""
    yield "call", _call(ticket)
    cap = f", reply capped at {ticket.output_cap} tokens" if ticket.output_cap is not None else ""
    yield "size", f"prompt about {ticket.prompt_tokens} tokens{cap}"
    yield "cost", "not known" if ticket.cost is None else f"at most ${dollars(ticket.cost)}"
    yield "session", ticket.session
    yield "asked by", f"{ticket.call} ({ticket.request_id})"
    if review.state in _STANDS:
        yield "until", f"{show_moment(_end(review))}, in {span(_end(review) - now)}"
    if satisfied(ticket, review.decisions):
        yield "approved", _terms(review)
    if review.state is TicketState.CANCELLED:
        yield "void", review.reason or "what asked was changed"
    if to_review(ticket, review.decisions):
        yield "review", f"somebody else must look at it: narrows approvals review {ticket.id} --comment …"


def _terms(review: Review) -> str:
    allowed = terms(review.ticket, review.decisions)
    calls = "any number of calls" if allowed.uses is None else f"{allowed.uses} call{'s' * (allowed.uses != 1)}"
    cap = f", replies of at most {allowed.output_cap} tokens" if allowed.output_cap is not None else ""
    glass = ", without those who should have approved" if allowed.break_glass else ""
    return f"{calls}, {review.used} gone on{cap}{glass}"


_VERBS: Final = {Answered.APPROVE: "approves", Answered.REJECT: "rejects", Answered.REVIEW: "reviewed it"}


def _need(need: Need, ticket: Ticket) -> Iterator[str]:
    asked = need.requirement
    yield f"rule {asked.rule} of policy {asked.policy} wants {asked.needed} of {who(asked)}; {need.have} said yes"
    if asked.message:
        yield f"  {asked.message}"
    for place in ticket.places:
        if (place.policy, place.rule) == (asked.policy, asked.rule):
            yield f"  found at {place.path}{f' ({place.view})' if place.view else ''}"


def _said(review: Review, said: Decision) -> str:
    verb = _VERBS[said.answer]
    conditions = [
        "" if said.output_cap is None else f"replies of at most {said.output_cap} tokens",
        "" if said.repeats is None else f"{said.repeats} calls",
        "" if said.until is None else f"until {show_moment(said.until)}",
        "alone, in an emergency" if said.break_glass else "",
    ]
    given = ", ".join(part for part in conditions if part)
    void = "" if _counts(review, said) else " (does not count: they may not decide this)"
    return f"{said.who} {verb}{f' ({given})' if given else ''}{f': {said.reason}' if said.reason else ''}{void}"


def _counts(review: Review, said: Decision) -> bool:
    if said.answer is Answered.REVIEW:
        return may_review(review.ticket, review.decisions, said)
    return entitled(review.ticket, said)


def _have(requirement: Requirement, review: Review) -> int:
    """So many people have approved as the rule would need for it to be met."""
    for count in range(1, requirement.needed + 1):
        asked = msgspec.structs.replace(requirement, needed=count)
        if not satisfied(msgspec.structs.replace(review.ticket, requirements=(asked,)), review.decisions):
            return count - 1
    return requirement.needed


def _people(by: Approvers) -> str:
    return " or ".join((*by.groups, *(f"user {person}" for person in by.people)))


def _rules(ticket: Ticket) -> list[str]:
    return list(dict.fromkeys(each.rule for each in ticket.requirements))


def _call(ticket: Ticket) -> str:
    return f"{ticket.operation}{f' with {ticket.model}' if ticket.model else ''} on {ticket.connection}"


def _end(review: Review) -> int:
    if review.state is TicketState.APPROVED:
        return terms(review.ticket, review.decisions).until
    return review.ticket.expires


def _passage(passage: Passage) -> Sequence[str]:
    return [
        f"{_INDENT}{one_line(passage.speaker)}",
        *(f"{_INDENT}  {part}" for part in harmless(passage.text).split("\n")),
    ]


def _plain(value: object) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(value)
    return built
