"""Where a running demo is, so that `narrows token` and `narrows sessions` find it: one small file.

Owns the file's place and form. It names addresses and directories, never a token.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from narrows.wiring.places import state_folder

_NAME: Final = "demo.json"


class DemoState(msgspec.Struct, frozen=True):
    """A running demo. `data` is its data directory, `config` its configuration; `pid` is its process."""

    gate: str
    provider: str
    data: str
    config: str
    pid: int


def state_file(environ: "os._Environ[str] | dict[str, str]", home: Path) -> Path:
    """`demo.json` among the person's state."""
    return state_folder(environ, home) / _NAME


def write_state(path: Path, state: DemoState) -> bool:
    """Writes the file, readable by its owner alone; False where that place can't be written."""
    temporary = path.with_suffix(f".{state.pid}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(temporary, msgspec.json.encode(state))
        temporary.replace(path)
    except OSError:
        return False
    return True


def write_private(path: Path, data: bytes) -> None:
    """Writes a file that only its owner may read. Raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def read_state(path: Path) -> DemoState | None:
    """The demo that runs now; None if there is none, or if its process is gone."""
    try:
        state = msgspec.json.decode(path.read_bytes(), type=DemoState)
    except (OSError, msgspec.MsgspecError):
        return None
    return state if _is_alive(state.pid) else None


def remove_state(path: Path, pid: int) -> None:
    """Removes the file if it is this process's own; a demo started later keeps its."""
    state = read_state(path)
    if state is not None and state.pid == pid:
        path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
