"""The figures of the performance page, one function each. A case yields rows; a row is one line of the table.

Those that depend on what a gate is asked to do are measured for each profile of the run, the rest once, without masks.
"""

import asyncio
import functools
import statistics
import time
from collections.abc import Callable, Iterator

from harness import bodies, fairness, holding, load, memory, revoking, sustained, texts
from harness.arena import LOAD_CORE
from harness.figure import KB, Row, Run
from harness.profiles import Profile
from harness.streams import Held

_GOVERNED = {"normal": (0.30, 0.6), "full": (0.25, 0.45)}
_SPINE = {"normal": (0.40, 0.6), "full": (0.33, 0.45)}
"""What must be reached of a bare Envoy with everything on, and while masks and budgets are still to come."""


def _throughput(run: Run, case: str, durability: str) -> Iterator[Row]:
    """Requests a second: the same request and reply again and again, and others every time."""
    arena, envoy, nginx = run.arena, run.arena.envoy(), run.arena.nginx()
    gates = {profile: arena.narrows(durability, profile=profile) for profile in run.profiles}
    what = f"governed ÷ bare Envoy, durability {durability}"
    for same in (True, False):
        chosen = {profile: arena.repeated(gate) if same else gate for profile, gate in gates.items()}
        got = run.saturated([envoy, *chosen.values(), nginx], same=same)
        for profile, gate in chosen.items():
            rates = ", ".join(f"{name} {got[target.name].rate:,.0f}/s" for name, target in
                              (("narrows", gate), ("envoy", envoy), ("nginx", nginx)))  # fmt: skip
            ratio = got[gate.name].rate / got["envoy"].rate
            must, aim = (None, None)
            if same and profile is Profile.NONE:
                must, aim = _SPINE[durability]
            elif profile is not Profile.NONE:
                must, aim = _GOVERNED[durability]
            fresh = "" if same else ", every prompt new"
            yield Row(case, f"{what}{fresh}{profile.suffix}", ratio, "x", ">=", must, aim, rates)


def n1(run: Run) -> Iterator[Row]:
    """Throughput without fsync before forwarding."""
    yield from _throughput(run, "N1", "normal")


def n2(run: Run) -> Iterator[Row]:
    """Throughput with fsync before forwarding."""
    yield from _throughput(run, "N2", "full")


def n3(run: Run) -> Iterator[Row]:
    """Added latency of one caller."""
    arena = run.arena
    direct, envoy = arena.direct(), arena.envoy()
    gates = [
        (profile, durability, arena.narrows(durability, profile=profile))
        for profile in run.profiles
        for durability in ("normal", "full")
    ]
    for same in (True, False):
        chosen = [(profile, durability, arena.repeated(gate) if same else gate) for profile, durability, gate in gates]
        got = run.single([direct, *(gate for _, _, gate in chosen), envoy], same=same)
        base = got["direct"].p50
        detail = f"direct p50 {base:,.0f} µs, bare envoy adds {got['envoy'].p50 - base:,.0f} µs"
        for profile, durability, gate in chosen:
            must, aim = (500, 250) if durability == "normal" else (1000, 700)
            fresh = "" if same else ", every prompt new"
            what = f"added p50, one connection, {durability}{fresh}{profile.suffix}"
            yield Row("N3", what, got[gate.name].p50 - base, "µs", "<=", must, aim, detail)


def n4(run: Run) -> Iterator[Row]:
    """Added tail latency at half load: with the calls spread over time, and in bursts of all connections."""
    for profile in run.profiles:
        yield from _tail(run, profile)
        yield from _tail_fresh(run, profile)


def _tail(run: Run, profile: Profile) -> Iterator[Row]:
    arena = run.arena
    direct, envoy = arena.direct(), arena.envoy()
    gate = arena.repeated(arena.narrows("normal", profile=profile))
    rate = run.saturated([gate], same=True)[gate.name].rate / 2
    body = arena.body(KB)
    for together, what in ((False, "calls spread over time"), (True, "bursts of 32 calls")):
        paced = functools.partial(
            load.fixed, body=body, connections=32, rate=rate, seconds=run.seconds, together=together
        )
        got = run.turns([direct, gate, envoy], paced)
        base = got["direct"].p99
        detail = f"at {rate:,.0f}/s; direct p99 {base:,.0f} µs, bare envoy adds {got['envoy'].p99 - base:,.0f} µs"
        must, aim = (None, None) if together else (5000, 2000)
        name = f"added p99 at half of the saturated rate, {what}{profile.suffix}"
        yield Row("N4", name, got[gate.name].p99 - base, "µs", "<=", must, aim, detail)


