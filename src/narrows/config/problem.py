"""What is wrong with a configuration: where, what, and what was probably meant. Never a value that may be secret."""

from collections.abc import Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One problem. `key` is dotted (`policies[0].may.models`); `line` and `column` count from 1, 0 is unknown.

    `hint` is the nearest right name or the way to write it.
    """

    key: str
    message: str
    hint: str | None = None
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: " if self.file else ""
        key = f"{self.key}: " if self.key else ""
        return f"{place}{key}{self.message}" + (f"; {self.hint}" if self.hint else "")


class Findings:
    """What one run of checks has found: `problems`, with which nothing starts, and `warnings`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def _form(self, key: str, wrong: str | None) -> None:
        if wrong is not None:
            self._problem(key, wrong)

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))

    def _warning(self, key: str, message: str, hint: str | None = None) -> None:
        self.warnings.append(Problem(key, message, hint))


class ConfigError(Exception):
    """A configuration that can't be used, with every problem that was found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
