"""The cross-checks of teams, and of their policies against the bounds: what can be told before any call is made.

What is outside the bounds is refused at the gate in any case; here it is told to whoever writes it.
"""

from collections.abc import Mapping, Sequence

from narrows.config.approvals import PERSON
from narrows.config.globs import meets, within
from narrows.config.policies import May, Policy
from narrows.config.problem import Findings
from narrows.config.schema import Config
from narrows.config.teams import Team, is_guard, team_of


class TeamChecks(Findings):
    """One run over the teams of a configuration, and the policies of teams in it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._config = config
        self._issuers = config.identity.people

    def run(self) -> None:
        """Checks everything."""
        names: set[str] = set()
        for index, team in enumerate(self._config.teams):
            key = f"teams[{index}]"
            if team.name in names:
                self._problem(f"{key}.name", f"another team is already called {team.name}")
            names.add(team.name)
            for role in ("admins", "approvers", "auditors"):
                self._members(f"{key}.{role}", getattr(team, role))
            if not team.admins:
                self._warning(f"{key}.admins", "nobody but admins of the whole manages this team's policies")
        teams = {team.name: team for team in self._config.teams}
        for index, policy in enumerate(self._config.policies):
            self._owned(f"policies[{index}]", policy, teams)

    def _members(self, key: str, names: Sequence[str]) -> None:
        for index, name in enumerate(names):
            here = f"{key}[{index}]"
            bare = name.removeprefix(PERSON)
            issuer, colon, rest = bare.partition(":")
            if not bare or bare != bare.strip() or (colon and not (issuer and rest)):
                self._problem(here, "names nobody", "write a group, `issuer:group`, or `user:issuer:subject`")
            elif "*" in bare:
                self._problem(here, "who has a role is named exactly, without `*`", "name each")
            elif not self._issuers:
                self._problem(here, "can't be anyone: no issuer is configured", "add one under identity.issuers")
            elif len(self._issuers) > 1 and not (colon and issuer in self._issuers):
                self._problem(
                    here, "with several issuers a name is `issuer:name`", "issuers: " + ", ".join(self._issuers)
                )

    def _owned(self, key: str, policy: Policy, teams: Mapping[str, Team]) -> None:
        name = team_of(policy.name)
        if name is None or is_guard(policy.name):
            return
        team = teams.get(name)
        if team is None:
            self._problem(f"{key}.name", f"there is no team `{name}`")
            return
        self._bounded(f"{key}.may", policy.may, team.bounds.may, policy.mode == "observe")

    def _bounded(self, key: str, may: May, bounds: May, observe: bool) -> None:  # noqa: FBT001 - of one caller
        self._globs(f"{key}.connections", may.connections, bounds.connections)
        self._globs(f"{key}.operations", may.operations, bounds.operations)
        if may.models is not None and bounds.models is None:
            self._problem(f"{key}.models", "the team's bounds permit no models", "leave `models` out")
        elif may.models is not None and bounds.models is not None:
            self._globs(f"{key}.models", may.models, bounds.models)
        for index, name in enumerate(may.parameters):
            if name not in bounds.parameters:
                self._problem(f"{key}.parameters[{index}]", f"the team's bounds do not permit `{name}`")
        if observe:
            self._warning(key, "a team's policy that observes permits nothing: it only notes what it would do")

    def _globs(self, key: str, globs: Sequence[str], bounds: Sequence[str]) -> None:
        for index, glob in enumerate(globs):
            if any(within(glob, bound) for bound in bounds):
                continue
            met = [bound for bound in bounds if meets(glob, bound)]
            if not met:
                hint = "within the bounds: " + ", ".join(bounds)
                self._problem(f"{key}[{index}]", f"`{glob}` is outside the team's bounds", hint)
                continue
            narrower = [bound for bound in met if within(bound, glob)]
            said = ", ".join(f"`{bound}`" for bound in met)
            if len(narrower) == len(met):
                self._warning(f"{key}[{index}]", f"`{glob}` is wider than the team's bounds: narrowed to {said}")
            else:
                message = f"`{glob}` reaches beyond the team's bounds: narrowed to what {said} also covers"
                self._warning(f"{key}[{index}]", message)
