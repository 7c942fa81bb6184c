"""What a gate takes of the machine: memory of all its processes, processor time, and time to start."""

import os
import time
from pathlib import Path

from e2e.gate import Gate
from harness.arena import Arena, pinned, settings
from harness.profiles import Profile


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
    return found


def resident(pid: int) -> int:
    """Bytes of memory of a process and its descendants; what they share is counted once (PSS)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    own = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return own * 1024 + sum(resident(child) for child in _children(pid))


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    return [pid, *(member for child in _children(pid) for member in family(child))]


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has taken, all its threads together."""
    cells = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")


def startable(arena: Arena, profile: Profile) -> Gate:
    """A gate that has never run."""
    config = settings(arena, arena.direct(), "full", 10, tls=False, profile=profile)
    return Gate(arena.folder / f"start-{profile.value}", config, prefix=pinned("0"))


def start_time(gate: Gate) -> float:
    """Seconds from starting the command to /readyz answering 200."""
    begun = time.monotonic()
    gate.start(90)
    taken = time.monotonic() - begun
    gate.stop()
    return taken
