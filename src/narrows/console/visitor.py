"""Whoever asks, once they are known: what handlers and the trail need of them."""

from collections.abc import Mapping

import msgspec

from narrows.console.roles import Role
from narrows.model.principal import Principal
from narrows.policy.approvals import groups_of


class Visitor(msgspec.Struct, frozen=True):
    """Whoever asks, for one request. `expires` is the credential's end in Unix seconds, `kind` what kind of
    credential it is. `teams` are their roles on teams."""

    principal: Principal
    roles: frozenset[Role]
    credential: str
    expires: float
    address: str
    request_id: str
    kind: str = "oidc"
    teams: Mapping[str, frozenset[Role]] = {}

    def on(self, team: str | None) -> frozenset[Role]:
        """Their roles on a team; None: on any."""
        if team is not None:
            return self.teams.get(team, frozenset())
        return frozenset[Role]().union(*self.teams.values())

    @property
    def named(self) -> tuple[str, ...]:
        """All their roles, those on teams with the team: `admin@research`."""
        scoped = (f"{role.value}@{team}" for team, roles in self.teams.items() for role in roles)
        return tuple(sorted((*(role.value for role in self.roles), *scoped)))

    @property
    def who(self) -> str:
        """`issuer:subject`."""
        return self.principal.key

    @property
    def groups(self) -> tuple[str, ...]:
        """Their groups, `issuer:group` each."""
        return groups_of(self.principal)
