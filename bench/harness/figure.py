"""What a figure is: a row of the table. And what every case needs to make one: contestants that run in turn.

Contestants of one figure run in turn, again and again, so that a machine's drift falls on all of them alike; the
figure is made of their medians.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness import load
from harness.arena import Arena, Target
from harness.profiles import Profile

KB = 1024


class Row(NamedTuple):
    """One figure. `must` and `aim` are bounds: `>=` where more is better, `<=` where less is."""

    case: str
    what: str
    value: float
    unit: str
    sign: str = ""
    must: float | None = None
    aim: float | None = None
    detail: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the must is met; None where there is none."""
        if self.must is None:
            return None
        return self.value >= self.must if self.sign == ">=" else self.value <= self.must


class Run(NamedTuple):
    """What every case needs. `profiles` are what gates are asked to do, in turn."""

    arena: Arena
    seconds: float
    runs: int
    litellm: bool
    profiles: Sequence[Profile]

    def turns(self, targets: list[Target], measure: Callable[[Target], load.Sample]) -> dict[str, load.Sample]:
        """The medians of each target over alternating runs, after one short run to warm up each."""
        samples: dict[str, list[load.Sample]] = {target.name: [] for target in targets}
        for target in targets:
            load.closed(target, self.arena.body(KB), connections=8, seconds=1)
        for _ in range(self.runs):
            for target in targets:
                samples[target.name].append(measure(target))
        return {
            name: load.Sample(*(statistics.median(column) for column in zip(*rows, strict=True)))
            for name, rows in samples.items()
        }

    def saturated(self, targets: list[Target], size: int = KB, *, same: bool = False) -> dict[str, load.Sample]:
        """32 connections, closed loop."""
        body = self.arena.body(size)
        return self.turns(
            targets, lambda target: load.closed(target, body, connections=32, seconds=self.seconds, same=same)
        )

    def single(self, targets: list[Target], size: int = KB, *, same: bool = False) -> dict[str, load.Sample]:
        """One connection, closed loop."""
        body = self.arena.body(size)
        return self.turns(
            targets, lambda target: load.closed(target, body, connections=1, seconds=self.seconds, same=same)
        )
