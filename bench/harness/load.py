"""Load from core 1: `wrk` in a closed loop; at a fixed rate `h2load`, or `spread` where every prompt has to be new.

Any failed request fails the measurement.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from harness import bodies
from harness.arena import LOAD_CORE, Target, pinned
from harness.corpus import Corpus

APART = "7ms"
"""Between the beginnings of two connections: no divisor of an interval, so that they fall all over it."""

LUA = Path(__file__).with_name("chat.lua")


class LoadFailed(Exception):
    """Requests failed, so the figure would mean nothing."""


class Sample(NamedTuple):
    """One run: requests a second; latencies in microseconds."""

    rate: float
    p50: float
    p99: float


def closed(target: Target, body: Path, *, connections: int, seconds: float, same: bool = False) -> Sample:
    """As fast as `connections` connections can go, one request each at a time; every prompt new unless `same`. The
    corpus of new ones stands beside the body (`Arena.body`)."""
    run = subprocess.run(
        [
            *pinned(LOAD_CORE),
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(LUA),
            target.chat,
        ],
        env={
            **os.environ,
            "BENCH_BODY": str(body),
            "BENCH_TOKEN": target.token,
            **({"BENCH_SAME": "1"} if same else {}),
        },
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    rows = [line.split()[1:] for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    if run.returncode != 0 or not rows:
        raise LoadFailed(f"{target.name}: wrk ended with {run.returncode}: {run.stdout}{run.stderr}")
    requests, duration, statuses, broken, p50, p99, _ = (float(cell) for cell in rows[0])
    if statuses or broken or not requests:
        raise LoadFailed(
            f"{target.name}: {statuses:.0f} error statuses, {broken:.0f} broken of {requests:.0f} requests"
        )
    return Sample(requests / duration * 1e6, p50, p99)


def fixed(
    target: Target, body: Path, *, connections: int, rate: float, seconds: float, together: bool = False
) -> Sample:
    """`rate` requests a second, spread over `connections`, whether or not the earlier ones are answered.

    Each connection sends at regular intervals. They begin one after the other, so that their requests are spread over
    time, too; `together`: all at once, so that every interval begins with a burst of as many requests. The first
    second is not counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "requests.tsv"
        each = round(rate / connections * (seconds + 1))
        pace = (
            [f"-D{max(1, round(seconds))}", "--warm-up-time=1"]
            if together
            else ["-r1", f"--rate-period={APART}", f"-n{each * connections}"]
        )
        run = subprocess.run(
            [
                *pinned(LOAD_CORE), "h2load", "--h1", "-t1", f"-c{connections}", f"--rps={rate / connections:.3f}",
                *pace, "-d", str(body), f"--log-file={log}", "-H", "content-type: application/json",
                "-H", f"authorization: Bearer {target.token}", target.chat,
            ],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=False,
        )  # fmt: skip
        if run.returncode != 0 or not log.exists():
            raise LoadFailed(f"{target.name}: h2load ended with {run.returncode}: {run.stdout}{run.stderr}")
        rows = [line.split("\t") for line in log.read_text(encoding="ascii").splitlines()]
    bad = [row for row in rows if row[1] != "200"]
    if bad or not rows:
        raise LoadFailed(f"{target.name}: {len(bad)} of {len(rows)} requests did not answer 200")
    begin = min(int(row[0]) for row in rows) + (0 if together else 1_000_000)
    times = sorted(float(row[2]) for row in rows if int(row[0]) >= begin)
    return Sample(len(times) / seconds, times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)])


def spread(target: Target, corpus: Corpus, size: int, *, connections: int, rate: float, seconds: float) -> Sample:
    """`rate` requests a second, spread over time, every prompt new."""
    chance, number = random.Random(time.time_ns()), time.time_ns() // 1000
    fresh = [bodies.fresh(size, corpus, chance, number + index) for index in range(round(rate * (seconds + 1)) + 1)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "bodies"
        place.write_bytes(b"\n".join(fresh))
        command = [*pinned(LOAD_CORE), sys.executable, str(Path(__file__).with_name("spread.py"))]
        arguments = [target.chat, target.token, str(place), str(rate), str(seconds), str(connections)]
        run = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=2 * seconds + 60, check=False
        )
    if run.returncode != 0:
        raise LoadFailed(f"{target.name}: {run.stderr[-500:]}")
    times = sorted(json.loads(run.stdout))
    return Sample(len(times) / seconds, times[len(times) // 2], times[len(times) * 99 // 100])
