"""`/api/v1/teams` and `/api/v1/changes`: teams, the policies that they manage, and what was changed by whom."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from narrows.config.teams import Team
from narrows.console.desk import Desk
from narrows.console.identity import ACTION, ROLES, SCOPED
from narrows.console.managing import SCOPE, Proposal, Proposed, propose, say, sees, team_of, written
from narrows.console.problems import Problem, Refused, problems
from narrows.console.roles import SEES_ALL, Role
from narrows.console.teams import Teams
from narrows.console.visitor import Visitor
from narrows.model.change import ChangeState, ChangeStep, Standing
from narrows.policy.changes import LONGEST_REASON, entitled

MOST: Final = 500
"""Changes that one reply lists."""

_MICRO: Final = 1_000_000
_ADMINS: Final = frozenset({Role.ADMIN})
_OF_TEAM: Final = frozenset({Role.ADMIN, Role.APPROVER, Role.AUDITOR})
_DECIDING: Final = frozenset({Role.ADMIN, Role.APPROVER})

OwnDesk = NamedDependency[Desk]
Asking = NamedDependency[Visitor]
OwnTeams = NamedDependency[Teams]

_NAME: Final = r"^[a-z0-9][a-z0-9._-]{0,62}$"
TeamName = Annotated[str, PathParameter(pattern=_NAME, description="The team.")]
PolicyName = Annotated[str, PathParameter(pattern=_NAME, description="The policy's name within the team.")]
ChangeId = Annotated[str, PathParameter(pattern=r"^chg_[0-9a-z]{1,100}$", description="The id of the change.")]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="So many at most, the newest.")]
States = Annotated[
    list[ChangeState] | None,
    QueryParameter(name="state", required=False, description="Only those in one of these states; may be repeated."),
]
OfTeam = Annotated[str | None, QueryParameter(name="team", required=False, description="Only those of this team.")]
Why = Annotated[str | None, QueryParameter(required=False, max_length=LONGEST_REASON, description="Why.")]
Reason = Annotated[str, Meta(max_length=LONGEST_REASON, description="Why.")] | None


class Put(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy that is to be in force."""

    policy: Annotated[dict[str, Any], Meta(description="The policy, as in narrows.yaml.")]
    reason: Reason = None
    base: (
        Annotated[str, Meta(description="The change that is in force as you know it; refused if another is.")] | None
    ) = None
    dry_run: Annotated[bool, Meta(description="Only say what is wrong with it.")] = False


class Opinion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why. Needed for a rejection."""

    reason: Reason = None


class TeamView(msgspec.Struct, frozen=True):
    """A team. `roles` are those that the caller has in it, `bounds` what its policies can permit at most."""

    name: str
    roles: tuple[Role, ...]
    bounds: dict[str, Any]


class TeamPage(msgspec.Struct, frozen=True):
    """Teams."""

    items: tuple[TeamView, ...]


class PolicyView(msgspec.Struct, frozen=True):
    """A policy of a team. `written` is YAML; `problems`: it can't be used any more, and permits nothing."""

    name: str
    team: str
    written: str
    change: str
    by: str
    at: datetime
    problems: tuple[str, ...] = ()


class PolicyPage(msgspec.Struct, frozen=True):
    """Policies of a team."""

    items: tuple[PolicyView, ...]


class SaidView(msgspec.Struct, frozen=True):
    """What somebody said of a change."""

    who: str
    step: ChangeStep
    at: datetime
    reason: str | None


class ChangeView(msgspec.Struct, frozen=True):
    """A change. `written` null: the policy is removed. `may_decide`: the caller may approve or reject it now."""

    id: str
    team: str
    policy: str
    state: ChangeState
    by: str
    at: datetime
    reason: str | None
    written: str | None
    base: str | None
    needed: int
    since: datetime | None
    said: tuple[SaidView, ...]
    may_decide: bool


class ChangePage(msgspec.Struct, frozen=True):
    """Changes, oldest first."""

    items: tuple[ChangeView, ...]


class ProposalView(msgspec.Struct, frozen=True):
    """What has become of a change. Without one nothing has changed. `warnings` say what was narrowed."""

    change: ChangeView | None
    warnings: tuple[str, ...]


