"""`narrows token`: a token to call a gate with, from a sign-in that is kept or from the running demo."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from narrows.cli.failure import USAGE, Failure
from narrows.cli.moments import SECOND, iso
from narrows.cli.signins import chosen, fresh, open_logins, told
from narrows.cli.terminal import print_json, say
from narrows.client.logins import Logins
from narrows.demo.state import read_state, state_file

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def token(
    user: Annotated[str | None, typer.Option(help="Of the demo: alice, bob, carol or dave.")] = None,
    url: Annotated[
        str | None, typer.Option(envvar="NARROWS_URL", help="The gate it is for; by default the last signed in for.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it with its end, as JSON.")] = False,
) -> None:
    """Print an access token, renewed if it is about to end.

    It is the token of your sign-in (`narrows login`). With --user, and where
    nobody has signed in, it is one of the running demo, by default of alice,
    and good for one hour.

    [bold]Examples[/bold]

      curl https://gate.example.com/v1/models -H "Authorization: Bearer $(narrows token)"

      export TOKEN=$(narrows token --user bob)
    """
    if user is None:
        logins = open_logins()
        if url is not None or logins.find(None) is not None:
            _print_own(logins, url, as_json=as_json)
            return
    _print_demo(user or "alice", as_json=as_json)


def _print_own(logins: Logins, url: str | None, *, as_json: bool) -> None:
    login = chosen(logins, url)
    with told():
        tokens = fresh(logins, login)
    if as_json:
        row = {"access_token": tokens.access.reveal(), "token_type": "Bearer", "expires": iso(tokens.expires * SECOND)}
        print_json({**row, "url": login.url, "subject": login.subject})
    else:
        say(tokens.access.reveal())


def _print_demo(user: str, *, as_json: bool) -> None:
    state = read_state(state_file(os.environ, Path.home()))
    if state is None:
        raise Failure("nobody is signed in and no demo is running here; run `narrows login`, or `narrows demo`", USAGE)
    answer = _ask(f"{state.provider}/token", user)
    if as_json:
        print_json(answer)
    else:
        say(answer["access_token"])


def _ask(url: str, user: str) -> dict[str, str]:
    # Tools run this command again and again for a sign-in's token, which needs no network.
    from urllib.error import HTTPError  # noqa: PLC0415
    from urllib.parse import urlencode  # noqa: PLC0415
    from urllib.request import urlopen  # noqa: PLC0415

    form = urlencode({"user": user}).encode()
    try:
        with urlopen(url, form, timeout=10) as reply:  # noqa: S310 - the demo's own loopback address
            answer: dict[str, str] = json.load(reply)
            return answer
    except HTTPError as error:
        with error:
            raise Failure(str(json.load(error).get("error_description", error))) from None
    except (OSError, ValueError) as error:
        raise Failure(f"the demo's identity provider at {url} does not answer: {error}") from None
