"""The official Node clients: installed when needed, and asked once each in a process of its own."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
INSTALL_SECONDS = 180
ASK_SECONDS = 90


def install() -> None:
    """Installs the locked packages once; several test processes may call at the same time."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the official Node clients need node and npm")
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (HERE / "node_modules" / "openai").exists() and (HERE / "node_modules" / "@anthropic-ai" / "sdk").exists():
            return
        command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm ci of the official Node clients failed: {done.stderr.strip()[-400:]}")


def ask(vendor: str, mode: str, url: str, key: str, model: str) -> dict[str, Any]:
    """What the caller gets: `text`; or `error`, the name of what was thrown, with `status` and `message`."""
    done = subprocess.run(
        ["node", str(HERE / "ask.mjs"), vendor, mode, url, key, model],
        capture_output=True,
        text=True,
        timeout=ASK_SECONDS,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    given: dict[str, Any] = json.loads(done.stdout)
    return given
