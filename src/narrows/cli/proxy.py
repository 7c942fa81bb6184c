"""`narrows proxy`: a proxy on this machine that adds this person's credential to calls and keeps it fresh."""

import asyncio
import os
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from narrows.cli.failure import USAGE, Failure
from narrows.cli.signins import chosen, fresh, now, open_logins, renewal, told
from narrows.cli.terminal import complain, harmless, print_json, say
from narrows.client.freshness import Freshness
from narrows.client.logins import Login, Logins
from narrows.client.neighbours import Neighbours
from narrows.client.proxy import Proxy, Rules, server
from narrows.client.vault import FileVault
from narrows.client.way import way
from narrows.model.secret import Secret
from narrows.wiring.clock import SequentialIds
from narrows.wiring.places import state_folder

app = typer.Typer(rich_markup_mode="rich", add_completion=False)

PORT: Final = 8089
_KEY: Final = "proxy"
_NAMES: Final = ("127.0.0.1", "localhost")


@app.command()
def proxy(
    url: Annotated[str | None, typer.Option(envvar="NARROWS_URL", help="For which gate; by default the last.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = PORT,
    key: Annotated[bool, typer.Option("--key", help="Demand a key of its own, which it shows.")] = False,
    origin: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="A web origin that may use it, such as app://notes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print its address as JSON.")] = False,
) -> None:
    """Add your credential to calls, and renew it, for tools that can't.

    Tools call the proxy in place of the gate, with any API key: theirs is left
    out. Only programs of yours on this machine get through, and no web page.
    Where the system does not tell whose a connection is, it demands a key.

    [bold]Example[/bold]

      narrows proxy &

      export OPENAI_BASE_URL=http://127.0.0.1:8089/v1 OPENAI_API_KEY=unused
    """
    logins = open_logins()
    login = chosen(logins, url)
    neighbours = Neighbours()
    demanded = _own_key() if key or not neighbours.can_tell() else None
    with told():
        # Whoever can't have a token now should hear it here, and not in some tool.
        fresh(logins, login)
    rules = Rules(frozenset(), frozenset(each.encode() for each in origin or ()), demanded)
    running = _Running(logins, login, rules, neighbours if neighbours.can_tell() else None)
    try:
        asyncio.run(running.serve(port, lambda address: _announce(login, address, demanded, as_json=as_json)))
    except OSError as error:
        raise Failure(f"can't listen on 127.0.0.1:{port}: {error.strerror}; choose another --port", USAGE) from None


def _announce(login: Login, address: str, key: Secret | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"url": address, "gate": login.url, "key": None if key is None else key.reveal()})
        return
    say(harmless(f"{address} passes calls on to {login.url} as {login.name}."))
    say(f"Base URL for OpenAI's clients: {address}/v1, for Anthropic's: {address}")
    say("API key: any; it is left out." if key is None else f"API key: {key.reveal()}")
    complain("Press Ctrl-C to end it.")


def _own_key() -> Secret:
    """The proxy's key, the same each time, so that tools can be set up with it."""
    vault = FileVault(state_folder(os.environ, Path.home()))
    with told():
        kept = vault.get(_KEY)
        if kept is None:
            kept = b"narrows-proxy-" + secrets.token_urlsafe(24).encode()
            vault.put(_KEY, kept)
    return Secret(kept.decode())


class _Running:
    """The proxy while it runs."""

    def __init__(self, logins: Logins, login: Login, rules: Rules, neighbours: Neighbours | None) -> None:
        self._logins, self._login = logins, login
        self._rules = rules
        self._neighbours = neighbours

    async def serve(self, port: int, announce: Callable[[str], None]) -> None:
        """Serves until a signal. Raises OSError where the port can't be had."""
        upstream = way(self._login.url, self._login.ca_bundle)
        freshness = Freshness(lambda refused: renewal(self._logins, self._login).fresh(refused), now)
        handler = Proxy(upstream, freshness.tokens, now)
        edge = server(port, handler, SequentialIds(), self._neighbours, lambda said: complain(f"narrows: {said}"))
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await edge.start()
        handler.admit(
            msgspec.structs.replace(self._rules, hosts=frozenset(f"{n}:{edge.port}".encode() for n in _NAMES))
        )
        try:
            announce(f"http://127.0.0.1:{edge.port}")
            await stop.wait()
        finally:
            await edge.drain()
            await freshness.close()
            upstream.close()
