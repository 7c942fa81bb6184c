"""`narrows usage`: what the recorded calls used and cost, summed. Reads beside a running gate."""

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Annotated, Final

import typer

from narrows.accounting import focus
from narrows.accounting.windows import zone as find_zone
from narrows.cli import budgets, reconcile
from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import USAGE, Failure
from narrows.cli.moments import parse_moment
from narrows.cli.spending import known_settings, providers, reckoning, summed
from narrows.cli.terminal import complain, print_json, print_table
from narrows.cli.usage_page import (
    COLUMNS,
    TOTAL,
    cells,
    charged,
    charges,
    json_row,
    json_total,
    notes,
    ordered,
)
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.usage_sums import By, Table
from narrows.wiring.clock import SystemClock

app = typer.Typer(
    rich_markup_mode="rich",
    add_completion=False,
    help="Sum what the recorded calls used and cost.",
)

app.command()(budgets.budgets)
app.command()(budgets.pending)
app.command()(reconcile.reconcile)

_NAMES: Final = ", ".join(by.value for by in By)

ByOption = Annotated[
    list[str] | None, typer.Option("--by", metavar="WHAT", help=f"What to sum by: {_NAMES}; several with commas.")
]
UserOption = Annotated[str | None, typer.Option(help="A user's subject, issuer:subject, or a glob.")]
GroupOption = Annotated[str | None, typer.Option(help="A group the caller was in, or a glob.")]
ConnectionOption = Annotated[str | None, typer.Option(help="A connection, or a glob.")]
ModelOption = Annotated[str | None, typer.Option(help="A model: forwarded or answering; or a glob.")]
OperationOption = Annotated[str | None, typer.Option(help="chat, responses, embeddings, …")]
EndUserOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="An end user, as callers or `--by end-user` name them."),
]
SessionOption = Annotated[str | None, typer.Option(help="The id of a session.")]
SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help="From: 30m, 2h, 1d ago, or an ISO date or time.")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Up to: the same forms.")]
ZoneOption = Annotated[
    str, typer.Option(metavar="ZONE", help="Time zone of days, and of dates that are given: an IANA name.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object a row with its `id`; the total last.")]


@app.callback(invoke_without_command=True)
def usage(
    context: typer.Context,
    by: ByOption = None,
    user: UserOption = None,
    group: GroupOption = None,
    connection: ConnectionOption = None,
    model: ModelOption = None,
    operation: OperationOption = None,
    session: SessionOption = None,
    end_user: EndUserOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    zone: ZoneOption = "UTC",
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Charges in FOCUS columns, for cost tools.")] = False,
) -> None:
    """Sum what the recorded calls used and cost: calls, tokens, dollars,
    refusals and errors; by user unless told otherwise.

    The cost of a call is what was reckoned when it ended. Where no limit on
    money counted it, it is reckoned now, with the present prices, and marked
    with ~.

    [bold]Examples[/bold]

      narrows usage --since 1d

      narrows usage --by model,day --since 2026-01-01 --zone Europe/Berlin

      narrows usage --by group --user "corp:*" --json

      narrows usage --csv --by group --since 2026-01-01 --until 2026-02-01
    """
    if context.invoked_subcommand is not None:
        _no_options(context)
        return
    if as_json and as_csv:
        raise Failure("--json and --csv: choose one", USAGE)
    asked, where = kinds(by), time_zone(zone)
    filters = Filters(
        user=user,
        group=group,
        connection=connection,
        model=model,
        operation=operation,
        session=session,
        end_user=end_user,
        since=moment(since, "--since", where),
        until=moment(until, "--until", where),
    )
    store, settings = find_store(config, data), known_settings(config, data)
    reckon = reckoning(settings, store)
    if as_csv:
        by_charge = charged(asked if by else [])
        table = summed(store, filters, Table(by_charge, where, reckon, join=True))
        _write_csv(table, by_charge, where, zone, providers(settings))
    else:
        (_print_json if as_json else _print)(summed(store, filters, Table(asked, where, reckon)), asked)


def _no_options(context: typer.Context) -> None:
    """Raises Failure for options that are the group's, before a command that has its own."""
    sources = [context.get_parameter_source(name) for name in context.params]
    if any(source is not None and source.name == "COMMANDLINE" for source in sources):
        raise Failure(f"options of sums, and `{context.invoked_subcommand}`: write its own options after it", USAGE)


def _print_json(table: Table, by: Sequence[By]) -> None:
    for key, sums in ordered(table.sorted(), by):
        print_json(json_row(by, key, sums))
    if table.rows:
        print_json(json_total(table.total))


def _print(table: Table, by: Sequence[By]) -> None:
    if not table.rows:
        complain("No call on record matches.")
        return
    total = table.total
    last = (TOTAL, *[""] * (len(by) - 1))
    rows = [cells(key, sums) for key, sums in ordered(table.sorted(), by)]
    print_table((*[one.value for one in by], *COLUMNS), [*rows, cells(last, total)])
    for note in notes(total, by):
        complain(note)


def _write_csv(table: Table, by: Sequence[By], where: tzinfo, zone: str, known: Mapping[str, str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(focus.COLUMNS)
    for charge in charges(table.sorted(), by, where, known):
        writer.writerow(focus.row(charge, zone))
    sys.stdout.flush()


def kinds(by: Sequence[str] | None) -> list[By]:
    """What `--by` asks for, each once; by user without it. Raises Failure."""
    names = [name.strip() for text in by or [By.USER.value] for name in text.split(",")]
    wrong = [name for name in names if name not in set(By)]
    if wrong:
        raise Failure(f"--by: '{wrong[0]}' is none of {_NAMES}", USAGE)
    return list(dict.fromkeys(By(name) for name in names))


def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name. Raises Failure."""
    try:
        return find_zone(name)
    except ValueError:
        raise Failure(f"--zone: no time zone is called '{name}'; write UTC or Europe/Berlin", USAGE) from None


def moment(text: str | None, option: str, zone: tzinfo) -> int | None:
    """A moment that an option names. Raises Failure."""
    return None if text is None else parse_moment(text, SystemClock().now(), option, zone)
