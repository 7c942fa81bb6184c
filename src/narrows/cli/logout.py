"""`narrows logout`: end a sign-in at its issuer and forget it."""

from typing import Annotated

import typer

from narrows.cli.signins import chosen, open_logins, renewal, told
from narrows.cli.terminal import complain, harmless, say

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def logout(
    url: Annotated[str | None, typer.Option(envvar="NARROWS_URL", help="For which gate; by default the last.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="For every gate.")] = False,
) -> None:
    """Revoke at the issuer what a sign-in gave, and forget it here.

    An access token that the issuer can't revoke ends by itself. To cut off
    somebody else, or yourself at once, use `narrows revoke` or `narrows
    contain` beside the gate.
    """
    logins = open_logins()
    found = logins.all() if everything else [chosen(logins, url)]
    for login in found:
        with told():
            for message in renewal(logins, login).end():
                complain(f"narrows: {message}")
        say(harmless(f"Signed out of {login.url}."))
    if not found:
        complain("Nobody is signed in.")
