"""`narrows who`: what an identity could reach and spend, what it holds and owns, and what it did last."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from narrows.cli.configuration import ConfigOption, DataOption, checked, find_store
from narrows.cli.failure import FAILED, Failure
from narrows.cli.moments import parse_moment
from narrows.cli.terminal import print_json, say
from narrows.cli.who_page import page
from narrows.console.who_views import who_view
from narrows.identity.radius import Rules
from narrows.ports.access import AccessUnavailable
from narrows.ports.accounts import AccountsUnavailable
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.ports.changes import ChangesUnavailable
from narrows.ports.directory import DirectoryUnavailable
from narrows.ports.revocations import RevocationRefused, RevocationsUnavailable
from narrows.ports.sightings import SightingsUnavailable
from narrows.ports.tokens import TokensUnavailable
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.wiring.clock import SystemClock
from narrows.wiring.revisions import RevisionUnreadable, current, past
from narrows.wiring.who import Readers, opened

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command()
def who(
    user: Annotated[
        str,
        typer.Argument(metavar="USER", help="issuer:subject, a subject of the only issuer, or a service account."),
    ],
    group: Annotated[
        list[str] | None, typer.Option(help="Suppose that they are in this group; may be repeated.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As of then: 30m, 2h, 1d ago, or an ISO date or time.")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show an identity's blast radius: what it could reach and spend, what it
    holds and owns, what was revoked of it, and what it did last.

    What it could reach is told for each way in: a fresh sign-in, a grant, a key;
    and for the service accounts that it owns. Groups are those of the directory,
    or of the credential that was seen last; --group supposes others.

    With --at it is as of then: by the policies that were in force, and the
    revocations, grants and keys that stood. Groups are then those of the
    credential that was seen last before; a directory keeps no past.

    [bold]Examples[/bold]

      narrows who corp:ana

      narrows who corp:ana --at 2026-01-31T14:00

      narrows who ci-tests --json
    """
    result = checked(config)
    store = find_store(config, data)
    moment = None if at is None else parse_moment(at, SystemClock().now(), "--at")
    with readers(store) as books:
        now = current(store, result.config) if moment is None else _then(store, moment)
        found = books.who(user, result.config, now, at=moment, groups=tuple(group or ()))
    if as_json:
        print_json(msgspec.to_builtins(who_view(found)))
    else:
        say("\n".join(page(who_view(found))))


def _then(store: Path, at: int) -> Rules:
    """The policies that were in force. Raises Failure."""
    try:
        return past(store, at, SystemClock().now())
    except RevisionUnreadable as problem:
        raise Failure(str(problem), FAILED) from None


@contextmanager
def readers(store: Path) -> Iterator[Readers]:
    """The files; what keeps them from being read becomes a message."""
    try:
        with opened(store, SystemClock()) as books:
            yield books
    except (
        AccessUnavailable,
        AccountsUnavailable,
        ApprovalsUnavailable,
        ChangesUnavailable,
        DataDirectoryError,
        DirectoryUnavailable,
        RevocationRefused,
        RevocationsUnavailable,
        SightingsUnavailable,
        TokensUnavailable,
    ) as problem:
        raise Failure(str(problem), FAILED) from None
