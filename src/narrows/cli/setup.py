"""`narrows setup`: the settings with which coding agents and SDKs call a gate, shown or written."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from narrows.cli.failure import USAGE, Failure
from narrows.cli.proxy import PORT
from narrows.cli.signins import open_logins, told
from narrows.cli.terminal import complain, harmless, print_json, say
from narrows.client.gate import gate_url
from narrows.client.placing import AlreadyThere, place
from narrows.client.recipes import MODEL, RECIPES, UNUSED, Recipe, Setup, Told

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def setup(
    tool: Annotated[str | None, typer.Argument(help=f"One of {', '.join(RECIPES)}; none lists them.")] = None,
    url: Annotated[
        str | None, typer.Option(envvar="NARROWS_URL", help="The gate's address; by default the last signed in for.")
    ] = None,
    connection: Annotated[
        str | None, typer.Option(help="A connection of the gate; without it the model decides where a call goes.")
    ] = None,
    model: Annotated[str, typer.Option(help="The model, for tools whose settings name one.")] = MODEL,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where `narrows proxy` listens.")] = PORT,
    key: Annotated[str, typer.Option(help="The key that `narrows proxy --key` shows.")] = UNUSED,
    write: Annotated[bool, typer.Option("--write", help="Write them into the tool's file, with a backup.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what is to be set as JSON.")] = False,
) -> None:
    """Show the settings with which a tool calls the gate, or write them.

    Tools that can run a command for their credential call the gate itself
    with `narrows token`; all others call `narrows proxy`, which must run.

    [bold]Examples[/bold]

      narrows setup claude-code --write

      narrows setup openai-python --connection openai
    """
    if tool is None:
        for name, recipe in RECIPES.items():
            say(f"{name:18}{recipe.title}")
        return
    chosen = RECIPES.get(tool)
    if chosen is None:
        raise Failure(f"'{tool}' is not known; choose of {', '.join(RECIPES)}", USAGE)
    made = chosen.make(_place(url, connection, model, port, key))
    if as_json:
        path = None if made.path is None else str(made.path)
        print_json({"id": tool, "file": path, **{k: getattr(made, k) for k in ("kind", "text", "proxied", "note")}})
    elif write:
        _write(tool, chosen, made, model)
    else:
        if made.path is not None:
            complain(f"For {_short(made.path)} (--write puts it there):\n")
        say(harmless(made.text.rstrip()))
        _advise(made)


def _place(url: str | None, connection: str | None, model: str, port: int, key: str) -> Setup:
    if url is None:
        current = open_logins().find(None)
        if current is None:
            raise Failure("say for which gate: sign in with `narrows login`, or give --url", USAGE)
        url = current.url
    with told():
        gate = gate_url(url)
    below = "" if connection is None else f"/{connection}"
    proxy = f"http://127.0.0.1:{port}"
    return Setup(
        openai=f"{gate}{below}/v1",
        anthropic=f"{gate}{below}",
        proxy_openai=f"{proxy}{below}/v1",
        proxy_anthropic=f"{proxy}{below}",
        command=(shutil.which("narrows") or sys.argv[0], "token", "--url", gate),
        home=Path.home(),
        model=model,
        key=key,
    )


def _write(tool: str, recipe: Recipe, made: Told, model: str) -> None:
    if made.path is None:
        raise Failure(f"{recipe.title} has no file to write; `narrows setup {tool}` shows what to set", USAGE)
    if model == MODEL and MODEL in made.text:
        raise Failure(f"{recipe.title} must be told a model: --model NAME", USAGE)
    try:
        with told():
            backup = place(made.path, made.kind, made.text, made.kept)
    except AlreadyThere:
        say(harmless(f"{_short(made.path)} says so already."))
    else:
        say(harmless(f"Wrote {_short(made.path)}."))
        if backup is not None:
            say(harmless(f"What was there is in {_short(backup)}."))
    _advise(made)


def _short(path: Path) -> str:
    """A path as people write it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _advise(made: Told) -> None:
    if made.proxied:
        complain("\nThe proxy must run meanwhile: narrows proxy")
    if made.note:
        complain(f"\n{made.note}")
