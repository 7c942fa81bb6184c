"""Reads narrows.yaml: the file, its references, its types, its cross-checks. Every problem is reported at once.

`load` gives the settings; `read` also where each is written, for problems that are found later (a pattern that does
not compile) and for warnings.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect as mi

from narrows.config.check import check
from narrows.config.document import parse
from narrows.config.guards import guarded, settled
from narrows.config.paths import anchored
from narrows.config.problem import ConfigError, Problem
from narrows.config.reading import Reading
from narrows.config.references import References
from narrows.config.schema import Config, Connection

Operations = Callable[[Connection], frozenset[str]]
"""The operations a connection's dialect can name in `may.operations`."""


class Loaded(msgspec.Struct, frozen=True):
    """A configuration and where it came from. `warnings` are placed; nothing in it holds a resolved reference but
    the settings themselves."""

    config: Config
    file: str
    warnings: tuple[Problem, ...]
    places: Mapping[str, tuple[int, int]]
    resolved: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Loaded({self.file!r})"

    def locate(self, problems: Iterable[Problem]) -> ConfigError:
        """The same problems as an error, each with the file and line of its key."""
        told = [settled(self.config, problem) for problem in problems]
        return ConfigError(_placed(told, self.file, self.places, self.resolved))


def load(path: str | Path, environ: Mapping[str, str], operations: Operations | None = None) -> Config:
    """The settings in a file. Raises ConfigError with everything that is wrong."""
    return read(path, environ, operations).config


def read(path: str | Path, environ: Mapping[str, str], operations: Operations | None = None) -> Loaded:
    """The settings in a file, with their places and with warnings. Raises ConfigError."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or "it can't be read"
        raise ConfigError([Problem("", f"the file can't be read: {reason}", file=str(path))]) from None
    return read_text(data, str(path), environ, operations)


def written(path: Path) -> Config:
    """The settings as they stand in a file, every reference a text like any other: for commands that need none of what
    they stand for. Nothing is checked that goes across settings. Raises ConfigError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem("", f"the file can't be read: {error.strerror}", file=str(path))]) from None
    reading = Reading(str(path), None)
    plain = reading.value(parse(data, str(path)), mi.type_info(Config), "")
    if reading.problems:
        raise ConfigError(reading.problems)
    return _typed(plain, str(path))


def read_text(data: bytes, file: str, environ: Mapping[str, str], operations: Operations | None = None) -> Loaded:
    """Like `read`, of the file's content; `file` is its name in messages, its directory the base of relative paths."""
    node = parse(data, file)
    references = References(environ, Path(file).parent)
    reading = Reading(file, references)
    plain = reading.value(node, mi.type_info(Config), "")
    resolved = references.resolved
    if reading.problems:
        raise ConfigError([_scrubbed(problem, resolved) for problem in reading.problems])
    config = guarded(_typed(plain, file))
    offered = {} if operations is None else {name: operations(c) for name, c in config.connections.items()}
    problems, warnings = check(config, offered if operations is not None else None)
    if problems:
        raise ConfigError(_placed(problems, file, reading.places, resolved))
    config = anchored(config, Path(file).parent)
    placed = (*reading.warnings, *_placed(warnings, file, reading.places, resolved))
    return Loaded(config, file, placed, reading.places, resolved)


def _typed(plain: Any, file: str) -> Config:
    """The frozen settings. The reading has checked everything that msgspec checks, so this fails only by a mistake
    in one of them; it is still reported as a problem, not as a traceback."""
    try:
        return msgspec.convert(plain, Config)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        raise ConfigError([Problem(path.strip("`$."), message, file=file, line=1, column=1)]) from None


def _placed(
    problems: Iterable[Problem], file: str, places: Mapping[str, tuple[int, int]], resolved: Mapping[str, str]
) -> list[Problem]:
    placed = []
    for problem in problems:
        moved = problem
        if not problem.file:  # else it is of another file, such as a word list, and knows its line there
            line, column = _place(problem.key, places)
            moved = msgspec.structs.replace(problem, file=file, line=line, column=column)
        placed.append(_scrubbed(moved, resolved))
    return placed


def _place(key: str, places: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Where a key is written, or the nearest section around it."""
    while key and key not in places:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return places.get(key, (1, 1))


def _scrubbed(problem: Problem, resolved: Mapping[str, str]) -> Problem:
    """The problem with everything that a reference stood for written as the reference again."""
    message, hint = problem.message, problem.hint
    for value, reference in sorted(resolved.items(), key=lambda item: -len(item[0])):
        message = message.replace(value, reference)
        hint = hint and hint.replace(value, reference)
    return msgspec.structs.replace(problem, message=message, hint=hint)
