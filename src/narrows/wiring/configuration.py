"""Reading narrows.yaml all the way: types, cross-checks, and policies that compile; every problem with its place."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from narrows.config.load import read
from narrows.config.problem import ConfigError, Problem
from narrows.config.schema import Config, Connection
from narrows.dialects.registry import build_dialect
from narrows.policy.compile import compile_policies
from narrows.policy.policyset import PolicySet


class Checked(msgspec.Struct, frozen=True):
    """A configuration that can be put into force, with its policies compiled."""

    config: Config
    policies: PolicySet
    warnings: tuple[Problem, ...]


def read_checked(path: Path, environ: Mapping[str, str]) -> Checked:
    """The configuration in a file. Safe in a thread. Raises ConfigError with everything that is wrong."""
    loaded = read(path, environ, operations)
    try:
        policies = compile_policies(loaded.config)
    except ConfigError as error:
        raise loaded.locate(error.problems) from None
    return Checked(loaded.config, policies, loaded.warnings)


def operations(connection: Connection) -> frozenset[str]:
    """The operations that a connection's dialect knows."""
    return build_dialect(connection).operations