def _tail_fresh(run: Run, profile: Profile) -> Iterator[Row]:
    """With prompts that are new, as masks and rules have to see them."""
    arena = run.arena
    direct, gate, envoy = arena.direct(), arena.narrows("normal", profile=profile), arena.envoy()
    rate = run.saturated([gate])[gate.name].rate / 2
    got = run.turns(
        [direct, gate, envoy],
        lambda target: load.spread(target, arena.corpus, KB, connections=32, rate=rate, seconds=run.seconds),
    )
    base = got["direct"].p99
    detail = f"at {rate:,.0f}/s; direct p99 {base:,.0f} µs, bare envoy adds {got['envoy'].p99 - base:,.0f} µs"
    name = f"added p99 at half of the saturated rate, every prompt new{profile.suffix}"
    yield Row("N4", name, got[gate.name].p99 - base, "µs", "<=", 5000, 2000, detail)


def n5(run: Run) -> Iterator[Row]:
    """Streams sustained; for every profile but the bare one."""
    yield from sustained.rows(run)


def n6(_: Run) -> Iterator[Row]:
    """What a delta costs the masks."""
    yield from texts.deltas()


def n8(_: Run) -> Iterator[Row]:
    """What a text costs the masks."""
    yield from texts.wholes()


def n7(run: Run) -> Iterator[Row]:
    """Against LiteLLM."""
    if not run.litellm:
        return
    arena = run.arena
    gate, peer = arena.narrows("normal"), arena.litellm()
    for same in (True, False):
        got = run.saturated([gate, peer], same=same)
        detail = f"narrows {got[gate.name].rate:,.0f}/s, LiteLLM {got['litellm'].rate:,.0f}/s"
        fresh = "" if same else ", every prompt new"
        yield Row(
            "N7", f"governed ÷ LiteLLM{fresh}", got[gate.name].rate / got["litellm"].rate, "x", ">=", 60, 150, detail
        )


def n9(run: Run) -> Iterator[Row]:
    """Memory."""
    for profile in run.profiles:
        yield from _memory(run, profile)


def _memory(run: Run, profile: Profile) -> Iterator[Row]:
    arena = run.arena
    target = arena.narrows("normal", profile=profile, upstream=arena.streams())
    gate = arena.gates[target.name]
    time.sleep(4)  # a second after it is ready the gate starts its worker process, which counts
    idle = memory.resident(gate.server.pid)
    detail = "all processes of the gate, PSS"
    yield Row("N9", f"memory, idle{profile.suffix}", idle / KB / KB, "MB", "<=", 150, 100, detail)
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
    yield Row("N9", f"memory per open stream{profile.suffix}", each, "KB", "<=", 64, 24, f"{count} streams")


def n10(run: Run) -> Iterator[Row]:
    """Cost growth with policies, and with principals whose budgets the ledger knows."""
    few, many = run.arena.narrows("normal", policies=10), run.arena.narrows("normal", policies=1000)
    got = run.saturated([few, many])
    ratio = got[few.name].rate / got[many.name].rate
    detail = f"10 policies {got[few.name].rate:,.0f}/s, 1,000 policies {got[many.name].rate:,.0f}/s"
    yield Row("N10", "cost of a call, 1,000 policies ÷ 10", ratio, "x", "<=", 1.1, 1.02, detail)
    if Profile.LIMITS in run.profiles:
        few, many = (run.arena.narrows("normal", profile=Profile.LIMITS, principals=n) for n in (100, 1_000_000))
        got = run.saturated([few, many])
        ratio = got[few.name].rate / got[many.name].rate
        detail = f"100 principals {got[few.name].rate:,.0f}/s, 1,000,000 principals {got[many.name].rate:,.0f}/s"
        yield Row("N10", "cost of a call, 1,000,000 known principals ÷ 100", ratio, "x", "<=", 1.1, 1.02, detail)


