"""`narrows check`: every problem of a configuration, where it stands, and what was probably meant."""

import typer

from narrows.cli.configuration import ConfigOption, find_config, read_checked
from narrows.cli.failure import FAILED
from narrows.cli.terminal import complain, harmless, print_json, say
from narrows.config.guards import filed
from narrows.config.problem import ConfigError, Problem
from narrows.wiring import plugged
from narrows.wiring.configuration import Checked

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def check(
    config: ConfigOption = None,
    as_json: bool = typer.Option(False, "--json", help="One JSON object for each problem and warning."),
) -> None:
    """Check a configuration and show every problem in it, with file, line and
    column.

    Exits 0 if the gate would start with it, else 1. Files and environment
    variables that it refers to must be there; plug-ins are started to see
    whether they can be.

    [bold]Example[/bold]

      narrows check -c narrows.yaml
    """
    path = find_config(config)
    try:
        result = read_checked(path)
        _start_plugins(result)
    except ConfigError as error:
        for problem in error.problems:
            _show(problem, "problem", as_json=as_json)
        count = len(error.problems)
        complain(f"{path}: {count} problem{'s' if count != 1 else ''}")
        raise typer.Exit(FAILED) from None
    for warning in result.loaded.warnings:
        _show(warning, "warning", as_json=as_json)
    if not as_json:
        say(harmless(f"{path}: OK — {_summary(result)}"))


def _start_plugins(result: Checked) -> None:
    """Starts the plug-ins that the gate would start. Raises ConfigError."""
    analyzers = result.config.detectors.analyzers
    try:
        plugged.try_out(result.config, result.policies)
        if analyzers:
            from narrows.wiring.analyzers import try_out  # noqa: PLC0415 - few configurations have any

            try_out(analyzers, result.policies.read_entities)
    except ConfigError as error:
        raise result.loaded.locate(error.problems) from None


def _show(problem: Problem, kind: str, *, as_json: bool) -> None:
    if as_json:
        place = {"file": problem.file, "line": problem.line, "column": problem.column}
        ident = f"{problem.file}:{problem.line}:{problem.column}:{problem.key}"
        print_json(
            {"id": ident, "kind": kind, **place, "key": problem.key, "message": problem.message, "hint": problem.hint}
        )
    else:
        complain(f"warning: {problem}" if kind == "warning" else str(problem))


def _summary(result: Checked) -> str:
    config = result.loaded.config
    counts = [
        (len(config.connections), "connection"),
        (len(config.identity.issuers), "issuer"),
        (len(filed(config)), "polic"),
    ]
    return ", ".join(f"{count} {name}{_plural(name, count)}" for count, name in counts)


def _plural(name: str, count: int) -> str:
    if name == "polic":
        return "y" if count == 1 else "ies"
    return "" if count == 1 else "s"
