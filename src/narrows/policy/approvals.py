"""Approvals, judged: which rules ask people about a call, who may answer, and what the answers come to.

Pure: the time comes with the call or the question, and what else must be known is given. What is decided here, and
nowhere else:

- A condition fires where everything it names holds, and where that can't be known.
- Nobody approves their own call, nor one of a service account that they own, in whatever groups they are. Service
  accounts approve nothing.
- Every requirement must be met by as many different people as it needs. One rejection by somebody who may approve
  rejects, whatever others have said or say.
- What somebody released alone ends within an hour, and is to be looked at by somebody else.
- In which order answers come makes no difference, and what counts is who somebody was when they answered.
"""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

from narrows.config.hours import WorkingHours
from narrows.model.approval import (
    LOCAL,
    RELEASE_ENDS,
    Answered,
    Approvers,
    Condition,
    Decision,
    Facts,
    Place,
    Requirement,
    Terms,
    Ticket,
    TicketState,
)
from narrows.model.call import Call
from narrows.model.plan import Action, Plan
from narrows.model.principal import SERVICE_ACCOUNTS, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.policy.globs import GlobSet

JUSTIFICATION: Final = "Narrows-Justification"
"""The header in which callers say why."""

Holds = Callable[[Call, Facts], bool]
"""Whether one part of a condition holds."""

Network = IPv4Network | IPv6Network


class _Ready(NamedTuple):
    """A condition, its parts ready to be asked, those first that cost least."""

    requirement: Requirement
    parts: tuple[Holds, ...]


class Asks:
    """What one plan asks people, ready to be looked for. Keeps nothing of a call, so it lives as long as the plan."""

    __slots__ = ("_conditions", "_rules", "asks_cost", "asks_first_use")

    def __init__(self, plan: Plan) -> None:
        self._rules = {
            (rule.policy, rule.name): rule.requirement
            for rule in plan.rules
            if rule.action is Action.APPROVE and rule.requirement is not None
        }
        self._conditions = tuple(_Ready(each.requirement, _parts(each)) for each in plan.approvals)
        self.asks_cost: Final = any(each.cost is not None for each in plan.approvals)
        """Whether a condition looks at `Facts.cost`."""
        self.asks_first_use: Final = any(each.first_use for each in plan.approvals)
        """Whether a condition looks at `Facts.first_use`."""

    def fired(self, call: Call, facts: Facts) -> tuple[Requirement, ...]:
        """What is asked about this call, each once: what rules on prompts found, then conditions. Those that only
        observe are among them."""
        found: dict[tuple[str, str], Requirement] = {}
        if self._rules:
            for finding in call.findings:
                key = (finding.policy, finding.rule)
                requirement = self._rules.get(key)
                if requirement is not None:
                    found[key] = requirement
        for requirement, parts in self._conditions:
            if all(part(call, facts) for part in parts):
                found[requirement.policy, requirement.rule] = requirement
        return tuple(found.values())


def fired(plan: Plan, call: Call, facts: Facts) -> tuple[Requirement, ...]:
    """What `Asks` says, for a plan that is asked about once."""
    return Asks(plan).fired(call, facts)


def places(requirements: Iterable[Requirement], call: Call) -> tuple[Place, ...]:
    """Where these rules found something, each place once."""
    rules = {(each.policy, each.rule) for each in requirements}
    return tuple(
        dict.fromkeys(
            Place(each.policy, each.rule, each.path, each.view)
            for each in call.findings
            if (each.policy, each.rule) in rules
        )
    )


def justified(call: Call) -> bool:
    """Whether the caller says why."""
    return bool((call.source.justification or "").strip())


def unjustified(call: Call, requirements: Iterable[Requirement] = ()) -> Deny | None:
    """The refusal of a call for which a policy of its plan, or one of these rules, wants a reason, and there is
    none."""
    if justified(call):
        return None
    way = f"send it in the header {JUSTIFICATION}."
    for policy in call.plan.justification:
        message = f"Policy {policy} permits this only with a reason; {way}"
        return Deny(Code.JUSTIFICATION_REQUIRED, message, policy=policy, param=JUSTIFICATION)
    for each in requirements:
        if each.justification and not each.observe:
            message = f"Rule {each.rule} of policy {each.policy} asks people, who want a reason; {way}"
            return Deny(Code.JUSTIFICATION_REQUIRED, message, policy=each.policy, rule=each.rule, param=JUSTIFICATION)
    return None


