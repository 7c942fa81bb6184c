"""`narrows access`: access for a time. Whoever wants it asks the console with their sign-in, and gets its tokens there;
deciding goes beside the store, too, as the local operator."""

import contextlib
import hashlib
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, Protocol

import typer

from narrows.cli.access_page import COLUMNS, cells, missing, page, row_of, scope
from narrows.cli.approvals import operator
from narrows.cli.configuration import DEFAULT, ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.moments import parse_span
from narrows.cli.signins import chosen, fresh, open_logins, told
from narrows.cli.terminal import Row, complain, harmless, print_json, print_table, say
from narrows.client.console import ConsoleApi
from narrows.client.web import Web
from narrows.model.access import GrantAct, GrantState, Step
from narrows.ports.access import AccessRefused, AccessUnavailable
from narrows.stores.sqlite.grants import SqliteGrants
from narrows.wiring.clock import SystemClock

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Ask for access for a time, decide about it, and get its tokens.",
)

_PATH: Final = "/api/v1/access"
_STATES: Final = ", ".join(state.value for state in GrantState)
_STANDING: Final = (GrantState.PENDING.value, GrantState.ACTIVE.value)

UrlOption = Annotated[
    str | None,
    typer.Option(envvar="NARROWS_URL", help="The gate whose console is asked, with your sign-in; or see -c."),
]
OwnUrlOption = Annotated[
    str | None,
    typer.Option(envvar="NARROWS_URL", help="The gate it is for; by default the last that you signed in for."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object each with its `id`.")]
GrantArgument = Annotated[str, typer.Argument(metavar="ACCESS", help="The id of the access, grt_….")]
Names = list[str]


class Door(Protocol):
    """The way to what was asked for: the console's API, or the store."""

    def all(self) -> Sequence[Row]:
        """Everything that may be known, oldest first."""

    def one(self, ident: str) -> Row:
        """One of them. Raises Failure."""

    def say(self, ident: str, step: Step, reason: str | None) -> Row:
        """What has become of it. Raises Failure."""


class _Console:
    def __init__(self, api: ConsoleApi) -> None:
        self._api = api

    def all(self) -> Sequence[Row]:
        return self._api.all(_PATH)

    def one(self, ident: str) -> Row:
        return self._api.get(f"{_PATH}/{_id(ident)}")

    def say(self, ident: str, step: Step, reason: str | None) -> Row:
        said: Row = self._api.post(f"{_PATH}/{_id(ident)}/{step}", {} if reason is None else {"reason": reason})
        found: Row = said["access"]
        return found


class _Store:
    def __init__(self, grants: SqliteGrants, store: Path) -> None:
        self._grants = grants
        self._store = store

    def all(self) -> Sequence[Row]:
        return [row_of(grant) for grant in self._grants.list()]

    def one(self, ident: str) -> Row:
        grant = self._grants.get(ident)
        if grant is None:
            raise Failure(f"there is no access '{ident}'; `narrows access list --all` shows what is", FAILED)
        return row_of(grant)

    def say(self, ident: str, step: Step, reason: str | None) -> Row:
        who = operator()
        try:
            grant = self._grants.act(GrantAct(ident, who, step, 0, reason))
        except AccessRefused as refused:
            raise Failure(str(refused), FAILED) from None
        if step is not Step.CANCEL:
            complain(
                f"Recorded as {who}, the local operator of {self._store}. Nothing here can tell whether that is also "
                f"who asked ({grant.request.requester}): nobody should decide about their own access."
            )
        return row_of(grant)


@app.command()
def request(
    connection: Annotated[Names, typer.Option(help="A connection; may be repeated.")],
    operation: Annotated[Names, typer.Option(help="An operation, such as chat; may be repeated.")],
    lasting: Annotated[str, typer.Option("--for", metavar="SPAN", help="For how long: 30m, 8h.")],
    reason: Annotated[str, typer.Option(help="Why; whoever approves is shown it.")],
    model: Annotated[Names | None, typer.Option(help="A model, or a glob; may be repeated.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A client certificate (PEM) to bind the tokens to.")
    ] = None,
    url: OwnUrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for access. A rule approves it at once, or people are asked.

    What may be asked for, and who approves, is configured under
    `access.rules`. When it is approved `narrows access token` gives a token.

    [bold]Example[/bold]

      narrows access request --connection openai --model "gpt-4o*" --operation chat --for 2h --reason "the outage"
    """
    parse_span(lasting, "--for")
    wish: Row = {
        "connections": connection,
        "models": model or [],
        "operations": operation,
        "for": lasting,
        "reason": reason,
    }
    if certificate is not None:
        wish["certificate"] = fingerprint(certificate)
    with _signed_in(url) as api:
        given = api.post(_PATH, wish)
    if as_json:
        print_json(given)
        return
    say(harmless(f"{given['id']} {given['state']}: {scope(given)}, by rule {given['rule']}"))
    if given["state"] == GrantState.PENDING:
        complain(f"It waits for {missing(given)}. `narrows access show {given['id']}` says what has become of it.")
    else:
        complain(f"`narrows access token {given['id']}` gives a token.")


@app.command("list")
def list_access(
    every: Annotated[bool, typer.Option("--all", help="What is over, too.")] = False,
    state: Annotated[str | None, typer.Option(help=f"Only what is {_STATES}.")] = None,
    url: UrlOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was asked for and what was given; the oldest first."""
    if state is not None and state not in list(GrantState):
        raise Failure(f"--state: '{state}' is none of {_STATES}", USAGE)
    wanted = (state,) if state is not None else None if every else _STANDING
    with _door(url, config, data) as door:
        found = [row for row in door.all() if wanted is None or row["state"] in wanted]
    if as_json:
        for row in found:
            print_json(row)
    elif found:
        print_table(COLUMNS, [cells(row) for row in found])
    else:
        complain("Nobody has access for a time, and nobody asks for it." if wanted == _STANDING else "There is none.")


@app.command()
def show(
    access: GrantArgument,
    url: UrlOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all of one: who asked for what and why, who must approve, what was said, and until when it lasts."""
    with _door(url, config, data) as door:
        row = door.one(access)
    if as_json:
        print_json(row)
    else:
        say(page(row))


@app.command()
def approve(
    access: GrantArgument,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    url: UrlOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve what somebody else asks for. It begins when all have approved who must."""
    _say(Step.APPROVE, access, reason, url, config, data, as_json=as_json)


@app.command()
def reject(
    access: GrantArgument,
    reason: Annotated[str, typer.Option(help="Why; whoever asked is told.")],
    url: UrlOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reject what somebody else asks for."""
    _say(Step.REJECT, access, reason, url, config, data, as_json=as_json)


@app.command()
def cancel(
    access: GrantArgument,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    url: UrlOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back what nobody has decided yet, or give back what you were given: its tokens end at once.

    Beside the store, what was given ends with `narrows revoke grant`.
    """
    _say(Step.CANCEL, access, reason, url, config, data, as_json=as_json)


@app.command()
def token(access: GrantArgument, url: OwnUrlOption = None, as_json: JsonOption = False) -> None:
    """Print a token for access that you were given. It ends with the access, and is shown this once.

    [bold]Example[/bold]

      export OPENAI_API_KEY=$(narrows access token grt_0f3kq81zt0aa)
    """
    with _signed_in(url) as api:
        given = api.post(f"{_PATH}/{_id(access)}/token")
    if as_json:
        print_json(given)
    else:
        say(harmless(str(given["token"])))


def fingerprint(path: Path) -> str:
    """The SHA-256, in hex, of the first certificate in a PEM file. Raises Failure."""
    try:
        text = path.read_text(encoding="ascii")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----", begin)
        der = ssl.PEM_cert_to_DER_cert(text[begin:end] + "-----END CERTIFICATE-----\n")
    except OSError as error:
        raise Failure(f"{path}: the file can't be read: {error.strerror}", USAGE) from None
    except ValueError:
        raise Failure(f"{path}: there is no PEM certificate in it", USAGE) from None
    return hashlib.sha256(der).hexdigest()


def _say(
    step: Step,
    access: str,
    reason: str | None,
    url: str | None,
    config: Path | None,
    data: Path | None,
    *,
    as_json: bool,
) -> None:
    with _door(url, config, data) as door:
        row = door.say(access, step, reason)
    if as_json:
        print_json(row)
        return
    wanted = missing(row)
    say(harmless(f"{row['id']} {row['state']}{f'; still needed: {wanted}' if wanted else ''}"))


@contextlib.contextmanager
def _door(url: str | None, config: Path | None, data: Path | None) -> Iterator[Door]:
    """The store where a command is run beside one; else, or where a gate is named, its console."""
    beside = config is not None or data is not None or Path(DEFAULT).exists()
    if url is not None or (not beside and open_logins().find(None) is not None):
        with _signed_in(url) as api:
            yield _Console(api)
        return
    store = find_store(config, data, make=True)
    try:
        with contextlib.closing(SqliteGrants(store, SystemClock())) as grants:
            yield _Store(grants, store)
    except AccessUnavailable as problem:
        raise Failure(str(problem), FAILED) from None


@contextlib.contextmanager
def _signed_in(url: str | None) -> Iterator[ConsoleApi]:
    """The console of a gate, in the name of whoever signed in for it. Raises Failure."""
    logins = open_logins()
    login = chosen(logins, url)
    if login.console is None:
        raise Failure(f"the gate at {login.url} does not say where its console is (`console.url`)", FAILED)
    with told():
        yield ConsoleApi(Web(login.ca_bundle), login.console, fresh(logins, login).access)


def _id(text: str) -> str:
    """An id as it may stand in a path. Raises Failure."""
    if not text.isascii() or not text.replace("_", "").isalnum():
        raise Failure(f"'{text}' is no id of access (grt_…)", USAGE)
    return text
