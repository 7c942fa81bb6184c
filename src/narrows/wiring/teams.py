"""The policies of teams beside those of the file: which are in force, which can't be, and what would be wrong with one.

A policy of a team that can't be used any more is left out, and said so: it permits nothing then. It never keeps the
rest of the configuration from being in force.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from narrows.config.check import check
from narrows.config.guards import guarded, of_owned
from narrows.config.policies import Policy
from narrows.config.problem import ConfigError, Problem
from narrows.config.schema import Config
from narrows.config.teams import OWNED, owned
from narrows.config.written import read_policy
from narrows.model.change import Change
from narrows.policy.compile import compile_policies
from narrows.policy.policyset import PolicySet
from narrows.ports.changes import ChangesUnavailable
from narrows.stores.sqlite.changes import SqliteChangeWatch
from narrows.wiring.configuration import detector_problems, operations, vocabulary_of

if TYPE_CHECKING:
    from narrows.wiring.masking import EngineLoader

SCOPE: Final = "team:"
POLL: Final = 0.1
"""Seconds between two looks at what teams have changed."""

_log = logging.getLogger("narrows.teams")


class Merged(msgspec.Struct, frozen=True):
    """A configuration with the policies of its teams. `unusable`: those that are left out, with what is wrong;
    `warnings` of those that are not. Keys are those of the policy itself."""

    config: Config
    policies: PolicySet
    unusable: Mapping[str, tuple[Problem, ...]]
    warnings: Mapping[str, tuple[Problem, ...]]


def merged(config: Config, changes: Sequence[Change], engines: "EngineLoader | None" = None) -> Merged:
    """A checked configuration with what its teams have in force. Safe in a thread; takes about as long as reading the
    configuration did. Raises ConfigError where the configuration is wrong without them."""
    teams = {team.name for team in config.teams}
    unusable: dict[str, tuple[Problem, ...]] = {}
    kept: dict[str, Policy] = {}
    for change in changes:
        team = change.scope.removeprefix(SCOPE)
        name = f"{team}{OWNED}{change.target}"
        if team not in teams:
            unusable[name] = (Problem("", f"there is no team `{team}` any more"),)
            continue
        try:
            policy = read_policy(change.after or "", name)
        except ConfigError as error:
            unusable[name] = error.problems
            continue
        if policy.name == change.target:
            kept[name] = owned(team, policy)
        else:
            unusable[name] = (Problem("name", f"is `{policy.name}`, and it is kept as `{change.target}`"),)
    while True:
        whole = guarded(config, kept.values())
        # Without any the configuration is what it was when it was checked.
        problems, warnings = _problems(whole, engines) if kept else ([], [])
        if not problems:
            try:
                policies = compile_policies(whole, vocabulary_of(whole))
            except ConfigError as error:
                problems = list(error.problems)
            else:
                return Merged(whole, policies, unusable, _by_policy(whole, warnings))
        wrong = _by_policy(whole, problems)
        if not wrong and not kept:
            raise ConfigError(problems)
        # What is wrong and is said of none of them is wrong by all of them: none is in force then.
        for name in wrong or list(kept):
            unusable[name] = wrong.get(name) or tuple(problems)
            del kept[name]


def tried(
    config: Config, changes: Sequence[Change], proposed: Sequence[Change], engines: "EngineLoader | None" = None
) -> Merged:
    """What the configuration would be with these changes, too. Raises ConfigError where it is wrong without them."""
    later = {(change.scope, change.kind, change.target): change for change in (*changes, *proposed)}
    return merged(config, [change for change in later.values() if change.after is not None], engines)


def _problems(whole: Config, engines: "EngineLoader | None") -> tuple[list[Problem], list[Problem]]:
    known = {name: operations(connection) for name, connection in whole.connections.items()}
    problems, warnings = check(whole, known)
    return problems or detector_problems(whole, engines), warnings


def _by_policy(whole: Config, problems: Sequence[Problem]) -> dict[str, tuple[Problem, ...]]:
    found: dict[str, tuple[Problem, ...]] = {}
    for problem in problems:
        about = of_owned(whole, problem)
        if about is not None:
            found[about[0]] = (*found.get(about[0], ()), about[1])
    return found


class TeamPolicies:
    """Follows what teams have in force, for one gate. `changed` is called when it is something else."""

    def __init__(self, directory: Path, changed: Callable[[], Awaitable[None]]) -> None:
        self._watch = SqliteChangeWatch(directory)
        self._changed = changed
        self._changes: Sequence[Change] = ()
        self._told: Mapping[str, tuple[Problem, ...]] = {}

    def read(self) -> None:
        """Reads what there is. Raises ChangesUnavailable."""
        self._look()

    def merge(self, config: Config, engines: "EngineLoader | None" = None) -> Merged:
        """The configuration with what is in force. Safe in a thread. Raises ConfigError."""
        return merged(config, self._changes, engines)

    def without(self, config: Config, why: Exception) -> Merged | None:
        """The configuration without any of them, as they can't be put into force together; None: there are none."""
        found = merged(config, ())
        wrong = (Problem("", f"the policies of teams can't be put into force: {why}"),)
        names = [f"{change.scope.removeprefix(SCOPE)}{OWNED}{change.target}" for change in self._changes]
        return msgspec.structs.replace(found, unusable=dict.fromkeys(names, wrong)) if names else None

    def tell(self, found: Merged) -> None:
        """Logs which policies are left out, once for each reason."""
        for name, problems in found.unusable.items():
            if self._told.get(name) != problems:
                said = "; ".join(str(problem) for problem in problems)
                _log.error("the policy %s can't be used and permits nothing: %s", name, said)
        self._told = found.unusable

    async def run(self) -> None:
        """Looks until it is cancelled."""
        readable = True
        while True:
            await asyncio.sleep(POLL)
            try:
                if self._look():
                    await self._changed()
            except ChangesUnavailable as error:
                if readable:
                    _log.error("what teams have changed can't be read, and what was in force stays: %s", error)
                readable = False
            except Exception:  # noqa: BLE001 - the boundary of a job: one that ends would silently freeze the policies
                _log.exception("a round of looking for changes of teams failed")
            else:
                readable = True

    def close(self) -> None:
        """Closes the file."""
        self._watch.close()

    def _look(self) -> bool:
        found = self._watch.news()
        if found is None or list(found) == list(self._changes):
            return False
        self._changes = found
        return True