def n11(run: Run) -> Iterator[Row]:
    """From the commit of a revocation to its effect."""
    target = run.arena.narrows("normal", upstream=run.arena.streams())
    gate, body = run.arena.gates[target.name], bodies.chat(KB, stream=True).encode()
    taken = revoking.measured(gate, target, run.arena.issuer, body, max(100, round(run.seconds * 40)))
    for what, column in (("new calls are refused", [each.refused for each in taken]),
                         ("its open stream has ended", [each.ended for each in taken])):  # fmt: skip
        took = sorted(column)
        p99 = took[len(took) * 99 // 100]
        detail = f"p50 {statistics.median(took):.0f}, worst {took[-1]:.0f} of {len(took)}; {revoking.OTHERS} streams"
        yield Row("N11", f"p99 from a revocation's commit until {what}", p99, "ms", "<=", 1000, 200, detail)


def n14(run: Run) -> Iterator[Row]:
    """Start to ready."""
    for profile in run.profiles:
        gate = memory.startable(run.arena, profile)
        first = memory.start_time(gate)
        later = statistics.median(memory.start_time(gate) for _ in range(max(3, run.runs)))
        yield Row("N14", f"start to ready, first{profile.suffix}", first, "s", "<=", 5, 3, "empty data directory")
        yield Row("N14", f"start to ready, later{profile.suffix}", later, "s", "<=", 2, 1)


def n15(run: Run) -> Iterator[Row]:
    """TLS to the client."""
    plain, tls = run.arena.narrows("normal"), run.arena.narrows("normal", tls=True)
    got = run.saturated([plain, tls])
    detail = f"plain {got[plain.name].rate:,.0f}/s, TLS {got[tls.name].rate:,.0f}/s"
    yield Row("N15", "TLS ÷ plain, keep-alive", got[tls.name].rate / got[plain.name].rate, "x", ">=", 0.6, 0.8, detail)


def n16(run: Run) -> Iterator[Row]:
    """Long prompts."""
    direct = run.arena.direct()
    gates = {profile: run.arena.narrows("normal", profile=profile) for profile in run.profiles}
    for size, must, aim in ((16, 3000, 1000), (100, 15_000, 6000)):
        got = run.single([direct, *gates.values()], size * KB)
        detail = f"direct p50 {got['direct'].p50:,.0f} µs"
        for profile, gate in gates.items():
            added = got[gate.name].p50 - got["direct"].p50
            yield Row("N16", f"added p50, prompt of {size} KB{profile.suffix}", added, "µs", "<=", must, aim, detail)


def n17(run: Run) -> Iterator[Row]:
    """Many calls held for approval: what the others see of it, and what each takes."""
    arena = run.arena
    target = arena.asking()
    gate, body, count = arena.gates[target.name], arena.body(KB), 5_000
    rate = run.saturated([target])[target.name].rate / 2
    paced = functools.partial(load.fixed, body=body, connections=32, rate=rate, seconds=run.seconds, together=False)
    without = run.turns([target], paced)[target.name].p99
    with holding.asking(target, arena.issuer, bodies.MODEL) as (runner, crowd):
        runner.run(crowd.ask(200))  # what is loaded once is not a held call's cost
        _until(lambda: holding.held(gate) == 200)
        before = memory.resident(gate.server.pid)
        runner.run(crowd.ask(count - 200))
        _until(lambda: holding.held(gate) == count)
        each = (memory.resident(gate.server.pid) - before) / (count - 200) / KB
        during = run.turns([target], paced)[target.name].p99
        still = holding.held(gate)
    detail = f"at {rate:,.0f}/s; p99 {without:,.0f} µs without, {during:,.0f} µs with; {still:,.0f} held to the end"
    yield Row("N17", f"others' p99 with {count:,} calls held ÷ without", during / without, "x", "<=", 1.3, None, detail)
    yield Row("N17", "memory per held call", each, "KB", detail=f"{count:,} questions of a kilobyte")


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + holding.PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("the calls were not held in time")
        time.sleep(0.1)


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
    "N1": n1, "N2": n2, "N3": n3, "N4": n4, "N5": n5, "N6": n6, "N7": n7, "N8": n8, "N9": n9, "N10": n10, "N11": n11,
    "N14": n14, "N15": n15, "N16": n16, "N17": n17, "fair": fair,
}  # fmt: skip
