"""What `apply`, `policy` and `changes` share: what teams have in force beside a store, how it is changed and shown.

Who works here is the local operator: whoever may write the store could do all of it in any case, so no role is asked
for, and the rule of two people can't bind. It is recorded as what it is.
"""

import contextlib
import difflib
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from narrows.cli.approvals import operator
from narrows.cli.configuration import checked, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.moments import iso
from narrows.cli.terminal import Row, complain, harmless, say
from narrows.config.scalars import nearest
from narrows.config.schema import Config
from narrows.config.teams import OWNED, Team
from narrows.model.change import Change, ChangeKind, Standing
from narrows.policy.changes import LONGEST_REASON, deciding
from narrows.ports.changes import ChangeRefused, ChangesUnavailable
from narrows.stores.sqlite.changes import SqliteChanges
from narrows.wiring.clock import SystemClock
from narrows.wiring.teams import SCOPE


class Managed(msgspec.Struct, frozen=True, eq=False):
    """What is managed here."""

    config: Config
    changes: SqliteChanges
    clock: SystemClock

    def team(self, name: str) -> Team:
        """One team by its name. Raises Failure."""
        for team in self.config.teams:
            if team.name == name:
                return team
        names = [team.name for team in self.config.teams]
        hint = nearest(name, names) or (f"there are: {', '.join(names)}" if names else "narrows.yaml has no `teams`")
        raise Failure(f"there is no team '{name}'; {hint}", USAGE)

    def change(self, team: Team, name: str, after: str | None, reason: str | None) -> tuple[Change, Change | None]:
        """A change by who works here, and what is in force now."""
        scope = f"{SCOPE}{team.name}"
        before = self.changes.current(scope, ChangeKind.POLICY, name)
        made = Change(
            id=f"chg_{secrets.token_hex(10)}",
            scope=scope,
            kind=ChangeKind.POLICY,
            target=name,
            after=after,
            by=operator(),
            at=self.clock.now(),
            base=None if before is None else before.id,
            reason=given(reason),
            approvers=deciding(team, self.config.console.roles.admin, self.config.identity.people),
        )
        return made, before


@contextlib.contextmanager
def managed(config: Path | None) -> Iterator[Managed]:
    """What is beside the store of a configuration; what keeps from it becomes a message."""
    settings, clock = checked(config).config, SystemClock()
    store = find_store(config, None, make=True)
    try:
        with contextlib.closing(SqliteChanges(store, clock)) as changes:
            yield Managed(settings, changes, clock)
    except (ChangeRefused, ChangesUnavailable) as problem:
        raise Failure(str(problem), FAILED) from None


def given(reason: str | None) -> str | None:
    """A reason as it is kept. Raises Failure."""
    text = (reason or "").strip()
    if len(text) > LONGEST_REASON:
        raise Failure(f"a reason has at most {LONGEST_REASON} characters", USAGE)
    return text or None


def tell_local(settings: Config) -> None:
    """Says what a change beside the store is."""
    complain(f"Recorded as {operator()}, the local operator.")
    if settings.console.two_person:
        complain("Two people are asked for in the console; here nobody can tell, so it is in force at once.")


def difference(name: str, before: str | None, after: str | None) -> Sequence[str]:
    """What changes, line by line."""
    old, new = ("" if text is None else text for text in (before, after))
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm="")
    return [harmless(line) for line in lines]


def show_difference(change: Change, before: Change | None) -> None:
    """Prints what a change changes."""
    name = f"{change.scope.removeprefix(SCOPE)}{OWNED}{change.target}"
    for line in difference(name, None if before is None else before.after, change.after):
        say(line)


def row(standing: Standing) -> Row:
    """A change for `--json`."""
    change = standing.change
    return {
        "id": change.id,
        "team": change.scope.removeprefix(SCOPE),
        "policy": change.target,
        "state": standing.state.value,
        "at": iso(change.at),
        "by": change.by,
        "reason": change.reason,
        "since": None if standing.since is None else iso(standing.since),
        "needed": change.needed,
        "base": change.base,
        "after": change.after,
        "said": [
            {"who": act.who, "step": act.step.value, "at": iso(act.at), "reason": act.reason} for act in standing.acts
        ],
    }
