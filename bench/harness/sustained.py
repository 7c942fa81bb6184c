"""N5: how many masked streams of a delta each ten milliseconds one core sustains, by steps and then by halves."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from harness import bodies, memory
from harness.arena import LOAD_CORE, Arena, Target, pinned
from harness.fairness import put_first
from harness.figure import Row, Run
from harness.paced import EVERY, WARM, Step, Taken
from harness.profiles import Profile

STEPS = (25, 50, 100, 200, 300, 500, 700, 1000)
HALVINGS = 2
"""After the first step that is too much: how often the gap to the last good one is halved."""

LATE = 5.0
"""Milliseconds that the p99 of the delay may be more than without anything in the path."""

IN_TIME = 0.98
"""The share of the deltas that must have been sent in time, or the measuring was at its end."""


class Load:
    """The process that sends and receives (`paced`). `deltas` is about how many it has sent."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._bodies = arena.folder / "paced-bodies"
        corpus = arena.folder / "paced-corpus"
        corpus.write_text(arena.corpus.text, encoding="ascii")
        command = [*pinned(LOAD_CORE), sys.executable, str(Path(__file__).with_name("paced.py")), str(corpus)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.upstream = Target("paced", f"http://127.0.0.1:{self._process.stdout.readline().strip()}", arena.token)
        put_first(self._process.pid)
        self.deltas = 0.0
        self._chance = random.Random()
        self._number = time.time_ns() // 1000

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)

    def take(self, target: Target, streams: int, seconds: float) -> Taken:
        """One step. Every stream's prompt is new."""
        self._number += streams
        if target is not self.upstream:
            for pid in memory.family(self._arena.pid(target)):
                put_first(pid)
        lines = [
            bodies.fresh(1024, self._arena.corpus, self._chance, self._number + number, stream=True)
            for number in range(streams)
        ]
        self._bodies.write_bytes(b"\n".join(lines))
        step = Step(target.chat, target.token, streams, seconds, str(self._bodies))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(step._asdict()) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise AssertionError(f"{target.name}, {streams} streams: {answer['error']}")
        self.deltas += streams * (seconds * answer["sent"] + WARM) / EVERY
        return Taken(**answer)


class Reached(NamedTuple):
    """The most streams that went well, what they took, and why it ended there."""

    streams: int
    taken: Taken | None
    end: str


class Steps:
    """Goes up until it is too much. The delays without anything in the path are measured once a step."""

    def __init__(self, load: Load, seconds: float) -> None:
        self._load = load
        self._seconds = seconds
        self._bare: dict[int, Taken] = {}

    def bare(self, streams: int) -> Taken:
        """The same with nothing in the path."""
        if streams not in self._bare:
            self._bare[streams] = self._load.take(self._load.upstream, streams, self._seconds)
        return self._bare[streams]

    def reach(self, target: Target) -> Reached:
        """The most streams that this target carries."""
        good, best, end = 0, None, "all of them went well"
        for streams in STEPS:
            if self.bare(streams).sent < IN_TIME:
                end = f"the load generator sends no more than {streams * self.bare(streams).sent:,.0f} streams"
                break
            taken, verdict = self._try(target, streams)
            if verdict:
                end = f"{streams} streams: {verdict}"
                below, above = good, streams
                for _ in range(HALVINGS):
                    middle = (below + above) // 2
                    taken, verdict = self._try(target, middle)
                    if verdict:
                        above, end = middle, f"{middle} streams: {verdict}"
                    else:
                        below = good = middle
                        best = taken
                break
            good, best = streams, taken
        return Reached(good, best, end)

    def _try(self, target: Target, streams: int) -> tuple[Taken, str]:
        """A step, and what is wrong with it, if anything is."""
        taken = self._load.take(target, streams, self._seconds)
        added = taken.p99 - self.bare(streams).p99
        if taken.ended < streams:
            return taken, f"{streams - taken.ended} did not end"
        if taken.sent < IN_TIME:
            return taken, f"{taken.sent:.0%} of the deltas could be sent in time"
        return taken, f"p99 {added:,.1f} ms more" if added > LATE else ""


def rows(run: Run) -> Iterator[Row]:
    """For every profile but the bare one: the streams that a gate sustains, and what bare proxies do."""
    arena = run.arena
    with Load(arena) as load:
        steps = Steps(load, min(run.seconds, 3.0))
        nginx, envoy = arena.nginx(load.upstream), arena.envoy(load.upstream)
        beside = [f"{name} {_described(steps.reach(proxy))}" for name, proxy in (("nginx", nginx), ("Envoy", envoy))]
        for profile in run.profiles:
            if profile is Profile.NONE:
                continue
            gate = arena.narrows("normal", profile=profile, upstream=load.upstream)
            pid = arena.pid(gate)
            for streams in STEPS:  # Those without a gate are measured first: they are no work of its.
                if steps.bare(streams).sent < IN_TIME:
                    break
            before, sent = memory.cpu(pid), load.deltas
            reached = steps.reach(gate)
            each = (memory.cpu(pid) - before) / (load.deltas - sent) * 1e6
            delay = (
                "" if reached.taken is None else f"delay p50 {reached.taken.p50:.2f}, p99 {reached.taken.p99:.2f} ms; "
            )
            detail = f"{delay}{reached.end}; {each:,.0f} µs CPU a delta; {'; '.join(beside)}"
            what = f"streams of a delta each 10 ms{profile.suffix}"
            yield Row("N5", what, reached.streams, "streams", ">=", 300, 1000, detail)


def _described(reached: Reached) -> str:
    return f"{reached.streams} ({reached.end})"
