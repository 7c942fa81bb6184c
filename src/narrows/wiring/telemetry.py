"""Metrics for Prometheus. Labels come from the configuration and the registry of codes, never from a caller's text.

A call only adds to plain numbers here; the client library is asked when Prometheus scrapes. Its own counters take a
lock and build a label tuple at every increment, which costs a call more than its policy does.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from narrows.accounting.counters import parse
from narrows.model.limits import MICRO, Unit
from narrows.model.record import Outcome
from narrows.model.usage import Usage
from narrows.ports.telemetry import UNITS, Units

DURATIONS: Final = (5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
                    10_000_000, 30_000_000, 60_000_000, 300_000_000)  # fmt: skip
OVERHEADS: Final = (100, 250, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 100_000, 1_000_000)
"""Upper bounds of the buckets, in microseconds."""

PARTS: Final = ("cached", "cache_write", "reasoning", "audio_prompt", "audio_completion")
"""Kinds of tokens that are parts of the prompt or of the completion."""


class Buckets:
    """A histogram of microseconds: how many fell into each bucket, and all of them together. Who counts adds to both
    itself: a method for it would cost a call as much again."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: tuple[int, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0

    def cumulative(self) -> tuple[list[tuple[str, float]], float]:
        """(upper bound in seconds, count up to it) for every bucket, and the sum in seconds."""
        total, rows = 0, []
        for bound, count in zip((*self._bounds, None), self.counts, strict=True):
            total += count
            rows.append(("+Inf" if bound is None else f"{bound / 1e6:g}", float(total)))
        return rows, self.total / 1e6


class Ended:
    """The calls of one connection that have ended."""

    __slots__ = ("calls", "completion", "parts", "prompt", "seconds")

    def __init__(self) -> None:
        self.calls: defaultdict[tuple[str, Outcome, str], int] = defaultdict(int)
        self.seconds = Buckets(DURATIONS)
        self.prompt = 0
        self.completion = 0
        self.parts = [0] * len(PARTS)

    def count(self, usage: Usage) -> None:
        """Adds the tokens of one call. Nothing is taken off for a figure below zero: a counter only grows."""
        prompt, completion = usage.prompt, usage.completion
        if prompt is not None and prompt > 0:
            self.prompt += prompt
        if completion is not None and completion > 0:
            self.completion += completion
        cached, written, reasoning = usage.cached, usage.cache_write, usage.reasoning
        heard, spoken = usage.audio_prompt, usage.audio_completion
        # Most replies have none of them, or say that there were none.
        if cached or written or reasoning or heard or spoken:
            parts = self.parts
            for index, tokens in enumerate((cached, written, reasoning, heard, spoken)):
                if tokens is not None and tokens > 0:
                    parts[index] += tokens


