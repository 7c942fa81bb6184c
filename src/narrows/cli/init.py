"""`narrows init`: a commented configuration to begin with."""

from pathlib import Path
from typing import Annotated

import typer

from narrows.cli.configuration import DEFAULT
from narrows.cli.failure import USAGE, Failure
from narrows.cli.terminal import harmless, say
from narrows.config.example import EXAMPLE

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="[FILE]", show_default=False, help="Where to.")] = Path(DEFAULT),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a commented narrows.yaml to begin with.

    [bold]Examples[/bold]

      narrows init

      narrows init /etc/narrows/narrows.yaml
    """
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(EXAMPLE)
    except FileExistsError:
        raise Failure(f"{path} exists; --force overwrites it", USAGE) from None
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}", USAGE) from None
    option = "" if path == Path(DEFAULT) else f" -c {path}"
    say(harmless(f"Wrote {path}. Edit it, then: narrows check{option} && narrows serve{option}"))
