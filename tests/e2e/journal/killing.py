"""A process that writes under load, killed in the middle of it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

TESTS = Path(__file__).parents[2]
WATCHDOG = 100
"""Seconds after which a load is killed that says too little."""


def crash(load: Path, directory: Path, durability: str, rotate: int, first: int, lines: int) -> list[str]:
    """Runs the load until it has said so many lines, kills it, and gives all that it said."""
    process = subprocess.Popen(
        [sys.executable, str(load), str(directory), durability, str(rotate), str(first)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))},
    )
    assert process.stdout is not None
    watchdog = threading.Timer(WATCHDOG, process.kill)
    watchdog.start()
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line.decode().strip())
            if len(said) == lines:
                process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        watchdog.cancel()
    assert len(said) >= lines
    return said
