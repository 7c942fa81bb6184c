"""What one person released alone: whether a question was, and whether somebody else has looked at that since.

Pure, like the rest of the judgement: a look counts by what stands in it.
"""

from collections.abc import Iterable

from narrows.model.approval import Answered, Decision, Ticket
from narrows.policy.approvals import barred, is_one, may_approve, releases, satisfied, terms


def released(ticket: Ticket, decisions: Iterable[Decision]) -> bool:
    """Whether somebody released it alone, so that somebody else must look at that, whatever has become of it since."""
    said = tuple(decisions)
    return any(each.break_glass for each in said) and satisfied(ticket, said) and terms(ticket, said).break_glass


def may_review(ticket: Ticket, decisions: Iterable[Decision], said: Decision) -> bool:
    """Whether this counts as a look at what was released alone: by somebody whom a rule names, or an admin, but neither
    by who asked nor by one of those who released it."""
    alone = {each.who for each in decisions if any(releases(one, ticket, each) for one in ticket.requirements)}
    if said.who in alone or barred(said.who, ticket.requester, ticket.owner, said.names):
        return False
    named = (
        may_approve(each, said.who, said.groups, ticket.requester, ticket.owner, said.at - ticket.at)
        or (each.then is not None and is_one(each.then.by, said.who, said.groups))
        or (each.glass is not None and is_one(each.glass, said.who, said.groups))
        for each in ticket.requirements
    )
    return said.admin or any(named)


def looked_at(ticket: Ticket, decisions: Iterable[Decision]) -> Decision | None:
    """The first look at what was released alone that counts."""
    said = tuple(decisions)
    found = (
        each
        for each in said
        if each.answer is Answered.REVIEW and each.ticket == ticket.id and may_review(ticket, said, each)
    )
    return next(found, None)


def to_review(ticket: Ticket, decisions: Iterable[Decision]) -> bool:
    """Whether it was released alone, and nobody else has looked at that."""
    said = tuple(decisions)
    return released(ticket, said) and looked_at(ticket, said) is None
