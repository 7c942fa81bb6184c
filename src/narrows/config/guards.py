"""Teams within a configuration: what holds for them takes its place among the policies, and so do their policies.

That way whatever looks through the policies of a configuration finds these, too. The order: the file's, then one guard
for each team, then the teams' own. Problems are told of the settings that people wrote, wherever these have come to.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from narrows.config.policies import Policy
from narrows.config.problem import Problem
from narrows.config.schema import Config
from narrows.config.teams import is_guard, team_of

_PLACE: Final = re.compile(r"policies\[(\d+)\]")
_BOUNDS: Final = (".who", ".may")


def guarded(config: Config, owned: Iterable[Policy] = ()) -> Config:
    """The configuration with what holds for its teams, and with these policies of theirs, among its policies."""
    if not config.teams:
        return config
    policies = (*filed(config), *(team.guard for team in config.teams), *owned)
    return msgspec.structs.replace(config, policies=policies)


def filed(config: Config) -> tuple[Policy, ...]:
    """The policies that the file itself has."""
    return tuple(each for each in config.policies if not is_guard(each.name) and team_of(each.name) is None)


def settled(config: Config, problem: Problem) -> Problem:
    """The problem, told of the setting as it was written: of a team, where the key is one of its guard."""
    found = _PLACE.match(problem.key)
    if found is None or not config.teams:
        return problem
    index = int(found[1])
    if index >= len(config.policies) or not is_guard(config.policies[index].name):
        return problem
    place = index - next(place for place, each in enumerate(config.policies) if is_guard(each.name))
    rest = problem.key[found.end() :]
    within = ".bounds" if rest.startswith(_BOUNDS) else ""
    return msgspec.structs.replace(problem, key=f"teams[{place}]{within}{rest}")


def of_owned(config: Config, problem: Problem) -> tuple[str, Problem] | None:
    """The team's policy that a problem is about, with the problem as that policy's own; None: it is about none."""
    found = _PLACE.match(problem.key)
    if found is None:
        return None
    index = int(found[1])
    if index >= len(config.policies) or team_of(config.policies[index].name) is None:
        return None
    key = problem.key[found.end() :].removeprefix(".")
    return config.policies[index].name, msgspec.structs.replace(problem, key=key)
