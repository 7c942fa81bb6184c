"""`narrows contain`: ends everything that is somebody's, and keeps them out until that is lifted."""

import glob
from typing import Annotated, Final

import typer

from narrows.cli.approvals import operator
from narrows.cli.configuration import ConfigOption, DataOption
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.stopping import Books, enforced, opened, row, told
from narrows.cli.terminal import complain, harmless, print_json, say
from narrows.identity.containment import Holdings, containing, holdings, named
from narrows.identity.revocations import owned_by
from narrows.model.approval import TicketState
from narrows.model.revocation import Revoked
from narrows.ports.sightings import SightingsUnavailable
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.selection import Filters

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

_STANDS: Final = (TicketState.PENDING, TicketState.APPROVED)
_LATELY: Final = 600_000_000
"""Microseconds for which the record is looked through for somebody whom nothing else knows."""

_WORDS: Final = {
    "addresses": "called besides, and contained so",
    "accounts": "service accounts owned",
    "keys": "keys of these",
    "tokens": "tokens issued and in force",
    "grants": "grants",
    "requests": "requests for access that wait",
    "approvals": "calls that wait for approval, or are approved",
}


@app.command()
def contain(
    user: Annotated[str, typer.Argument(metavar="USER", help="The person: issuer:subject.")],
    reason: Annotated[str, typer.Option(help="Why. It is recorded, and callers do not see it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be ended, and end nothing.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Take it back.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Contain a person: end all that is theirs, at once, and let none of it in until that is lifted.

    That is every credential of theirs, tokens of the identity provider that are
    still valid included; the service accounts they own, with their keys and
    tokens; grants; calls that wait for approval; requests for access. Open
    streams end with an error event.

    [bold]Examples[/bold]

      narrows contain corp:ana --reason "incident 4711" --dry-run

      narrows contain corp:ana --reason "incident 4711"

      narrows contain corp:ana --reason "resolved" --lift
    """
    if dry_run and lift:
        raise Failure("--dry-run and --lift: choose one", USAGE)
    with opened(config, data) as books:
        who = named(Revoked.USER, user, books.issuers)
        if lift:
            _lift(books, who, reason, as_json=as_json)
            return
        now = books.clock.now()
        asked = books.decisions.list(_STANDS)
        held = holdings(who, books.accounts, books.tokens, books.grants, asked, now, books.directory)
        made = containing(who, held, operator(), reason, now)
        stopped = None
        if not dry_run:
            books.revocations.add(made)
            stopped = enforced(books, made)
        _warn_of_strangers(books, who, held)
        if as_json:
            print_json(
                {
                    "id": made[0].containment,
                    "user": who,
                    "dry_run": dry_run,
                    "holds": {name: list(getattr(held, name)) for name in _WORDS},
                    "revocations": [row(one, None, stopped or ()) for one in made],
                }
            )
            return
        say(harmless(f"{who} {'would be contained' if dry_run else f'is contained ({made[0].containment})'}"))
        _show(held)
        if not dry_run:
            told(stopped, now, books.clock.now())


def _warn_of_strangers(books: Books, who: str, held: Holdings) -> None:
    """A slip of the hand contains somebody who does not exist, and leaves in whoever was meant."""
    issuer, _, subject = who.partition(":")
    try:
        known = {use.principal for use in books.gate.uses().values()}
    except SightingsUnavailable:
        known = set()
    known |= {account.owner for account in books.accounts.list()}
    theirs = held.grants or held.requests or books.tokens.of(who)
    if who in known or theirs or books.directory.people_with(issuer, "subject", subject) or _called(books, who):
        return
    like = sorted(name for name in known if owned_by(name) == owned_by(who))
    meant = f"; did you mean {', '.join(like)}?" if like else ""
    complain(f"Warning: nothing here knows {who}, and names count letter for letter{meant}")


def _called(books: Books, who: str) -> bool:
    """Whether they have called lately: what gates tell of uses comes once a minute, the record at once."""
    since = books.clock.now() - _LATELY
    try:
        return any(Archive(books.store).calls(Filters(user=glob.escape(who), since=since), limit=1))
    except DataDirectoryError:
        return False


def _show(held: Holdings) -> None:
    for name, words in _WORDS.items():
        found = getattr(held, name)
        say(harmless(f"  {words}: {', '.join(found) if found else 'none'}"))
    say("  tokens of the identity provider: all of them, also those that nobody has shown yet")


def _lift(books: Books, who: str, reason: str, *, as_json: bool) -> None:
    standing = [one for one in books.revocations.standing() if one.containment and one.kind is Revoked.USER]
    mine = [one for one in standing if one.subject == who]
    ours = dict.fromkeys(one.containment for one in mine if not one.by_provider)
    if not mine:
        raise Failure(f"{who} is not contained", FAILED)
    lifted = [one for name in ours if name for one in books.revocations.lift(name, operator(), reason)]
    for one in lifted:
        if as_json:
            print_json(row(one))
        else:
            say(harmless(f"lifted {one.id}: {one.kind.value} {one.subject}"))
    for one in mine:
        if one.by_provider:
            complain(
                f"{who} stays contained: the identity provider said so ({one.reason}). Activate them there, or use "
                f"`narrows revocations lift {one.containment}`."
            )
