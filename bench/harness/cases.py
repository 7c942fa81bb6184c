"""The figures of the performance page, one function each. A case yields rows; a row is one line of the table.

Contestants of one figure run in turn, again and again, so that a machine's drift falls on all of them alike; the
figure is made of their medians.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from harness import bodies, fairness, load, memory
from harness.arena import LOAD_CORE, Arena, Target
from harness.streams import Held

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
    """What every case needs."""

    arena: Arena
    seconds: float
    runs: int
    litellm: bool

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

    def single(self, targets: list[Target], size: int = KB) -> dict[str, load.Sample]:
        """One connection, closed loop."""
        body = self.arena.body(size)
        return self.turns(targets, lambda target: load.closed(target, body, connections=1, seconds=self.seconds))


def _throughput(run: Run, case: str, durability: str, must: float, aim: float) -> Iterator[Row]:
    arena = run.arena
    gate, envoy, nginx = arena.narrows(durability), arena.envoy(), arena.nginx()
    for same in (True, False):
        got = run.saturated([envoy, gate, nginx], same=same)
        rates = ", ".join(f"{name} {got[target.name].rate:,.0f}/s" for name, target in
                          (("narrows", gate), ("envoy", envoy), ("nginx", nginx)))  # fmt: skip
        ratio = got[gate.name].rate / got["envoy"].rate
        what = f"governed ÷ bare Envoy, durability {durability}"
        if same:
            yield Row(case, what, ratio, "x", ">=", must, aim, rates)
        else:
            yield Row(case, f"{what}, every prompt new", ratio, "x", detail=rates)


def n1(run: Run) -> Iterator[Row]:
    """Throughput without fsync before forwarding."""
    yield from _throughput(run, "N1", "normal", 0.40, 0.6)


def n2(run: Run) -> Iterator[Row]:
    """Throughput with fsync before forwarding."""
    yield from _throughput(run, "N2", "full", 0.33, 0.45)


def n3(run: Run) -> Iterator[Row]:
    """Added latency of one caller."""
    arena = run.arena
    direct, normal, full = arena.direct(), arena.narrows("normal"), arena.narrows("full")
    got = run.single([direct, normal, full, arena.envoy()])
    base = got["direct"].p50
    detail = f"direct p50 {base:,.0f} µs, bare envoy adds {got['envoy'].p50 - base:,.0f} µs"
    for target, must, aim in ((normal, 500, 250), (full, 1000, 700)):
        durability = "normal" if target is normal else "full"
        added = got[target.name].p50 - base
        yield Row("N3", f"added p50, one connection, {durability}", added, "µs", "<=", must, aim, detail)


def n4(run: Run) -> Iterator[Row]:
    """Added tail latency at half load: with the calls spread over time, and in bursts of all connections."""
    arena = run.arena
    direct, gate, envoy = arena.direct(), arena.narrows("normal"), arena.envoy()
    rate = run.saturated([gate])[gate.name].rate / 2
    body = arena.body(KB)
    for together, what in ((False, "calls spread over time"), (True, "bursts of 32 calls")):
        got = run.turns(
            [direct, gate, envoy],
            lambda target, together=together: load.fixed(
                target, body, connections=32, rate=rate, seconds=run.seconds, together=together
            ),
        )
        base = got["direct"].p99
        detail = f"at {rate:,.0f}/s; direct p99 {base:,.0f} µs, bare envoy adds {got['envoy'].p99 - base:,.0f} µs"
        must, aim = (None, None) if together else (5000, 2000)
        name = f"added p99 at half of the saturated rate, {what}"
        yield Row("N4", name, got[gate.name].p99 - base, "µs", "<=", must, aim, detail)


def n7(run: Run) -> Iterator[Row]:
    """Against LiteLLM."""
    if not run.litellm:
        return
    arena = run.arena
    gate, peer = arena.narrows("normal"), arena.litellm()
    got = run.saturated([gate, peer])
    detail = f"narrows {got[gate.name].rate:,.0f}/s, LiteLLM {got['litellm'].rate:,.0f}/s"
    yield Row("N7", "governed ÷ LiteLLM", got[gate.name].rate / got["litellm"].rate, "x", ">=", 60, 150, detail)


def n9(run: Run) -> Iterator[Row]:
    """Memory."""
    arena = run.arena
    target = arena.narrows("normal", upstream=arena.streams())
    gate = arena.gates[target.name]
    time.sleep(4)  # a second after it is ready the gate starts its worker process, which counts
    idle = memory.resident(gate.server.pid)
    yield Row("N9", "memory, idle", idle / KB / KB, "MB", "<=", 150, 100, "all processes of the gate, PSS")
    host, port = target.base.removeprefix("http://").split("/")[0].split(":")
    body = bodies.chat(KB, stream=True).encode()
    path = "/" + target.chat.split("/", 3)[3]

    async def grow(count: int) -> int:
        held = Held()
        await held.open(20, host, int(port), path, target.token, body)  # what is loaded once is not a stream's cost
        before = memory.resident(gate.server.pid)
        await held.open(count, host, int(port), path, target.token, body)
        await asyncio.sleep(1)
        after = memory.resident(gate.server.pid)
        await held.close()
        return after - before

    count = 500
    each = asyncio.run(grow(count)) / count / KB
    yield Row("N9", "memory per open stream", each, "KB", "<=", 64, 24, f"{count} streams")


def n10(run: Run) -> Iterator[Row]:
    """Cost growth with policies."""
    few, many = run.arena.narrows("normal", policies=10), run.arena.narrows("normal", policies=1000)
    got = run.saturated([few, many])
    ratio = got[few.name].rate / got[many.name].rate
    detail = f"10 policies {got[few.name].rate:,.0f}/s, 1,000 policies {got[many.name].rate:,.0f}/s"
    yield Row("N10", "cost of a call, 1,000 policies ÷ 10", ratio, "x", "<=", 1.1, 1.02, detail)


def n14(run: Run) -> Iterator[Row]:
    """Start to ready."""
    gate = memory.startable(run.arena)
    first = memory.start_time(gate)
    later = statistics.median(memory.start_time(gate) for _ in range(max(3, run.runs)))
    yield Row("N14", "start to ready, first", first, "s", "<=", 5, 3, "empty data directory")
    yield Row("N14", "start to ready, later", later, "s", "<=", 2, 1)


def n15(run: Run) -> Iterator[Row]:
    """TLS to the client."""
    plain, tls = run.arena.narrows("normal"), run.arena.narrows("normal", tls=True)
    got = run.saturated([plain, tls])
    detail = f"plain {got[plain.name].rate:,.0f}/s, TLS {got[tls.name].rate:,.0f}/s"
    yield Row("N15", "TLS ÷ plain, keep-alive", got[tls.name].rate / got[plain.name].rate, "x", ">=", 0.6, 0.8, detail)


def n16(run: Run) -> Iterator[Row]:
    """Long prompts."""
    direct, gate = run.arena.direct(), run.arena.narrows("normal")
    for size, must, aim in ((16, 3000, 1000), (100, 15_000, 6000)):
        got = run.single([direct, gate], size * KB)
        added = got[gate.name].p50 - got["direct"].p50
        detail = f"direct p50 {got['direct'].p50:,.0f} µs"
        yield Row("N16", f"added p50, prompt of {size} KB", added, "µs", "<=", must, aim, detail)


def fair(run: Run) -> Iterator[Row]:
    """Small calls beside large ones."""
    for masks in (False, True):
        small, large = run.arena.fair(masks=masks)
        gate = run.arena.gates["narrows-masked" if masks else "narrows-unmasked"]
        fairness.put_first(gate.server.pid)
        alone, _ = fairness.measured(small, large, LOAD_CORE, None, run.seconds)
        for what, make in fairness.REQUESTS.items():
            body = make()
            fairness.Caller(large.base, large.token).call(body)  # starts the process that judges it
            fairness.put_first(gate.server.pid)
            delay, sent = fairness.measured(small, large, LOAD_CORE, body, run.seconds)
            detail = (
                f"p99 {delay.p99:.1f} ms, worst {delay.worst:.1f} of {delay.calls:,} calls beside {sent}; "
                f"alone p99 {alone.p99:.1f}, worst {alone.worst:.1f}"
            )
            name = f"p99 added to small calls: {what}, masks {'on' if masks else 'off'}"
            yield Row("fair", name, delay.p99 - alone.p99, "ms", "<=", 5.0, detail=detail)


CASES: dict[str, Callable[[Run], Iterator[Row]]] = {
    "N1": n1, "N2": n2, "N3": n3, "N4": n4, "N7": n7, "N9": n9, "N10": n10, "N14": n14, "N15": n15, "N16": n16,
    "fair": fair,
}  # fmt: skip
