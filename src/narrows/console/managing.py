"""Managing policies of teams in the console: making changes, and deciding about those that wait for a second person.

It owns who may see and say what, beyond the role that the door asks for, and what stands in the trail. Judging whether
a policy can be used takes a while, so that is done on no thread that others wait for.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from narrows.config.policies import Policy
from narrows.config.problem import ConfigError
from narrows.config.problem import Problem as Wrong
from narrows.config.teams import OWNED, Team
from narrows.config.written import LARGEST, read_policy, write_policy
from narrows.console.audit import Trail
from narrows.console.desk import Books, Desk
from narrows.console.fields import field_wrong, reason_of
from narrows.console.problems import FieldError, Problem, Refused
from narrows.console.roles import SEES_ALL
from narrows.console.teams import Teams
from narrows.console.visitor import Visitor
from narrows.model.change import Change, ChangeAct, ChangeKind, ChangeStep, Standing
from narrows.policy.changes import entitled, needed
from narrows.ports.changes import ChangeRefused

SCOPE: Final = "team:"


class Proposal(msgspec.Struct, frozen=True):
    """What is to become of a policy of a team. `after` None: it is removed. `base`: the change that whoever proposes it
    has seen in force, where they say so."""

    team: Team
    name: str
    after: str | None
    reason: str | None
    base: str | None = None


class Proposed(msgspec.Struct, frozen=True):
    """What has become of a proposal, and what its policy is warned of. Without `standing` it was only tried, or it
    changes nothing."""

    standing: Standing | None
    warnings: tuple[Wrong, ...]


def team_of(teams: Teams, name: str) -> Team:
    """One team. Raises Refused."""
    team = teams.get(name)
    if team is None:
        raise Refused(Problem.TEAM_UNKNOWN)
    return team


def written(policy: Mapping[str, Any], name: str) -> str:
    """A policy of a body as it is kept. Raises Refused with the fields that are wrong."""
    if policy.get("name", name) != name:
        raise field_wrong("policy.name", "is not the name in the address")
    text = write_policy({"name": name, **policy})
    if len(text) > LARGEST:
        raise field_wrong("policy", f"is larger than {LARGEST >> 10} KB")
    try:
        read_policy(text)
    except ConfigError as error:
        raise _wrong(error.problems) from None
    return text


async def propose(desk: Desk, visitor: Visitor, teams: Teams, proposal: Proposal, *, dry_run: bool) -> Proposed:
    """Makes a change, once it is clear that it can be in force. Raises Refused."""
    scope, whole = f"{SCOPE}{proposal.team.name}", f"{proposal.team.name}{OWNED}{proposal.name}"
    before, standing = await desk.run(
        lambda books: (books.changes.current(scope, ChangeKind.POLICY, proposal.name), books.changes.in_force())
    )
    if proposal.after is None and (before is None or before.after is None):
        raise Refused(Problem.POLICY_UNKNOWN)
    known = None if before is None else before.id
    if proposal.base is not None and proposal.base != known:
        raise Refused(Problem.CHANGE_REFUSED, "the policy has been changed since you read it")
    if before is not None and before.after == proposal.after:
        return Proposed(None, ())
    change = Change(
        id=f"chg_{secrets.token_hex(10)}",
        scope=scope,
        kind=ChangeKind.POLICY,
        target=proposal.name,
        after=proposal.after,
        by=visitor.who,
        at=desk.now(),
        base=known,
        reason=reason_of(proposal.reason),
        needed=needed(teams.two_person, _read(before), _read_text(proposal.after)),
        approvers=teams.deciding(proposal.team),
    )
    judged = await asyncio.to_thread(teams.judge, standing, [change])
    if whole in judged.unusable:
        raise _wrong(judged.unusable[whole])
    warnings = judged.warnings.get(whole, ())
    if dry_run:
        return Proposed(None, warnings)
    trail = Trail(visitor, desk.now)
    action = "policy.remove" if proposal.after is None else "policy.apply"

    def work(books: Books) -> Standing:
        return trail.doing(books, action, whole, lambda: _refusing(lambda: books.changes.make([change])[0]))

    return Proposed(await desk.run(work), warnings)


async def say(desk: Desk, visitor: Visitor, ident: str, step: ChangeStep, reason: str | None) -> Standing:
    """Says something of a change that waits. Raises Refused."""
    trail, given = Trail(visitor, desk.now), reason_of(reason)
    if step is ChangeStep.REJECT and given is None:
        raise field_wrong("reason", "say why: a reason is needed")

    def work(books: Books) -> Standing:
        standing = books.changes.get(ident)
        if standing is None or not sees(visitor, standing):
            raise Refused(Problem.CHANGE_UNKNOWN)
        return trail.doing(books, f"change.{step.value}", ident, lambda: said(books, standing.change))

    def said(books: Books, change: Change) -> Standing:
        if step is not ChangeStep.WITHDRAW and change.by == visitor.who:
            raise Refused(Problem.OWN_CHANGE)
        if step is not ChangeStep.WITHDRAW and not entitled(change, visitor.who, visitor.groups):
            raise Refused(Problem.CHANGE_REFUSED, "you were not among those who may approve it when it was made")
        act = ChangeAct(change.id, visitor.who, step, desk.now(), given, visitor.groups)
        return _refusing(lambda: books.changes.act(act))

    return await desk.run(work)


def sees(visitor: Visitor, standing: Standing) -> bool:
    """Whether somebody may know of a change: who sees everything, and who is something in its team."""
    return bool(visitor.roles & SEES_ALL or visitor.on(standing.change.scope.removeprefix(SCOPE)))


def _refusing(work: Callable[[], Standing]) -> Standing:
    try:
        return work()
    except ChangeRefused as refused:
        raise Refused(Problem.CHANGE_REFUSED, str(refused)) from None


def _read(change: Change | None) -> Policy | None:
    return None if change is None else _read_text(change.after)


def _read_text(text: str | None) -> Policy | None:
    """A policy as it is kept; one that can't be read any more is as good as none."""
    try:
        return None if text is None else read_policy(text)
    except ConfigError:
        return None


def _wrong(problems: Sequence[Wrong]) -> Refused:
    errors = []
    for problem in problems:
        key = f"policy.{problem.key}" if problem.key else "policy"
        errors.append(FieldError(key, problem.message + (f"; {problem.hint}" if problem.hint else "")))
    return Refused(Problem.FIELD_INVALID, errors=errors)
