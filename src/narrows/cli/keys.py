"""`narrows keys`: the keys of service accounts. Written where the gate watches; a revocation is in force at once."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from narrows.cli.account_rules import account_rules
from narrows.cli.approvals import operator
from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, Failure
from narrows.cli.key_report import last_uses, report, show
from narrows.cli.moments import SECOND, iso, parse_span, show_moment
from narrows.cli.stopping import opened
from narrows.cli.terminal import Row, complain, harmless, print_json, print_table, say
from narrows.identity.at_moment import Moment
from narrows.identity.containment import revoking
from narrows.identity.revocations import denied
from narrows.identity.service_accounts import DAY, Issued, identity_of, issue, rotate
from narrows.model.refusal import Code
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.accounts import AccountRefused, AccountsUnavailable, ServiceAccount
from narrows.ports.sightings import Use
from narrows.stores.sqlite.control import ControlDb
from narrows.wiring.clock import SystemClock

USUAL: Final = 90 * DAY
"""How long a key is good for, where nobody says and the configuration permits it."""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Make, list, rotate, review and revoke keys of service accounts.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object a key with its `id`.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The service account's name, which policies match.")],
    owner: Annotated[str, typer.Option(help="The person who answers for it: issuer:subject.")],
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN", help="How long it is good for: 12h; by default 90d, or what is configured at most."
        ),
    ] = None,
    purpose: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, once: only its hash is kept.

    A policy permits it with `who: {service_accounts: \\[NAME]}`. Callers send
    it like a token.

    [bold]Example[/bold]

      narrows keys create nightly-report --owner corp:ana --expires 90d --purpose "the nightly report"
    """
    clock = SystemClock()
    rules = account_rules(config, data)
    bound = rules.access.accounts
    span = min(USUAL, round(bound.longest * SECOND)) if expires is None else parse_span(expires, "--expires")
    full = rules.owner(owner)
    rules.check(name, full)
    with _accounts(config, data) as accounts:
        # An account's keys keep the spelling of its owner.
        known = [one.owner for one in accounts.list() if one.name == name and rules.same(one.owner, full)]
        spelt = known[-1] if known else full
        ends = clock.now() + span
        issued = issue(accounts, clock, name=name, owner=spelt, expires=ends, purpose=purpose, rules=bound)
    _show_new(issued, clock.now(), as_json=as_json)


@app.command("rotate")
def rotate_keys(
    name: Annotated[str, typer.Argument(help="The service account.")],
    overlap: Annotated[
        str, typer.Option(metavar="SPAN", help="How long the keys that it has are good for beside the new one.")
    ] = "24h",
    expires: Annotated[
        str | None, typer.Option(metavar="SPAN", help="How long the new one is good for; by default as the newest was.")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new key for a service account, and let those that it has end.

    Move the program to the new key within the overlap; then the others end
    by themselves.
    """
    clock = SystemClock()
    rules = account_rules(config, data)
    over = parse_span(overlap, "--overlap")
    span = None if expires is None else parse_span(expires, "--expires")
    with _accounts(config, data) as accounts:
        rotated = rotate(accounts, clock, name=name, overlap=over, span=span, rules=rules.access.accounts)
    _show_new(rotated.issued, clock.now(), as_json=as_json)
    if not as_json:
        for other in rotated.others:
            complain(f"Key {other.id} ends {show_moment(other.expires)}.")


@app.command("report")
def report_keys(
    stale: Annotated[str, typer.Option(metavar="SPAN", help="What nobody has used for so long is stale.")] = "30d",
    everything: Annotated[bool, typer.Option("--all", help="Those with which nothing is wrong, too.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which keys and rules of exchange nobody uses, or nobody answers for.

    An owner is missed only where their provider keeps its people here
    (SCIM); elsewhere nobody can tell.
    """
    clock = SystemClock()
    span = parse_span(stale, "--stale")
    rules = account_rules(config, data)
    with _accounts(config, data) as accounts:
        kept = accounts.list()
    show(report(find_store(config, data), kept, rules, clock, span), everything=everything, as_json=as_json)


@app.command("list")
def list_keys(config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List every key: its owner, its end, its last use, and whether it is in force.

    The keys themselves are not kept.
    """
    now = SystemClock().now()
    with opened(config, data) as books:
        kept, moment = books.accounts.list(), Moment(now, books.revocations.all())
    uses = last_uses(books.store)
    rows = [_row(account, now, uses.get(account.id), _ended(account, moment)) for account in kept]
    if as_json:
        for row in rows:
            print_json(row)
    elif rows:
        columns = ("id", "name", "owner", "state", "expires", "last used", "purpose")
        print_table(columns, [_cells(row, one, uses.get(one.id)) for row, one in zip(rows, kept, strict=True)])
    else:
        complain("There are no keys; `narrows keys create` makes one.")


@app.command()
def revoke(
    reference: Annotated[str, typer.Argument(metavar="ID-OR-NAME", help="A key's id, or a name to end all its keys.")],
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key, or every key of a service account, at once and for good. Calls under way with it are cut."""
    with _accounts(config, data) as accounts:
        ended = accounts.revoke(reference)
    now = SystemClock().now()
    if ended:
        with opened(config, data) as books:
            # The keys have ended already; this cuts what is under way with them.
            books.revocations.add(
                [revoking(Revoked.KEY, each.id, operator(), "narrows keys revoke", now) for each in ended]
            )
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


def _show_new(issued: Issued, now: int, *, as_json: bool) -> None:
    """Prints a new key, once."""
    account = issued.account
    if as_json:
        print_json({**_row(account, now), "key": issued.key.reveal()})
        return
    say(issued.key.reveal())
    complain(
        f"Key {account.id} of {account.name} ends {show_moment(account.expires)}. Keep it now: it is not shown again."
    )


def _cells(row: Row, account: ServiceAccount, used: Use | None) -> list[object]:
    last = None if used is None else show_moment(used.at)
    return [
        *(row[name] for name in ("id", "name", "owner", "state")),
        show_moment(account.expires),
        last,
        row["purpose"],
    ]


def _row(account: ServiceAccount, now: int, used: Use | None = None, ended: Revocation | None = None) -> Row:
    revoked = account.revoked if ended is None else min(ended.at, account.revoked or ended.at)
    return {
        "id": account.id,
        "name": account.name,
        "owner": account.owner,
        "state": _state(account, now, ended),
        "created": iso(account.created),
        "expires": iso(account.expires),
        "revoked": None if revoked is None else iso(revoked),
        "purpose": account.purpose,
        "last_used": None if used is None else iso(used.at),
    }


def _state(account: ServiceAccount, now: int, ended: Revocation | None) -> str:
    if account.revoked is not None:
        return "revoked"
    if account.expires <= now:
        return "expired"
    if ended is None:
        return "in force"
    return "contained" if denied(ended).code is Code.IDENTITY_CONTAINED else "revoked"


def _ended(account: ServiceAccount, moment: Moment) -> Revocation | None:
    """The revocation by which a gate refuses this key: of itself, of its account, or of its owner."""
    identity = identity_of(account)
    return moment.found(identity.principal, identity.credential)
