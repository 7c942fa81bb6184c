"""`narrows token`: a token from the running demo's identity provider."""

import json
import os
from pathlib import Path
from typing import Annotated
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import typer

from narrows.cli.failure import USAGE, Failure
from narrows.cli.terminal import print_json, say
from narrows.demo.state import read_state, state_file

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def token(
    user: Annotated[str, typer.Option(help="alice, bob, carol or dave.")] = "alice",
    as_json: Annotated[bool, typer.Option("--json", help="Print the provider's whole answer.")] = False,
) -> None:
    """Print an access token for a user of the running demo. It is good for one
    hour.

    [bold]Examples[/bold]

      curl http://127.0.0.1:8080/openai/v1/models -H "Authorization: Bearer $(narrows token)"

      export TOKEN=$(narrows token --user bob)
    """
    state = read_state(state_file(os.environ, Path.home()))
    if state is None:
        raise Failure("no demo is running here; start one with `narrows demo`", USAGE)
    answer = _ask(f"{state.provider}/token", user)
    if as_json:
        print_json(answer)
    else:
        say(answer["access_token"])


def _ask(url: str, user: str) -> dict[str, str]:
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