def _parts(condition: Condition) -> tuple[Holds, ...]:
    parts: list[Holds] = []
    if condition.operations is not None:
        operations = GlobSet(condition.operations)
        parts.append(lambda call, _: operations.covers(call.asked.operation))
    if condition.connections is not None:
        connections = GlobSet(condition.connections)
        parts.append(lambda call, _: connections.covers(call.connection))
    if condition.models is not None:
        models = GlobSet(condition.models)
        parts.append(lambda call, _: any(models.covers(name) for name in (call.asked.model, call.model) if name))
    if condition.prompt_tokens is not None:
        tokens = condition.prompt_tokens
        parts.append(lambda call, _: call.prompt_tokens > tokens)
    if condition.cost is not None:
        cost = condition.cost
        parts.append(lambda _, facts: facts.cost is None or facts.cost > cost)
    if condition.first_use:
        parts.append(lambda _, facts: facts.first_use is not False)
    if condition.networks is not None:
        networks = _networks(condition.networks)
        parts.append(lambda call, _: _within(call.source.address, networks) is not False)
    if condition.elsewhere is not None:
        known = _networks(condition.elsewhere)
        parts.append(lambda call, _: _within(call.source.address, known) is not True)
    if condition.outside is not None:
        working = WorkingHours(condition.outside)
        parts.append(lambda call, _: not working.holds(call.at))
    return tuple(parts)


