"""`bench/run`: measures, prints one table, writes JSON; exits 1 when a must is missed."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from harness import report
from harness.arena import Arena
from harness.cases import CASES
from harness.figure import Row, Run
from harness.profiles import Profile


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/run", allow_abbrev=False)
    parser.add_argument("--only", default=",".join(CASES), help="figures, such as N1,N3")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one run")
    parser.add_argument("--runs", type=int, default=3, help="runs of each contestant")
    parser.add_argument(
        "--with",
        dest="profiles",
        default="none,masks",
        help=f"what gates have to do beside the spine: {', '.join(profile.value for profile in Profile)}",
    )
    parser.add_argument("--with-litellm", action="store_true", help="measure N7 too; installs LiteLLM")
    options = parser.parse_args()
    wanted = options.only.split(",")
    unknown = [name for name in wanted if name not in CASES]
    if unknown:
        parser.error(f"no such figure: {', '.join(unknown)}; there are {', '.join(CASES)}")
    try:
        profiles = [Profile(name) for name in options.profiles.split(",")]
    except ValueError as error:
        parser.error(str(error))
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("needs two cores: one for what is measured, one for the load")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="narrows-bench-") as folder, Arena(Path(folder)) as arena:
        print(report.HEADER, flush=True)
        run = Run(arena, options.seconds, options.runs, options.with_litellm, profiles)
        for name in wanted:
            for row in CASES[name](run):
                rows.append(row)
                print(report.line(row), flush=True)
    print(f"\nwritten: {report.write(rows)}")
    return 1 if any(row.holds is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