@get(
    "/api/v1/teams",
    opt={ROLES: SEES_ALL, SCOPED: _OF_TEAM, ACTION: "team.list"},
    sync_to_thread=False,
    summary="List teams",
    responses=problems(),
    tags=["teams"],
)
def list_teams(visitor: Asking, teams: OwnTeams) -> TeamPage:
    """The teams in which the caller is something; all for admins and auditors of the whole."""
    return TeamPage(
        tuple(_team(team, visitor) for team in teams.all() if visitor.roles & SEES_ALL or visitor.on(team.name))
    )


@get(
    "/api/v1/teams/{team:str}/policies",
    opt={ROLES: SEES_ALL, SCOPED: _OF_TEAM, ACTION: "policy.list"},
    summary="List the policies of a team",
    responses=problems(404),
    tags=["teams"],
)
async def list_policies(desk: OwnDesk, teams: OwnTeams, team: TeamName) -> PolicyPage:
    """What the team has in force."""
    return PolicyPage(tuple(await _policies(desk, teams, team)))


@get(
    "/api/v1/teams/{team:str}/policies/{name:str}",
    opt={ROLES: SEES_ALL, SCOPED: _OF_TEAM, ACTION: "policy.show"},
    summary="Read a policy of a team",
    responses=problems(404),
    tags=["teams"],
)
async def show_policy(desk: OwnDesk, teams: OwnTeams, team: TeamName, name: PolicyName) -> PolicyView:
    """One policy as it was written."""
    for view in await _policies(desk, teams, team):
        if view.name == name:
            return view
    raise Refused(Problem.POLICY_UNKNOWN)


@put(
    "/api/v1/teams/{team:str}/policies/{name:str}",
    opt={ROLES: _ADMINS, SCOPED: _ADMINS, ACTION: "policy.apply"},
    summary="Put a policy of a team into force",
    responses=problems(404, 409),
    tags=["teams"],
)
async def put_policy(
    desk: OwnDesk, visitor: Asking, teams: OwnTeams, team: TeamName, name: PolicyName, data: JSONBody[Put]
) -> ProposalView:
    """Takes the place of the team's policy of that name. What is outside the team's bounds is refused, what is wider is
    narrowed to them. Where two people are needed, it waits for the second."""
    whose = team_of(teams, team)
    proposal = Proposal(whose, name, written(data.policy, name), data.reason, data.base)
    return _proposal(await propose(desk, visitor, teams, proposal, dry_run=data.dry_run), visitor)


@delete(
    "/api/v1/teams/{team:str}/policies/{name:str}",
    opt={ROLES: _ADMINS, SCOPED: _ADMINS, ACTION: "policy.remove"},
    status_code=200,
    summary="Remove a policy of a team",
    responses=problems(404, 409),
    tags=["teams"],
)
async def remove_policy(
    desk: OwnDesk, visitor: Asking, teams: OwnTeams, team: TeamName, name: PolicyName, reason: Why = None
) -> ProposalView:
    """What it permitted is permitted no longer. Where two people are needed, it waits for the second."""
    proposal = Proposal(team_of(teams, team), name, None, reason)
    return _proposal(await propose(desk, visitor, teams, proposal, dry_run=False), visitor)


@get(
    "/api/v1/changes",
    opt={ROLES: SEES_ALL, SCOPED: _OF_TEAM, ACTION: "change.list"},
    summary="List changes of what teams manage",
    responses=problems(),
    tags=["teams"],
)
async def list_changes(
    desk: OwnDesk, visitor: Asking, states: States = None, team: OfTeam = None, limit: Limit = 100
) -> ChangePage:
    """The newest changes of teams in which the caller is something."""
    kept = await desk.run(lambda books: books.changes.list())
    mine = [
        each
        for each in kept
        if sees(visitor, each)
        and (not states or each.state in states)
        and team in (None, each.change.scope.removeprefix(SCOPE))
    ]
    return ChangePage(tuple(_change(each, visitor) for each in mine[-limit:]))


