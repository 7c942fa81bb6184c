"""`narrows login`: sign in at the issuer of a gate, and keep what that gives for other commands."""

import os
import sys
import time
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer

from narrows.cli.failure import USAGE, Failure
from narrows.cli.moments import SECOND, iso, show_moment
from narrows.cli.signins import now, open_logins, told
from narrows.cli.terminal import complain, harmless, print_json, say
from narrows.client.device import DeviceCode, Waiting
from narrows.client.gate import choose_issuer, gate_url, read_gate
from narrows.client.signing import Place, SignIn
from narrows.client.vault import system_keyring
from narrows.client.web import Web
from narrows.model.secret import Secret

app = typer.Typer(rich_markup_mode="rich", add_completion=False)

_REMOTE: Final = ("SSH_CONNECTION", "SSH_TTY")


@app.command()
def login(
    url: Annotated[
        str | None, typer.Option(envvar="NARROWS_URL", help="The gate's address, such as https://gate.example.com.")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="Which of the gate's issuers, if it has several.")] = None,
    device: Annotated[bool, typer.Option("--device", help="Show a code to type in on another device.")] = False,
    browser: Annotated[bool, typer.Option("--browser", help="Use a browser on this machine.")] = False,
    id_token: Annotated[
        str | None, typer.Option(metavar="FILE", help="An ID token that is here already; - reads it from the input.")
    ] = None,
    file: Annotated[bool, typer.Option("--file", help="Keep tokens in a file even where a keyring is.")] = False,
    ca_bundle: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM file of the authorities to trust, and no others.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print who signed in where as JSON.")] = False,
) -> None:
    """Sign in for a gate, with a browser or a code, and keep what that gives.

    The gate says where to sign in. Without an option a browser is used where
    there is one, else a code. `narrows token` then prints a token, `narrows
    proxy` adds it to calls; both renew it.

    [bold]Examples[/bold]

      narrows login --url https://gate.example.com

      narrows login --device
    """
    if (device, browser, id_token is not None).count(True) > 1:
        raise Failure("--device, --browser and --id-token are three ways; choose one", USAGE)
    with told():
        logins = open_logins()
        address = _address(url)
        web = Web(None if ca_bundle is None else str(ca_bundle.resolve()))
        document = read_gate(web, address)
        chosen = choose_issuer(document, address, issuer)
        place = Place(address, document, chosen, None if ca_bundle is None else str(ca_bundle.resolve()))
        complain(f"Signing in at {chosen.issuer} for {address}")
        flow = SignIn(web, place, Waiting(now, time.sleep, time.monotonic), os.urandom)
        if id_token is not None:
            made, tokens = flow.by_id_token(_read_token(id_token))
        elif device or not (browser or _has_browser()):
            made, tokens = flow.by_device(_Terminal())
        else:
            made, tokens = flow.by_browser(_Terminal())
        if not file and system_keyring() is not None:
            made = made.in_keyring()
        logins.keep(made, tokens)
    until, renewed = tokens.expires * SECOND, tokens.refresh is not None
    if as_json:
        row = {"url": made.url, "issuer": chosen.name, "subject": made.subject, "name": made.name}
        print_json({**row, "expires": iso(until), "renewed": renewed, "kept": made.kept})
        return
    say(harmless(f"Signed in as {made.name} for {made.url}."))
    if not renewed:
        complain(f"The issuer gave nothing to renew it with: it ends {show_moment(until)}.")


def _address(url: str | None) -> str:
    if url is not None:
        return gate_url(url)
    current = open_logins().find(None)
    if current is None:
        raise Failure("say for which gate: `narrows login --url https://gate.example.com`", USAGE)
    return current.url


def _read_token(name: str) -> Secret:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"the ID token can't be read: {error}", USAGE) from None
    if not text.strip():
        raise Failure("there is no ID token in what was read", USAGE)
    return Secret(text.strip())


class _Terminal:
    """Tells the person at the terminal what to do. Addresses and codes are a provider's words."""

    def page(self, url: str) -> None:
        """Opens the page, and shows it in any case: nobody sees from here whether a browser came up."""
        opened = webbrowser.open(url)
        complain("A browser should open; if none does, open this page:" if opened else "Open this page in a browser:")
        complain(f"  {url}")

    def code(self, code: DeviceCode) -> None:
        """Shows the code."""
        complain(f"Open {code.verification_uri} on any device and type in this code:")
        complain(f"  {code.user_code}")
        if code.verification_uri_complete is not None:
            complain(f"Or open this page, which knows it: {code.verification_uri_complete}")


def _has_browser() -> bool:
    """Whether a browser on this machine is likely to be in front of the person."""
    if any(os.environ.get(name) for name in _REMOTE):
        return False
    if sys.platform != "darwin" and not any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True
