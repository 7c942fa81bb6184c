"""`narrows keys`: the keys of service accounts. Written where the gate watches; a revocation is in force at once."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, Failure
from narrows.cli.moments import iso, parse_span, show_moment
from narrows.cli.terminal import Row, complain, harmless, print_json, print_table, say
from narrows.identity.service_accounts import issue
from narrows.ports.accounts import AccountRefused, AccountsUnavailable, ServiceAccount
from narrows.stores.sqlite.control import ControlDb
from narrows.wiring.clock import SystemClock

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Make, list and revoke keys of service accounts.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object a key with its `id`.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The service account's name, which policies match.")],
    owner: Annotated[str, typer.Option(help="The person who answers for it.")],
    expires: Annotated[
        str, typer.Option(metavar="SPAN", help="How long it is good for: 12h, 90d; at most 366d.")
    ] = "90d",
    purpose: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, once: only its hash is kept.

    A policy permits it with `who: {service_accounts: \\[NAME]}`. Callers send
    it like a token.

    [bold]Example[/bold]

      narrows keys create nightly-report --owner ana@example.com --expires 90d --purpose "the nightly report"
    """
    clock = SystemClock()
    ends = clock.now() + parse_span(expires, "--expires")
    with _accounts(config, data) as accounts:
        issued = issue(accounts, clock, name=name, owner=owner, expires=ends, purpose=purpose)
    if as_json:
        print_json({**_row(issued.account, clock.now()), "key": issued.key.reveal()})
        return
    say(issued.key.reveal())
    complain(f"Key {issued.account.id} of {name} ends {show_moment(ends)}. Keep it now: it is not shown again.")


@app.command("list")
def list_keys(config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List every key: its owner, its end, and whether it is in force.

    The keys themselves are not kept.
    """
    now = SystemClock().now()
    with _accounts(config, data) as accounts:
        kept = accounts.list()
    rows = [_row(account, now) for account in kept]
    if as_json:
        for row in rows:
            print_json(row)
    elif rows:
        columns = ("id", "name", "owner", "state", "expires", "purpose")
        shown = [{**row, "expires": show_moment(account.expires)} for row, account in zip(rows, kept, strict=True)]
        print_table(columns, [[row[column] for column in columns] for row in shown])
    else:
        complain("There are no keys; `narrows keys create` makes one.")


@app.command()
def revoke(
    reference: Annotated[str, typer.Argument(metavar="ID-OR-NAME", help="A key's id, or a name to end all its keys.")],
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key, or every key of a service account, at once."""
    with _accounts(config, data) as accounts:
        ended = accounts.revoke(reference)
    now = SystemClock().now()
    for account in ended:
        if as_json:
            print_json(_row(account, now))
        else:
            say(harmless(f"revoked {account.id} ({account.name})"))
    if not ended:
        complain(f"No key of {reference} was in force any more.")


@contextlib.contextmanager
def _accounts(config: Path | None, data: Path | None) -> Iterator[ControlDb]:
    """The accounts, for writing; what they refuse becomes a message."""
    store = find_store(config, data, make=True)
    try:
        accounts = ControlDb(store, SystemClock())
        try:
            yield accounts
        finally:
            accounts.close()
    except (AccountRefused, AccountsUnavailable) as problem:
        raise Failure(str(problem), FAILED) from None


def _row(account: ServiceAccount, now: int) -> Row:
    return {
        "id": account.id,
        "name": account.name,
        "owner": account.owner,
        "state": _state(account, now),
        "created": iso(account.created),
        "expires": iso(account.expires),
        "revoked": None if account.revoked is None else iso(account.revoked),
        "purpose": account.purpose,
    }


def _state(account: ServiceAccount, now: int) -> str:
    if account.revoked is not None:
        return "revoked"
    return "expired" if account.expires <= now else "in force"
