"""`narrows changes`: what people have changed of what teams manage, and what waits for a second person."""

from typing import Annotated

import typer

from narrows.cli.approvals import operator
from narrows.cli.configuration import ConfigOption
from narrows.cli.failure import FAILED, Failure
from narrows.cli.managing import Managed, given, managed, row, show_difference
from narrows.cli.moments import iso
from narrows.cli.terminal import complain, harmless, print_json, print_table, say
from narrows.config.teams import OWNED
from narrows.model.change import Change, ChangeAct, ChangeState, ChangeStep, Standing
from narrows.wiring.teams import SCOPE

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="List, show and decide changes of what teams manage.",
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The change: chg_…")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command("list")
def list_changes(
    team: Annotated[str | None, typer.Option(help="Only those of this team.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that wait for nobody.")] = False,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a change.")] = False,
) -> None:
    """List the changes that wait for a second person, oldest first.

    [bold]Example[/bold]

      narrows changes list --all --team research
    """
    with managed(config) as here:
        found = [
            each
            for each in here.changes.list()
            if (every or each.state is ChangeState.PENDING) and team in (None, each.change.scope.removeprefix(SCOPE))
        ]
    if as_json:
        for each in found:
            print_json(row(each))
        return
    print_table(
        ("id", "state", "policy", "does", "by", "at", "reason"),
        [
            (each.change.id, each.state.value, _name(each.change), _does(each.change), each.change.by,
             iso(each.change.at), each.change.reason)
            for each in found
        ],
    )  # fmt: skip


@app.command("show")
def show_change(ident: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show a change: what it changes, who made it, and what was said of it."""
    with managed(config) as here:
        standing = _found(here, ident)
        before = None if standing.change.base is None else here.changes.get(standing.change.base)
    if as_json:
        print_json(row(standing))
        return
    change = standing.change
    say(harmless(f"{change.id} {_name(change)}: {_does(change)} by {change.by}, {iso(change.at)}"))
    say(f"state: {standing.state.value.replace('_', ' ')}")
    if change.reason:
        say(harmless(f"reason: {change.reason}"))
    for act in standing.acts:
        said = f": {act.reason}" if act.reason else ""
        say(harmless(f"{act.step.value} by {act.who}, {iso(act.at)}{said}"))
    show_difference(change, None if before is None else before.change)


@app.command("approve")
def approve(
    ident: IdArgument,
    reason: Annotated[str | None, typer.Option(help="Why. It is recorded.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a change, as a second person: it takes effect.

    [bold]Example[/bold]

      narrows changes approve chg_5f1c0e33a1b2c3d4e5f6
    """
    _say(ident, ChangeStep.APPROVE, reason, config_of=config, as_json=as_json)


@app.command("reject")
def reject(
    ident: IdArgument,
    reason: Annotated[str, typer.Option(help="Why. It is recorded.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reject a change that waits."""
    _say(ident, ChangeStep.REJECT, reason, config_of=config, as_json=as_json)


def _say(ident: str, step: ChangeStep, reason: str | None, *, config_of: ConfigOption, as_json: bool) -> None:
    with managed(config_of) as here:
        _found(here, ident)
        said = here.changes.act(ChangeAct(ident, operator(), step, here.clock.now(), given(reason)))
    if as_json:
        print_json(row(said))
    else:
        say(harmless(f"{ident} {_name(said.change)}: {said.state.value.replace('_', ' ')}"))
    complain(f"Recorded as {operator()}, the local operator.")


def _found(here: Managed, ident: str) -> Standing:
    standing = here.changes.get(ident)
    if standing is None:
        raise Failure(f"there is no change '{ident}'", FAILED)
    return standing


def _name(change: Change) -> str:
    return f"{change.scope.removeprefix(SCOPE)}{OWNED}{change.target}"


def _does(change: Change) -> str:
    if change.after is None:
        return "remove"
    return "add" if change.base is None else "change"