def _networks(texts: Sequence[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _within(address: str, networks: Sequence[Network]) -> bool | None:
    """Whether the address is in one of these; None where it is no address."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return any(found in network or found.ipv4_mapped in network for network in networks)
    return any(found in network for network in networks)


def groups_of(principal: Principal) -> tuple[str, ...]:
    """The groups of a principal as those who may approve are named: `issuer:group`, sorted."""
    return tuple(sorted(f"{principal.issuer}:{group}" for group in principal.groups))


def may_approve(
    requirement: Requirement, who: str, groups: Iterable[str], requester: str, owner: str | None, waited: int
) -> bool:
    """Whether this person may approve what the requester asks, so many microseconds after it was asked. `who` and
    `requester` are `issuer:subject`, groups `issuer:group`; `owner` is that of a requesting service account."""
    if barred(who, requester, owner):
        return False
    then = requirement.then
    return (
        who.startswith(f"{LOCAL}:")
        or is_one(requirement.by, who, groups)
        or (then is not None and waited >= then.after and is_one(then.by, who, groups))
    )


def may_release(requirement: Requirement, who: str, groups: Iterable[str], requester: str, owner: str | None) -> bool:
    """Whether this person may release the call alone, in an emergency. On the machine itself whoever may write the
    answers could change the rule as well; still not where a rule lets nobody."""
    return (
        requirement.glass is not None
        and not barred(who, requester, owner)
        and (who.startswith(f"{LOCAL}:") or is_one(requirement.glass, who, groups))
    )


def barred(who: str, requester: str, owner: str | None, names: Iterable[str] = ()) -> bool:
    """Whether somebody may decide nothing about this requester, whoever else they are. `names` are others of theirs."""
    issuer, _, subject = who.partition(":")
    # Owners are written by hand, so their spelling is not taken too seriously.
    owned = owner is not None and owner.casefold() in {name.casefold() for name in (who, subject, *names)}
    return who == requester or owned or issuer == SERVICE_ACCOUNTS or not subject


def is_one(by: Approvers, who: str, groups: Iterable[str]) -> bool:
    """Whether somebody is named, or in a group that is; groups of another issuer are not theirs."""
    issuer = who.partition(":")[0]
    return who in by.people or any(group in by.groups and group.partition(":")[0] == issuer for group in groups)


def entitled(ticket: Ticket, decision: Decision) -> bool:
    """Whether whoever decided may: about at least one of the ticket's requirements, while the question stands."""
    return any(_may(each, ticket, decision) for each in ticket.requirements)


def satisfied(ticket: Ticket, decisions: Iterable[Decision]) -> bool:
    """Whether every requirement is met."""
    approvals = _approvals(ticket, decisions)
    return bool(ticket.requirements) and all(_met(each, ticket, approvals) for each in ticket.requirements)


def rejection(ticket: Ticket, decisions: Iterable[Decision]) -> Decision | None:
    """The first rejection that counts."""
    found = [each for each in decisions if each.answer is Answered.REJECT and entitled(ticket, each)]
    return min(found, key=lambda each: (each.at, each.who), default=None)


def terms(ticket: Ticket, decisions: Iterable[Decision]) -> Terms:
    """What an approved ticket allows: the least of what those say who approved it."""
    approvals = _approvals(ticket, decisions)
    uses = [(1 if each.until is None else None) if each.repeats is None else each.repeats for each in approvals]
    caps = [each.output_cap for each in approvals if each.output_cap is not None]
    return Terms(
        uses=min((count for count in uses if count is not None), default=None if approvals else 1),
        until=min((_until(ticket, each) for each in approvals), default=ticket.expires),
        output_cap=min(caps, default=None),
        break_glass=any(not _by_people(each, ticket, approvals) for each in ticket.requirements),
    )


def state(ticket: Ticket, decisions: Sequence[Decision], at: int, used: int = 0) -> TicketState:
    """What has become of a ticket that nobody cancelled, after so many calls have used it. A decision counts if it was
    made before the question expired, however late it comes to be known: whoever keeps tickets must not look back
    behind an end that was told."""
    if satisfied(ticket, decisions):
        allowed = terms(ticket, decisions)
        if allowed.uses is not None and used >= allowed.uses:
            return TicketState.CONSUMED
        if rejection(ticket, decisions) is not None:
            return TicketState.REJECTED
        if at < allowed.until:
            return TicketState.APPROVED
        return TicketState.CONSUMED if used else TicketState.EXPIRED
    if rejection(ticket, decisions) is not None:
        return TicketState.REJECTED
    return TicketState.PENDING if at < ticket.expires else TicketState.EXPIRED


def void(ticket: Ticket, now: Iterable[Requirement]) -> bool:
    """Whether a ticket's question is another now: of what fires for the same request, in force, something was not
    asked, or not so. What was asked and is no longer changes nothing."""
    asked = {each.trigger for each in ticket.requirements}
    return any(each.trigger not in asked for each in now if not each.observe)


def _approvals(ticket: Ticket, decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    return tuple(each for each in decisions if each.answer is Answered.APPROVE and entitled(ticket, each))


def _until(ticket: Ticket, decision: Decision) -> int:
    """Until when an approval is good. One that was made alone ends soon, whatever it says."""
    until = ticket.expires if decision.until is None else decision.until
    return min(until, decision.at + RELEASE_ENDS) if decision.break_glass else until


def _may(requirement: Requirement, ticket: Ticket, decision: Decision) -> bool:
    return _may_approve(requirement, ticket, decision) or releases(requirement, ticket, decision)


def _may_approve(requirement: Requirement, ticket: Ticket, decision: Decision) -> bool:
    return (
        decision.ticket == ticket.id
        and decision.at < ticket.expires
        and not barred(decision.who, ticket.requester, ticket.owner, decision.names)
        and may_approve(
            requirement, decision.who, decision.groups, ticket.requester, ticket.owner, decision.at - ticket.at
        )
    )


def releases(requirement: Requirement, ticket: Ticket, decision: Decision) -> bool:
    return (
        decision.break_glass
        and bool((decision.reason or "").strip())
        and decision.ticket == ticket.id
        and decision.at < ticket.expires
        and not barred(decision.who, ticket.requester, ticket.owner, decision.names)
        and may_release(requirement, decision.who, decision.groups, ticket.requester, ticket.owner)
    )


def _met(requirement: Requirement, ticket: Ticket, approvals: Sequence[Decision]) -> bool:
    return _by_people(requirement, ticket, approvals) or any(releases(requirement, ticket, each) for each in approvals)


def _by_people(requirement: Requirement, ticket: Ticket, approvals: Sequence[Decision]) -> bool:
    # Who releases it says so, and does not count as one of those who approve, even if they could have.
    people = {
        each.who
        for each in approvals
        if _may_approve(requirement, ticket, each) and not releases(requirement, ticket, each)
    }
    return len(people) >= requirement.needed
