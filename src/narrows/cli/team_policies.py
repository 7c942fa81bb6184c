"""`narrows policy list|show|remove`: the policies in force, those of the file and those of teams."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from narrows.cli.configuration import ConfigOption
from narrows.cli.failure import FAILED, Failure
from narrows.cli.managing import Managed, managed, row, show_difference, tell_local
from narrows.cli.moments import iso
from narrows.cli.terminal import Row, complain, harmless, print_json, print_table, say
from narrows.config.guards import filed
from narrows.config.schema import Config
from narrows.config.teams import OWNED
from narrows.model.change import Change, ChangeKind
from narrows.policy.policyset import PolicySet
from narrows.ports.changes import ChangesUnavailable
from narrows.stores.sqlite.changes import SqliteChangeWatch
from narrows.wiring.configuration import Checked
from narrows.wiring.teams import SCOPE, Merged, merged

TeamOption = Annotated[str | None, typer.Option("--team", help="Only the policies of this team.")]
NameArgument = Annotated[str, typer.Argument(metavar="TEAM/NAME", help="The policy, such as research/nightly.")]


def list_policies(
    team: TeamOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a policy.")] = False,
) -> None:
    """List the policies of the file, and those of teams.

    A policy of a team that can't be used any more is shown with what is wrong:
    it permits nothing. Exits 1 if there is one.

    [bold]Example[/bold]

      narrows policy list --team research
    """
    with managed(config) as here:
        if team is not None:
            here.team(team)
        changes = here.changes.in_force()
        found = merged(here.config, changes)
        rows = _rows(here, changes, found, team)
    if as_json:
        for each in rows:
            print_json(each)
    else:
        columns = ("id", "mode", "state", "by", "at")
        print_table(columns, [[each[column] for column in columns] for each in rows])
    for each in rows:
        for problem in each["problems"]:
            complain(f"{each['id']}: {harmless(problem)}")
    if any(each["problems"] for each in rows):
        raise typer.Exit(FAILED)


def show_policy(name: NameArgument, config: ConfigOption = None) -> None:
    """Print a policy of a team as it was written.

    [bold]Example[/bold]

      narrows policy show research/nightly
    """
    with managed(config) as here:
        change = _found(here, name)
        say(harmless((change.after or "").rstrip()))
        complain(f"{change.id} by {change.by}, {iso(change.at)}")


def remove_policy(
    name: NameArgument,
    reason: Annotated[str | None, typer.Option(help="Why. It is recorded.")] = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Remove a policy of a team: what it permitted is permitted no longer.

    [bold]Example[/bold]

      narrows policy remove research/nightly --reason "the project is over"
    """
    with managed(config) as here:
        current = _found(here, name)
        team = here.team(name.partition(OWNED)[0])
        change, before = here.change(team, current.target, None, reason)
        (kept,) = here.changes.make([change])
        if as_json:
            print_json(row(kept))
        else:
            show_difference(change, before)
            say(harmless(f"{name} is removed"))
        tell_local(here.config)


def with_teams(result: Checked) -> tuple[Config, PolicySet]:
    """A checked configuration with what its teams have in force beside its store; nothing is made there. Raises
    Failure."""
    if not result.config.teams:
        return result.config, result.policies
    with closing(SqliteChangeWatch(Path(result.config.store))) as watch:
        try:
            found = merged(result.config, watch.news() or ())
        except ChangesUnavailable as problem:
            raise Failure(str(problem), FAILED) from None
    return found.config, found.policies


def _found(here: Managed, name: str) -> Change:
    team, slash, policy = name.partition(OWNED)
    change = here.changes.current(f"{SCOPE}{team}", ChangeKind.POLICY, policy) if slash else None
    if change is None or change.after is None:
        hint = "" if slash else "; write TEAM/NAME: those of the file stand there"
        raise Failure(f"there is no policy '{name}' of a team{hint}", FAILED)
    return change


def _rows(here: Managed, changes: Sequence[Change], found: Merged, team: str | None) -> list[Row]:
    rows: list[Row] = []
    if team is None:
        rows += [
            {"id": each.name, "team": None, "mode": each.mode, "state": "in force", "by": "the file", "at": None,
             "change": None, "problems": []}
            for each in filed(here.config)
        ]  # fmt: skip
    modes = {policy.name: policy.mode for policy in found.config.policies}
    for change in changes:
        owner = change.scope.removeprefix(SCOPE)
        if team not in (None, owner):
            continue
        name = f"{owner}{OWNED}{change.target}"
        wrong = [str(problem) for problem in found.unusable.get(name, ())]
        rows.append(
            {"id": name, "team": owner, "mode": modes.get(name), "state": "unusable" if wrong else "in force",
             "by": change.by, "at": iso(change.at), "change": change.id, "problems": wrong}
        )  # fmt: skip
    return rows
