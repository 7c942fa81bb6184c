"""Which configuration and which store a command means, and reading them: every problem as one readable message.

The order is the same for every command: `-c`, `NARROWS_CONFIG`, `./narrows.yaml`, then the demo that is running.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
import yaml

from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.config.document import parse
from narrows.config.problem import ConfigError
from narrows.config.references import References
from narrows.config.scalars import Wrong
from narrows.config.schema import Config
from narrows.demo.state import read_state, state_file
from narrows.ports.accounts import AccountsUnavailable
from narrows.ports.changes import ChangesUnavailable
from narrows.ports.journal import JournalUnavailable
from narrows.ports.revocations import RevocationsUnavailable
from narrows.ports.sightings import SightingsUnavailable
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.wiring.configuration import Checked
from narrows.wiring.configuration import read_checked as read_whole

DEFAULT: Final = "narrows.yaml"
_STORE: Final = next(field.default for field in msgspec.structs.fields(Config) if field.name == "store")
UNUSABLE: Final = (
    DataDirectoryError,
    JournalUnavailable,
    AccountsUnavailable,
    ChangesUnavailable,
    RevocationsUnavailable,
    SightingsUnavailable,
)
"""What says of a data directory that it can't be used."""

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "-c",
        "--config",
        metavar="FILE",
        envvar="NARROWS_CONFIG",
        help="The configuration; by default ./narrows.yaml, else the running demo's.",
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="The data directory itself, in place of the one that the configuration names."),
]


def find_config(option: Path | None) -> Path:
    """The configuration's path. Raises Failure."""
    if option is not None:
        return option
    if Path(DEFAULT).exists():
        return Path(DEFAULT)
    state = read_state(state_file(os.environ, Path.home()))
    if state is not None:
        return Path(state.config)
    raise Failure(
        f"there is no configuration: give one with -c FILE or NARROWS_CONFIG, or run this beside ./{DEFAULT} "
        "(`narrows init` writes one)",
        USAGE,
    )


def read_checked(path: Path, environ: Mapping[str, str] = os.environ) -> Checked:
    """The configuration, its operations and patterns checked too. Raises ConfigError."""
    return read_whole(path, environ)


def checked(option: Path | None) -> Checked:
    """The same for commands that only need it. Raises Failure."""
    try:
        return read_checked(find_config(option))
    except ConfigError as error:
        raise Failure(f"the configuration can't be used:\n{error}", FAILED) from None


def find_store(config: Path | None, data: Path | None, *, make: bool = False) -> Path:
    """The data directory: `--data`, or what the configuration's `store` says. Raises Failure.

    Nothing else of the configuration needs to be right for that: records are read just when something is wrong.
    `make`: the directory need not exist, the caller will make it.
    """
    store = data if data is not None else _configured_store(find_config(config))
    if not store.is_dir() and (store.exists() or not make):
        raise Failure(f"there is no data directory {store}; has the gate run yet?", USAGE)
    return store


def written_issuers(config: Path | None) -> tuple[str, ...]:
    """The names of the configured issuers, as far as they can be read: whoever must act at once can't repair a
    configuration first. Empty where none can be."""
    try:
        path = find_config(config)
        top = parse(path.read_bytes(), str(path))
    except (ConfigError, Failure, OSError):
        return ()
    issuers = _member(_member(top, "identity"), "issuers")
    listed = issuers.value if isinstance(issuers, yaml.SequenceNode) else []
    names = [_member(each, "name") for each in listed]
    return tuple(name.value for name in names if isinstance(name, yaml.ScalarNode))


def _member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _configured_store(path: Path) -> Path:
    try:
        written = _written_store(path)
        return path.parent / References(os.environ, path.parent).expand(written)
    except OSError as error:
        raise Failure(f"{path}: the file can't be read: {error.strerror}", USAGE) from None
    except (ConfigError, Wrong) as error:
        raise Failure(f"the configuration does not say where the records are (give --data DIR):\n{error}") from None


def _written_store(path: Path) -> str:
    members = parse(path.read_bytes(), str(path)).value
    written = next((value.value for key, value in members if key.value == "store"), _STORE)
    if not isinstance(written, str):
        raise Wrong("store: expected a directory")
    return written
