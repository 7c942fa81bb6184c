"""`narrows revocations`: what has been revoked, what gates have stopped by it, and taking it back."""

from typing import Annotated

import typer

from narrows.cli.approvals import operator
from narrows.cli.configuration import ConfigOption, DataOption
from narrows.cli.moments import show_moment
from narrows.cli.stopping import kept, opened, row
from narrows.cli.terminal import complain, harmless, print_json, print_table, say
from narrows.ports.revocations import Kept

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="List, show and lift what was revoked.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object a revocation with its `id`.")]
ReferenceArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Of a revocation, rev_…, or a containment, con_….")
]


@app.command("list")
def list_revocations(
    every: Annotated[bool, typer.Option("--all", help="Those that were lifted, too.")] = False,
    user: Annotated[str | None, typer.Option(help="Only those about this name: a user, account, group or id.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what is revoked now, oldest first."""
    with opened(config, data) as books:
        found = [
            each
            for each in books.revocations.all()
            if (every or each.lifted is None)
            and (user is None or user in (each.revocation.subject, each.revocation.subject.partition(":")[2]))
        ]
        stopped = books.gate.stopped([each.revocation.id for each in found]) if as_json else ()
    if as_json:
        for each in found:
            print_json(row(each.revocation, each.lifted, stopped))
    elif found:
        print_table(("id", "kind", "subject", "since", "by", "state", "reason"), [_cells(each) for each in found])
    else:
        complain("Nothing is revoked.")


@app.command()
def show(
    reference: ReferenceArgument, config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Show a revocation, or all of a containment: who made it, why, and what each gate has stopped by it."""
    with opened(config, data) as books:
        found = kept(books, reference)
        stopped = books.gate.stopped([each.revocation.id for each in found])
    for each in found:
        if as_json:
            print_json(row(each.revocation, each.lifted, stopped))
            continue
        one = each.revocation
        say(harmless(f"{one.id}  {one.kind.value} {one.subject}"))
        say(harmless(f"  made      {show_moment(one.at)} by {one.by}: {one.reason}"))
        if one.containment is not None:
            say(harmless(f"  part of   {one.containment}"))
        ended = (
            "everything, until it is lifted"
            if one.before is None
            else f"what was issued until {show_moment(one.before)}"
        )
        say(f"  ends      {ended}")
        if each.lifted is not None:
            say(harmless(f"  lifted    {show_moment(each.lifted.at)} by {each.lifted.by}: {each.lifted.reason}"))
        for seen in stopped:
            if seen.revocation == one.id:
                what = f"{len(seen.calls)} calls cut, {len(seen.tickets)} questions void"
                say(harmless(f"  in force  {show_moment(seen.at)} at {seen.gate}: {what}"))
                for name in (*seen.calls, *seen.tickets):
                    say(harmless(f"            {name}"))


@app.command()
def lift(
    reference: ReferenceArgument,
    reason: Annotated[str, typer.Option(help="Why.")],
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a revocation back, or all of a containment. Calls that were cut stay cut.

    [bold]Example[/bold]

      narrows revocations lift con_5f1c0e… --reason "it was somebody else"
    """
    with opened(config, data) as books:
        lifted = books.revocations.lift(reference, operator(), reason)
        found = {each.revocation.id: each for each in kept(books, reference)}
    for one in lifted:
        if as_json:
            print_json(row(one, found[one.id].lifted))
        else:
            say(harmless(f"lifted {one.id}: {one.kind.value} {one.subject}"))
    if not lifted:
        complain("Nothing of it stood any more.")


def _cells(each: Kept) -> tuple[object, ...]:
    one = each.revocation
    state = "lifted" if each.lifted else "contained" if one.containment else "standing"
    return one.id, one.kind.value, one.subject, show_moment(one.at), one.by, state, one.reason
