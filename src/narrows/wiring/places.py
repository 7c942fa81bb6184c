"""Where a person's own state is kept on this machine, outside every data directory."""

from collections.abc import Mapping
from pathlib import Path


def state_folder(environ: Mapping[str, str], home: Path) -> Path:
    """`$XDG_STATE_HOME/narrows`, by default below `~/.local/state`; a relative path there counts for nothing."""
    base = environ.get("XDG_STATE_HOME", "")
    root = Path(base) if base.startswith("/") else home / ".local" / "state"
    return root / "narrows"