@get(
    "/api/v1/changes/{change_id:str}",
    opt={ROLES: SEES_ALL, SCOPED: _OF_TEAM, ACTION: "change.show"},
    summary="Read a change",
    responses=problems(404),
    tags=["teams"],
)
async def show_change(desk: OwnDesk, visitor: Asking, change_id: ChangeId) -> ChangeView:
    """A change, and what was said of it."""
    standing = await desk.run(lambda books: books.changes.get(change_id))
    if standing is None or not sees(visitor, standing):
        raise Refused(Problem.CHANGE_UNKNOWN)
    return _change(standing, visitor)


@post(
    "/api/v1/changes/{change_id:str}/approve",
    opt={ROLES: _ADMINS, SCOPED: _DECIDING, ACTION: "change.approve"},
    status_code=200,
    summary="Approve a change",
    responses=problems(404, 409),
    tags=["teams"],
)
async def approve_change(desk: OwnDesk, visitor: Asking, change_id: ChangeId, data: JSONBody[Opinion]) -> ChangeView:
    """Approves somebody else's change: it takes effect."""
    return _change(await say(desk, visitor, change_id, ChangeStep.APPROVE, data.reason), visitor)


@post(
    "/api/v1/changes/{change_id:str}/reject",
    opt={ROLES: _ADMINS, SCOPED: _DECIDING, ACTION: "change.reject"},
    status_code=200,
    summary="Reject a change",
    responses=problems(404, 409),
    tags=["teams"],
)
async def reject_change(desk: OwnDesk, visitor: Asking, change_id: ChangeId, data: JSONBody[Opinion]) -> ChangeView:
    """Rejects somebody else's change."""
    return _change(await say(desk, visitor, change_id, ChangeStep.REJECT, data.reason), visitor)


@post(
    "/api/v1/changes/{change_id:str}/withdraw",
    opt={ROLES: _ADMINS, SCOPED: _ADMINS, ACTION: "change.withdraw"},
    status_code=200,
    summary="Withdraw a change",
    responses=problems(404, 409),
    tags=["teams"],
)
async def withdraw_change(desk: OwnDesk, visitor: Asking, change_id: ChangeId, data: JSONBody[Opinion]) -> ChangeView:
    """Takes back a change of one's own that waits."""
    return _change(await say(desk, visitor, change_id, ChangeStep.WITHDRAW, data.reason), visitor)


async def _policies(desk: Desk, teams: Teams, name: str) -> list[PolicyView]:
    team = team_of(teams, name)
    changes = await desk.run(lambda books: books.changes.in_force())
    judged = (await asyncio.to_thread(teams.judge, changes, ())).unusable
    return [
        PolicyView(
            name=change.target,
            team=team.name,
            written=change.after or "",
            change=change.id,
            by=change.by,
            at=_moment(change.at),
            problems=tuple(str(each) for each in judged.get(f"{team.name}/{change.target}", ())),
        )
        for change in changes
        if change.scope == f"{SCOPE}{team.name}"
    ]


def _team(team: Team, visitor: Visitor) -> TeamView:
    return TeamView(team.name, tuple(sorted(visitor.on(team.name))), msgspec.to_builtins(team.bounds))


def _proposal(proposed: Proposed, visitor: Visitor) -> ProposalView:
    change = None if proposed.standing is None else _change(proposed.standing, visitor)
    return ProposalView(change, tuple(str(each) for each in proposed.warnings))


def _change(standing: Standing, visitor: Visitor) -> ChangeView:
    change = standing.change
    return ChangeView(
        id=change.id,
        team=change.scope.removeprefix(SCOPE),
        policy=change.target,
        state=standing.state,
        by=change.by,
        at=_moment(change.at),
        reason=change.reason,
        written=change.after,
        base=change.base,
        needed=change.needed,
        since=None if standing.since is None else _moment(standing.since),
        said=tuple(SaidView(act.who, act.step, _moment(act.at), act.reason) for act in standing.acts),
        may_decide=standing.state is ChangeState.PENDING and entitled(change, visitor.who, visitor.groups),
    )


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / _MICRO, UTC)
