"""`narrows review access`: who can reach what, one row for each identity, for whoever has to look at all of them."""

import csv
import sys
from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec
import typer

from narrows.cli.configuration import ConfigOption, DataOption, checked, find_store
from narrows.cli.failure import USAGE, Failure
from narrows.cli.moments import SECOND, parse_span, show_moment
from narrows.cli.terminal import complain, print_json, print_table
from narrows.cli.who import readers
from narrows.console.review_views import Mark, ReviewView
from narrows.wiring.revisions import current

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Review who can reach what.",
)

USUAL: Final = "90d"
_UNSEEN: Final = frozenset({Mark.STALE, Mark.NEVER_SEEN})
_COLUMNS: Final = ("id", "last seen", "marks", "a month", "holds", "owner", "reaches")
_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


@app.callback()
def root() -> None:
    """Review who can reach what."""


@app.command()
def access(
    stale: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Only those that were not seen for so long: 30d, 12w.")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, one object an identity with its `id`.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The same as CSV, for a spreadsheet.")] = False,
) -> None:
    """List every identity with what it reaches and holds, when it was seen last,
    and what a reviewer should look at.

    These are people and service accounts that were seen in a call, are in a
    directory, hold or own something, or asked for access. Marks say what
    deserves a look: contained, deactivated, ownerless, stale (90 days, or
    --stale), never seen, unbounded (no budget binds its spending), only observed
    (everything passes somewhere). `narrows who` tells all of one of them.

    [bold]Examples[/bold]

      narrows review access

      narrows review access --stale 30d --csv > review.csv
    """
    if as_json and as_csv:
        raise Failure("--json and --csv: choose one", USAGE)
    span = parse_span(stale or USUAL, "--stale")
    result = checked(config)
    store = find_store(config, data)
    with readers(store) as books:
        rows = [
            row
            for row in books.review(result.config, current(store, result.config), span)
            if stale is None or not _UNSEEN.isdisjoint(row.marks)
        ]
    if as_json:
        for row in rows:
            print_json(msgspec.to_builtins(row))
    elif as_csv:
        _write_csv(rows)
    elif rows:
        print_table(_COLUMNS, [_cells(row) for row in rows])
    else:
        complain("Nobody is to be reviewed.")


def _cells(row: ReviewView) -> tuple[object, ...]:
    seen = "never" if row.last_seen_at is None else show_moment(round(row.last_seen_at.timestamp() * SECOND))
    holds = (*row.grants, *row.keys, *row.tokens, *(f"account {name}" for name in row.owns))
    reaches = "; ".join(row.reach) or "nothing"
    return row.id, seen, ", ".join(row.marks), row.most or "unbounded", ", ".join(holds), row.owner, reaches


def _write_csv(rows: Iterable[ReviewView]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(ReviewView.__struct_fields__)
    for row in rows:
        writer.writerow([_cell(value) for value in msgspec.to_builtins(row).values()])
    sys.stdout.flush()


def _cell(value: Any) -> str:
    text = "" if value is None else "; ".join(value) if isinstance(value, list | tuple) else str(value)
    # Names come from tokens: none of them may become a formula.
    return f"'{text}" if text.startswith(_STARTS) else text