class PrometheusTelemetry(Collector):
    """Implements the Telemetry port; a collector on a registry of its own. Used on one event loop."""

    def __init__(self) -> None:
        self._ended: defaultdict[str, Ended] = defaultdict(Ended)
        self._overhead = Buckets(OVERHEADS)
        self._observed: Counter[tuple[str, str]] = Counter()
        self._strangers: Counter[str] = Counter()
        self._dead: Counter[str] = Counter()
        self._snapshots: Counter[str] = Counter()
        self._streams = 0
        self._spend: defaultdict[str, int] = defaultdict(int)
        self._reserved: defaultdict[int, int] = defaultdict(int)
        self._settled: defaultdict[int, int] = defaultdict(int)
        self._unknown: Counter[str] = Counter()
        self._limited: Counter[tuple[str, str]] = Counter()
        self._soft: Counter[tuple[str, str]] = Counter()
        self._implausible: Counter[str] = Counter()
        self._held: Callable[[], Mapping[Unit, int]] | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def ended(
        self, connection: str, operation: str, outcome: Outcome, code: str, duration: int, usage: Usage | None
    ) -> None:
        """A call ended."""
        ended = self._ended[connection]
        ended.calls[operation, outcome, code] += 1
        seconds = ended.seconds
        seconds.counts[bisect_left(DURATIONS, duration)] += 1
        seconds.total += duration
        if usage is not None:
            ended.count(usage)

    def observed(self, policy: str, code: str) -> None:
        """A rule or policy in observe mode would have refused."""
        self._observed[policy, code] += 1

    def stranger(self, code: str) -> None:
        """An unauthenticated request was refused."""
        self._strangers[code] += 1

    def dead(self, code: str) -> None:
        """A credential was used that holds no more."""
        self._dead[code] += 1

    def overhead(self, microseconds: int) -> None:
        """The gate's own time before a call was forwarded."""
        overhead = self._overhead
        overhead.counts[bisect_left(OVERHEADS, microseconds)] += 1
        overhead.total += microseconds

    def streams(self, change: int) -> None:
        """A stream began or ended."""
        self._streams += change

    def settled(
        self, connection: str, cost: int | None, units: Units, held: Sequence[int], settled: Sequence[int]
    ) -> None:
        """A call held so much of its budgets, and came to so much."""
        if cost is not None:
            self._spend[connection] += cost
        held_by, settled_by = self._reserved, self._settled
        for unit, place in units:
            held_by[unit] += held[place]
            settled_by[unit] += settled[place]

    def unknown(self, connection: str, units: Units, held: Sequence[int]) -> None:
        """Nobody knows what a call came to."""
        self._unknown[connection] += 1
        for unit, place in units:
            self._reserved[unit] += held[place]

    def limited(self, policy: str, code: str) -> None:
        """A limit refused a call."""
        self._limited[policy, code] += 1

    def soft(self, policy: str, rule: str) -> None:
        """A call passed a soft threshold."""
        self._soft[policy, rule] += 1

    def implausible(self, connection: str) -> None:
        """Usage that was not believed."""
        self._implausible[connection] += 1

    def holding(self, held: Callable[[], Mapping[Unit, int]]) -> None:
        """What all calls together hold of each unit is asked of `held` when Prometheus scrapes: what was held before
        the process began counts, too."""
        self._held = held

    def also(self, collector: Collector) -> None:
        """Shows the metrics of this one as well."""
        self._registry.register(collector)

    def snapshot(self, result: str) -> None:
        """A new version of the configuration was `accepted` or `refused`."""
        self._snapshots[result] += 1

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Every metric, as the client library wants it."""
        calls = {(name, *key): count for name, ended in self._ended.items() for key, count in ended.calls.items()}
        yield _counter("narrows_calls", "Calls by ending", ("connection", "operation", "outcome", "code"), calls)
        yield self._tokens()
        durations = HistogramMetricFamily("narrows_call_seconds", "Duration of calls", labels=["connection"])
        for name, ended in self._ended.items():
            rows, total = ended.seconds.cumulative()
            durations.add_metric([name], rows, total)
        yield durations
        overhead = HistogramMetricFamily(
            "narrows_overhead_seconds", "From the request's body being read to its being sent upstream"
        )
        rows, total = self._overhead.cumulative()
        overhead.add_metric([], rows, total)
        yield overhead
        yield _counter(
            "narrows_observed_refusals", "What observed rules would have refused", ("policy", "code"), self._observed
        )
        strangers = {(code,): count for code, count in self._strangers.items()}
        yield _counter("narrows_unauthenticated", "Refused requests without a verified identity", ("code",), strangers)
        dead = {(code,): count for code, count in self._dead.items()}
        about = "Uses of credentials that are authentic and hold no more"
        yield _counter("narrows_dead_credentials", about, ("code",), dead)
        snapshots = {(result,): count for result, count in self._snapshots.items()}
        yield _counter("narrows_snapshots", "Configuration versions by what became of them", ("result",), snapshots)
        yield GaugeMetricFamily("narrows_open_streams", "Streams being served", value=self._streams)
        yield from self._limits()

    def _tokens(self) -> Metric:
        tokens: dict[tuple[str, str], int] = {}
        for name, ended in self._ended.items():
            tokens[name, "prompt"], tokens[name, "completion"] = ended.prompt, ended.completion
            for kind, count in zip(PARTS, ended.parts, strict=True):
                if count:
                    tokens[name, kind] = count
        about = "Tokens that upstreams reported; all kinds but prompt and completion are parts of these"
        return _counter("narrows_tokens", about, ("connection", "kind"), tokens)

    def _limits(self) -> Iterator[Metric]:
        """What limits on many calls have seen."""
        spend = {(name,): micro / MICRO for name, micro in self._spend.items()}
        yield _counter("narrows_spend_usd", "Dollars that calls under limits came to", ("connection",), spend)
        reserved = {(unit := UNITS[place],): _written(unit, amount) for place, amount in self._reserved.items()}
        yield _counter("narrows_reserved", "What calls have held of their budgets at most", ("unit",), reserved)
        settled = {(unit := UNITS[place],): _written(unit, amount) for place, amount in self._settled.items()}
        yield _counter("narrows_settled", "What calls under budgets came to", ("unit",), settled)
        if self._held is not None:
            held = GaugeMetricFamily("narrows_held", "What calls hold of their budgets now", labels=["unit"])
            for unit, amount in self._held().items():
                held.add_metric([unit.value], _written(unit, amount))
            yield held
        unknown = {(name,): count for name, count in self._unknown.items()}
        yield _counter("narrows_unknown_outcomes", "Calls of unknown cost: held at the bound", ("connection",), unknown)
        yield _counter("narrows_limited", "Refusals by limits on many calls", ("policy", "code"), self._limited)
        yield _counter("narrows_soft_limits", "Calls that passed a soft threshold", ("policy", "rule"), self._soft)
        implausible = {(name,): count for name, count in self._implausible.items()}
        about = "Replies whose usage was not believed"
        yield _counter("narrows_implausible_usage", about, ("connection",), implausible)


def held_by_unit(pending: Iterable[tuple[str, int, Sequence[str], Sequence[int]]]) -> dict[Unit, int]:
    """What reservations hold of each unit, for `holding`: each once, however many counters count it. They are id,
    moment, names of counters and amounts, as Book.pending gives them."""
    held: dict[Unit, int] = {}
    for _, _, names, amounts in pending:
        mine: dict[Unit, int] = {}
        for name, amount in zip(names, amounts, strict=True):
            unit = parse(name).unit
            mine[unit] = max(mine.get(unit, 0), amount)
        for unit, amount in mine.items():
            held[unit] = held.get(unit, 0) + amount
    return held


def _written(unit: Unit, amount: int) -> float:
    """An amount as configurations write it: dollars and compute units whole, not in millionths."""
    return amount / unit.scale


def _counter(
    name: str, documentation: str, labels: tuple[str, ...], counts: Mapping[Any, float]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=labels)
    for values, count in counts.items():
        family.add_metric([str(value) for value in values], count)
    return family
