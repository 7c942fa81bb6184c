"""From the text of a YAML file to its nodes, under bounds. Knows YAML and its traps, not the settings."""

from collections.abc import Iterator
from typing import Any, Final

import yaml

from narrows.config.problem import ConfigError, Problem

LARGEST: Final = 4 << 20
"""Bytes of a file."""

DEEPEST: Final = 32
"""Levels of nesting."""

MOST: Final = 500_000
"""Nodes of a file."""

NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)

# libyaml's parser is several times faster where PyYAML was built with it; both give the same nodes.
Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(data: bytes, file: str) -> yaml.MappingNode:
    """The document's top mapping. Raises ConfigError: too large, not UTF-8, not YAML, too deep, not one mapping."""
    if len(data) > LARGEST:
        raise ConfigError([Problem("", f"the file is larger than {LARGEST >> 20} MB", file=file)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem("", "the file is not UTF-8", file=file, line=line, column=1)]) from None
    try:
        _bound(text, file)
        node = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_broken(error, file, text)]) from None
    except yaml.YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        raise ConfigError(
            [Problem("", "the file has a character that YAML forbids", file=file, line=line, column=1)]
        ) from None
    if node is None:
        raise ConfigError([Problem("", "the file is empty", "`narrows init` writes one to start from", file=file)])
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError([located(Problem("", "expected settings such as `gate:` and `policies:`"), node, file)])
    return node


def is_null(node: yaml.Node) -> bool:
    """Whether nothing is written there: an empty value, `~` or `null`, without quotes."""
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in NULLS


def located(problem: Problem, node: yaml.Node, file: str) -> Problem:
    """The problem, placed where the node begins."""
    mark = node.start_mark
    return Problem(problem.key, problem.message, problem.hint, file, mark.line + 1, mark.column + 1)


def _bound(text: str, file: str) -> None:
    """Refuses what would be too deep or too large to build, before anything is built."""
    depth = 0
    for nodes, event in enumerate(_events(text)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST or nodes > MOST:
            mark = event.start_mark
            what = "nested too deeply" if depth > DEEPEST else "too large"
            raise ConfigError([Problem("", f"the file is {what}", None, file, mark.line + 1, mark.column + 1)])


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=Loader)


def _broken(error: yaml.MarkedYAMLError, file: str, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    lines = text.split("\n")
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    said = error.problem or "it can't be read"
    hint = None
    if "\t" in line[: len(line) - len(line.lstrip())]:
        hint = "indent with spaces, not tabs"
    elif "${" in line:
        hint = 'a reference within `{…}` or `[…]` needs quotes: "${env:NAME}"'
    elif "mapping values are not allowed" in said:
        hint = "a text with `: ` in it needs quotes; or the indentation is off"
    context = f" ({error.context})" if error.context else ""
    return Problem(
        "",
        f"not valid YAML: {said}{context}",
        hint,
        file,
        mark.line + 1 if mark else 1,
        mark.column + 1 if mark else 1,
    )
