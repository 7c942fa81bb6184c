"""`narrows demo`: prints what to paste, and runs until it is stopped."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.request import Request, urlopen

import msgspec
import typer
import uvloop

from narrows.cli.configuration import DEFAULT, UNUSABLE
from narrows.cli.failure import Failure
from narrows.cli.terminal import complain, harmless, print_json, say
from narrows.cli.welcome import welcome
from narrows.config.problem import ConfigError
from narrows.config.schema import Logging
from narrows.demo.run import COMPILED, Options, Running, run_demo
from narrows.demo.servers import PortTaken
from narrows.demo.settings import SMALL_MODEL
from narrows.demo.state import state_file
from narrows.model.secret import Secret
from narrows.wiring import logs
from narrows.wiring.compiled import CompiledFiles, user_cache

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def demo(
    upstream: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Put your own model server behind the gate instead of the sample model."),
    ] = None,
    upstream_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", envvar="NARROWS_UPSTREAM_KEY", help="The key that server wants; callers never see it."
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The gate's port; by default 8080, or a free one if that is taken."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the records here; by default they go when the demo ends.")
    ] = None,
    delay: Annotated[
        int, typer.Option(metavar="MS", min=0, max=10_000, help="The sample model's pause between two words.")
    ] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON once the gate is ready, and nothing else.")
    ] = False,
) -> None:
    """Try Narrows: a gate, a sample model, users and a policy, with no
    configuration and no network.

    The gate listens on 127.0.0.1 only. Its identity provider is for
    development: it asks for no password.

    [bold]Examples[/bold]

      narrows demo

      narrows demo --upstream http://localhost:11434      # Ollama, vLLM, llama.cpp, …

      narrows demo --json --port 0 --data ./demo-records
    """
    logs.configure(Logging(level="warning" if not as_json else "info"))
    secret = None if upstream_key is None else Secret(upstream_key)
    options = Options(state_file(os.environ, Path.home()), port, data, upstream, secret, delay / 1000, _compiled(data))

    def announce(running: Running) -> None:
        if as_json:
            print_json(_ready(running))
        else:
            asyncio.get_running_loop().create_task(_welcome(running, port))

    try:
        uvloop.run(run_demo(options, announce))
    except PortTaken as taken:
        raise Failure(f"port {taken.port} is in use; choose another --port, or leave it out") from None
    except ConfigError as error:
        raise Failure(f"--upstream: {error.problems[0].message}", 2) from None
    except (OSError, *UNUSABLE) as error:
        raise Failure(f"the demo can't start: {error}") from None
    if not as_json:
        complain("The demo has ended.")


def _compiled(data: Path | None) -> Path | None:
    """Where compiled patterns stay when the data directory goes; says why the first start takes longer."""
    cache = user_cache(os.environ)
    if sys.stderr.isatty() and not CompiledFiles(cache if data is None else data / COMPILED).filled:
        complain("Compiling what masking looks for; this happens once and takes some seconds.")
    return cache


def _ready(running: Running) -> dict[str, Any]:
    return {
        "gate": running.gate,
        "console": running.console,
        "metrics": running.metrics,
        "connections": running.connections,
        "tokens": running.tokens,
    }


async def _welcome(running: Running, port: int | None) -> None:
    model = SMALL_MODEL if running.upstream is None else await asyncio.to_thread(_first_model, running)
    if port is None and not running.gate.endswith(":8080"):
        complain(f"Port 8080 is in use, so the gate listens on {running.gate.rpartition(':')[2]}.")
    if model is None:
        complain(f"{running.upstream} gives no list of models (is it running?); put a model's name in place of MODEL.")
    shown = msgspec.structs.replace(running, found=running.found and _is_default())
    say(harmless(welcome(shown, model or "MODEL", _command())))
    sys.stdout.flush()
    logs.configure(Logging(level="info"))  # from here on a saved change of the policies should be answered


def _is_default() -> bool:
    """Whether the other commands, used here, would mean the demo."""
    return not Path(DEFAULT).exists() and not os.environ.get("NARROWS_CONFIG")


def _first_model(running: Running) -> str | None:
    """A model of the user's own server, asked for through the gate."""
    request = Request(f"{running.gate}/openai/v1/models", headers={"x-api-key": running.tokens["dave"]})  # noqa: S310
    try:
        with urlopen(request, timeout=5) as reply:  # noqa: S310 - the gate's own loopback address
            models = json.load(reply)["data"]
            return str(models[0]["id"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _command() -> str:
    """How to call this program from where the user is."""
    here = Path(sys.argv[0])
    found = shutil.which(here.name)
    if found is not None and Path(found).resolve() == here.resolve():
        return here.name
    try:
        return str(here.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(here)
