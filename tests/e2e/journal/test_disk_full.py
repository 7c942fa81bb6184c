"""A real limit on the size of files: calls are refused, nothing written is lost, and the log has no gap."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from e2e.journal.invariants import check, restart

TESTS = Path(__file__).parents[2]
LOAD = Path(__file__).with_name("load.py")
LIMIT = 600_000


def limited() -> None:
    """In the child: writes beyond the limit fail with EFBIG, as they would with ENOSPC on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def test_a_full_disk_refuses_calls_and_loses_none(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    process = subprocess.Popen(
        [sys.executable, str(LOAD), str(directory), "full", str(1 << 30), "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        preexec_fn=limited,  # noqa: PLW1509 - the limit must be the child's alone
    )
    assert process.stdout is not None
    opened, refused = set(), 0
    for line in process.stdout:
        word, call = line.decode().split()
        if word == "opened":
            opened.add(call)
        else:
            refused += 1
        if refused == 50:
            break
    process.kill()
    process.wait()
    process.stdout.close()
    assert len(opened) > 50
    restart(directory)
    assert opened <= check(directory)
