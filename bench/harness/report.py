"""One table for people, one JSON file for machines, with what is needed to compare two of them."""

import json
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from harness.figure import Row

RESULTS = Path(__file__).parents[1] / "results"


def machine() -> dict[str, str]:
    """Where this ran."""
    cpu = [
        line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "cpu": f"{len(cpu)} x {cpu[0]}" if cpu else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
        "command": " ".join(["bench/run", *sys.argv[1:]]),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _bound(row: Row, bound: float | None) -> str:
    return "" if bound is None else f"{'≥' if row.sign == '>=' else '≤'} {bound:g}"


def line(row: Row) -> str:
    """A line of the table, in Markdown."""
    verdict = {True: "yes", False: "NO", None: ""}[row.holds]
    value = f"{row.value:,.2f} {row.unit}" if abs(row.value) < 100 else f"{row.value:,.0f} {row.unit}"
    cells = (row.case, row.what, value, _bound(row, row.must), _bound(row, row.aim), verdict, row.detail)
    return "| " + " | ".join(cells) + " |"


HEADER = "| # | what | measured | must | aim | holds | detail |\n|---|---|---|---|---|---|---|"


def write(rows: Sequence[Row]) -> Path:
    """The JSON file of this run."""
    RESULTS.mkdir(exist_ok=True)
    where = machine()
    path = RESULTS / f"{where['at'].replace(':', '')}.json"
    data = {"machine": where, "rows": [{**row._asdict(), "holds": row.holds} for row in rows]}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
