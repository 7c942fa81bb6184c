"""What the console knows of teams: who is what there, and what a change to a team's policies would come to.

Roles are on a scope: those of the configuration's `console.roles` are on everything, those of a team on that team.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from narrows.config.problem import Problem
from narrows.config.schema import Config
from narrows.config.teams import Team
from narrows.console.roles import Role
from narrows.model.approval import Approvers
from narrows.model.change import Change
from narrows.model.principal import Principal
from narrows.policy.approvals import groups_of, is_one
from narrows.policy.asking import approvers
from narrows.policy.changes import deciding


class Judged(msgspec.Struct, frozen=True):
    """What is wrong with policies of teams, by their whole names, and what they are warned of."""

    unusable: Mapping[str, tuple[Problem, ...]] = {}
    warnings: Mapping[str, tuple[Problem, ...]] = {}


Judges = Callable[[Sequence[Change], Sequence[Change]], Judged]
"""What the policies would be, with those that are in force and with these changes. Takes a while; safe in a thread."""


class Teams:
    """The teams of one version of the configuration."""

    def __init__(self, config: Config, judge: Judges) -> None:
        self.judge = judge
        self.two_person = config.console.two_person
        self._issuers = config.identity.people
        self._admins = config.console.roles.admin
        self._teams = {team.name: team for team in config.teams}
        self._roles: Mapping[str, Sequence[tuple[Role, Approvers]]] = {
            team.name: tuple(
                (role, approvers(names, self._issuers))
                for role, names in (
                    (Role.ADMIN, team.admins),
                    (Role.APPROVER, team.approvers),
                    (Role.AUDITOR, team.auditors),
                )
                if names
            )
            for team in config.teams
        }

    def of(self, principal: Principal) -> Mapping[str, frozenset[Role]]:
        """The roles of a person on teams, where they have any; a service account has none."""
        if principal.kind != "user":
            return {}
        groups = groups_of(principal)
        found = {
            name: frozenset(role for role, by in roles if is_one(by, principal.key, groups))
            for name, roles in self._roles.items()
        }
        return {name: roles for name, roles in found.items() if roles}

    def all(self) -> Sequence[Team]:
        """Every team, in the order of the configuration."""
        return tuple(self._teams.values())

    def get(self, name: str) -> Team | None:
        """One team."""
        return self._teams.get(name)

    def deciding(self, team: Team) -> Approvers:
        """Who may approve changes of a team."""
        return deciding(team, self._admins, self._issuers)


def no_teams(_changes: Sequence[Change], _proposed: Sequence[Change]) -> Judged:
    """Where there are no teams nothing of theirs is judged."""
    return Judged()
