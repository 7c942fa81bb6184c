"""The masking engine for commands: no gate, no store and no configuration needed, an organisation's detectors with one.

Compiled patterns are kept in the user's cache directory, so that only the first command compiles them.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from narrows.cli.failure import FAILED, Failure
from narrows.cli.terminal import complain
from narrows.config.load import Loaded, read
from narrows.config.problem import ConfigError
from narrows.config.schema import Detectors
from narrows.masking.engine import Engine
from narrows.wiring.compiled import CompiledFiles, user_cache
from narrows.wiring.masking import EngineLoader

OwnOption = Annotated[
    Path | None,
    typer.Option(
        "-c",
        "--config",
        metavar="FILE",
        envvar="NARROWS_CONFIG",
        help="A configuration whose `detectors` are used as well; without one, the shipped ones alone.",
    ),
]


def settings(option: Path | None) -> Loaded | None:
    """The configuration that a command was given, None without one. Raises Failure."""
    if option is None:
        return None
    try:
        return read(option, os.environ)
    except ConfigError as error:
        raise _unusable(error) from None


def load(loaded: Loaded | None) -> Engine:
    """The engine of a configuration, or that of the shipped detectors. Raises Failure."""
    with _telling(loaded) as loader:
        return loader.load(None if loaded is None else loaded.config, warm=False)


def load_apart(loaded: Loaded | None) -> Engine:
    """The engine in which each pattern stands by itself, for its examples. Raises Failure."""
    with _telling(loaded) as loader:
        return loader.apart(own(loaded))


@contextmanager
def _telling(loaded: Loaded | None) -> Iterator[EngineLoader]:
    cache = user_cache(os.environ)
    if sys.stderr.isatty() and not CompiledFiles(cache).filled:
        complain("compiling the detectors; this happens once and takes some seconds")
    try:
        yield EngineLoader(cache)
    except ConfigError as error:
        raise _unusable(error if loaded is None else loaded.locate(error.problems)) from None


def own(loaded: Loaded | None) -> Detectors:
    """An organisation's detectors, none without a configuration."""
    return Detectors() if loaded is None else loaded.config.detectors


def _unusable(error: ConfigError) -> Failure:
    return Failure(f"the configuration can't be used:\n{error}", FAILED)
