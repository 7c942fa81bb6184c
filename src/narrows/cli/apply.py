"""`narrows apply`: puts policies of a team into force from a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from narrows.cli.configuration import ConfigOption
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.managing import Managed, managed, row, show_difference, tell_local
from narrows.cli.terminal import complain, harmless, print_json, say
from narrows.config.problem import ConfigError, Problem
from narrows.config.teams import OWNED, Team
from narrows.config.written import WrittenFile, read_policies
from narrows.model.change import Change
from narrows.wiring.teams import tried

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file with `policies:`.")],
    team: Annotated[str, typer.Option(help="The team whose policies they are.")],
    reason: Annotated[str | None, typer.Option(help="Why. It is recorded.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a change.")] = False,
) -> None:
    """Put policies of a team into force.

    The file has them as narrows.yaml has its own. Each takes the place of the
    team's policy of that name; the team's other policies stay. What is outside
    the team's bounds is refused, what is wider is narrowed to them with a
    warning. A gate that runs has it in force within a second.

    [bold]Example[/bold]

      narrows apply research.yaml --team research --dry-run
    """
    with managed(config) as here:
        whose = here.team(team)
        try:
            written = read_policies(file.read_bytes(), str(file))
        except OSError as error:
            raise Failure(f"{file}: the file can't be read: {error.strerror}", USAGE) from None
        except ConfigError as error:
            raise Failure(f"the policies can't be used:\n{error}", FAILED) from None
        made = [here.change(whose, each.policy.name, each.text, reason) for each in written.policies]
        _judge(here, whose, written, [change for change, _ in made])
        fresh = [(change, before) for change, before in made if before is None or before.after != change.after]
        if not as_json:
            for change, before in fresh:
                show_difference(change, before)
            say(f"{_count(len(fresh))} of {len(made)} {'would change' if dry_run else 'changed'}")
        if not dry_run and fresh:
            kept = here.changes.make([change for change, _ in fresh])
            if as_json:
                for standing in kept:
                    print_json(row(standing))
            tell_local(here.config)


def _judge(here: Managed, team: Team, written: WrittenFile, changes: Sequence[Change]) -> None:
    """Says what the policies are warned of. Raises Failure with all that is wrong with them."""
    found = tried(here.config, here.changes.in_force(), changes)
    wrong: list[Problem] = []
    for each in written.policies:
        name = f"{team.name}{OWNED}{each.policy.name}"
        wrong += [_placed(written, each.key, problem) for problem in found.unusable.get(name, ())]
        for problem in found.warnings.get(name, ()):
            complain(f"warning: {harmless(str(_placed(written, each.key, problem)))}")
    if wrong:
        raise Failure(f"the policies can't be used:\n{ConfigError(wrong)}", FAILED)


def _placed(written: WrittenFile, key: str, problem: Problem) -> Problem:
    own = f"{key}.{problem.key}" if problem.key else key
    return written.placed(Problem(own, problem.message, problem.hint))


def _count(number: int) -> str:
    return "1 policy" if number == 1 else f"{number} policies"
