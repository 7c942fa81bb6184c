"""Policies as they are written outside narrows.yaml: files of policies that teams apply, and single ones as they are
kept.

Nothing of the environment can be referred to there: whoever manages a team's policies does not manage the machine.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
import msgspec.inspect as mi
import yaml
from msgspec import Meta

from narrows.config.document import parse
from narrows.config.policies import Policy
from narrows.config.problem import ConfigError, Problem
from narrows.config.reading import Reading
from narrows.config.setting import Setting

LARGEST: Final = 64 * 1024
"""Characters of one policy as it is kept."""


class Policies(Setting, frozen=True, kw_only=True):
    """A file of policies."""

    policies: Annotated[tuple[Policy, ...], Meta(min_length=1, description="Policies.")]


class Written(msgspec.Struct, frozen=True):
    """One policy, and how it is written by itself. `key` is that of the policy in its file."""

    policy: Policy
    text: str
    key: str


class WrittenFile(msgspec.Struct, frozen=True):
    """The policies of a file, and where each setting stands."""

    file: str
    policies: tuple[Written, ...]
    places: Mapping[str, tuple[int, int]]

    def placed(self, problem: Problem) -> Problem:
        """The problem with the line of its key, or of the nearest section around it."""
        key = problem.key
        while key and key not in self.places:
            key = key[: max(key.rfind("."), key.rfind("["), 0)]
        line, column = self.places.get(key, (1, 1))
        return msgspec.structs.replace(problem, file=self.file, line=line, column=column)


def read_policies(data: bytes, file: str) -> WrittenFile:
    """The policies of a file: `policies:` and a list, as in narrows.yaml. Raises ConfigError with all that is wrong."""
    node = parse(data, file)
    reading = Reading(file, None)
    plain = reading.value(node, mi.type_info(Policies), "")
    if reading.problems:
        raise ConfigError(reading.problems)
    typed = _typed(plain, Policies, file)
    nodes = next(value.value for name, value in node.value if name.value == "policies")
    found: list[Written] = []
    for index, (policy, each) in enumerate(zip(typed.policies, nodes, strict=True)):
        key, text = f"policies[{index}]", yaml.serialize(each, allow_unicode=True, width=120)
        if len(text) > LARGEST:
            raise ConfigError([Problem(key, f"is larger than {LARGEST >> 10} KB", file=file)])
        if any(policy.name == other.policy.name for other in found):
            message = f"another policy is already called {policy.name}"
            raise ConfigError([WrittenFile(file, (), reading.places).placed(Problem(f"{key}.name", message))])
        found.append(Written(policy, text, key))
    return WrittenFile(file, tuple(found), reading.places)


def read_policy(text: str, file: str = "") -> Policy:
    """One policy by itself. Raises ConfigError."""
    reading = Reading(file, None)
    plain = reading.value(parse(text.encode(), file), mi.type_info(Policy), "")
    if reading.problems:
        raise ConfigError(reading.problems)
    policy: Policy = _typed(plain, Policy, file)
    return policy


def write_policy(plain: Mapping[str, Any]) -> str:
    """A policy that came as plain data, as it is kept."""
    text: str = yaml.safe_dump(dict(plain), sort_keys=False, allow_unicode=True, width=120)
    return text


def _typed(plain: Any, kind: Any, file: str) -> Any:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        raise ConfigError([Problem(path.strip("`$."), message, file=file, line=1, column=1)]) from None
