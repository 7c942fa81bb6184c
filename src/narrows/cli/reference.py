"""The reference page of the commands, generated from the commands themselves."""

import re
from collections.abc import Iterator
from typing import Any, Final

import typer
from typer.core import TyperGroup

from narrows.cli.main import COMMANDS, app, load

_MARKUP: Final = re.compile(r"(?<!\\)\[/?(?:bold|italic|dim)\]")
_HEAD: Final = """\
# Commands

`narrows COMMAND --help` says the same. Lists take `--json`: JSON lines, one object a row with its `id`. Commands exit 0
when all is well, 1 when what they were asked to check or find is not as it should be, 2 when they can't begin (a wrong
option, a missing file), and 130 when they are interrupted.
"""


def render() -> str:
    """The page, in Markdown."""
    root = typer.main.get_command(app)
    parts = [_HEAD, _plain(root.help or "").strip() + "\n", _list()]
    for name, entry in COMMANDS.items():
        parts += _sections(f"narrows {name}", typer.main.get_command(load(entry)), 2)
    return "\n".join(parts)


def _list() -> str:
    rows = [f"| [`narrows {name}`](#narrows-{name}) | {entry.summary} |" for name, entry in COMMANDS.items()]
    return "\n".join(["| command | what it is for |", "|---|---|", *rows]) + "\n"


def _sections(path: str, command: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} {path}\n"
    yield _prose(command.help or "")
    if isinstance(command, TyperGroup):
        if command.invoke_without_command:
            yield _parameters(command)
        for name, child in command.commands.items():
            yield from _sections(f"{path} {name}", child, level + 1)
    else:
        yield _parameters(command)


def _prose(text: str) -> str:
    """The help text as Markdown: what is indented becomes a code block."""
    lines: list[str] = []
    inside = False
    for line in _plain(text).strip().splitlines():
        indented = line.startswith("  ")
        if line.strip() and indented != inside:
            lines += ["```", ""] if inside else [f"```{_language(line.strip())}"]
            inside = indented
        if line.strip() or not inside:
            lines.append(line[2:] if inside else line)
    return "\n".join([*lines, "```"] if inside else lines) + "\n"


_SHELL: Final = ("narrows", "curl", "export")
_YAML: Final = re.compile(r"(- |[a-z_]+:( |$))")


def _language(first: str) -> str:
    """Of a block, by its first line."""
    if first.startswith(_SHELL):
        return "console"
    return "yaml" if _YAML.match(first) else "text"


def _plain(text: str) -> str:
    return _MARKUP.sub("", text).replace("\\[", "[")


def _parameters(command: Any) -> str:
    rows = ["| option | what it is |", "|---|---|"]
    rows += [_row(parameter) for parameter in command.params if parameter.name != "help"]
    return "\n".join(rows) + "\n" if len(rows) > 2 else ""


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = f"`{(parameter.metavar or parameter.name.upper()).strip('[]{}')}`"
    else:
        value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
        name = ", ".join(f"`{option}{value}`" for option in parameter.opts)
    return f"| {name} | {_about(parameter)} |".replace("  ", " ")


def _about(parameter: Any) -> str:
    said = _plain(parameter.help or "").replace("|", "\\|")
    if parameter.envvar:
        said += f" Environment: `{parameter.envvar}`."
    if parameter.required:
        said += " Required."
    elif parameter.default not in (None, False) and not callable(parameter.default) and parameter.metavar != "[FILE]":
        said += f" Default: `{parameter.default}`."
    return said
