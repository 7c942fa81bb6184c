"""Metrics for Prometheus. Labels come from the configuration and the registry of codes, never from a caller's text.

A call only adds to plain numbers here; the client library is asked when Prometheus scrapes. Its own counters take a
lock and build a label tuple at every increment, which costs a call more than its policy does.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from narrows.model.record import Outcome
from narrows.model.usage import Usage

DURATIONS: Final = (5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
                    10_000_000, 30_000_000, 60_000_000, 300_000_000)  # fmt: skip
OVERHEADS: Final = (100, 250, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 100_000, 1_000_000)
"""Upper bounds of the buckets, in microseconds."""


class Buckets:
    """A histogram of microseconds: how many fell into each bucket, and all of them together."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: tuple[int, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0

    def add(self, microseconds: int) -> None:
        """Counts one duration."""
        self.counts[bisect_left(self._bounds, microseconds)] += 1
        self.total += microseconds

    def cumulative(self) -> tuple[list[tuple[str, float]], float]:
        """(upper bound in seconds, count up to it) for every bucket, and the sum in seconds."""
        total, rows = 0, []
        for bound, count in zip((*self._bounds, None), self.counts, strict=True):
            total += count
            rows.append(("+Inf" if bound is None else f"{bound / 1e6:g}", float(total)))
        return rows, self.total / 1e6


class Ended:
    """The calls of one connection that have ended."""

    __slots__ = ("calls", "completion", "prompt", "seconds")

    def __init__(self) -> None:
        self.calls: defaultdict[tuple[str, Outcome, str], int] = defaultdict(int)
        self.seconds = Buckets(DURATIONS)
        self.prompt = 0
        self.completion = 0


class PrometheusTelemetry(Collector):
    """Implements the Telemetry port; a collector on a registry of its own. Used on one event loop."""

    def __init__(self) -> None:
        self._ended: defaultdict[str, Ended] = defaultdict(Ended)
        self._overhead = Buckets(OVERHEADS)
        self._observed: Counter[tuple[str, str]] = Counter()
        self._strangers: Counter[str] = Counter()
        self._snapshots: Counter[str] = Counter()
        self._streams = 0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def ended(
        self, connection: str, operation: str, outcome: Outcome, code: str, duration: int, usage: Usage | None
    ) -> None:
        """A call ended."""
        ended = self._ended[connection]
        ended.calls[operation, outcome, code] += 1
        # What `Buckets.add` does: a call costs less without it.
        seconds = ended.seconds
        seconds.counts[bisect_left(DURATIONS, duration)] += 1
        seconds.total += duration
        if usage is not None:
            prompt, completion = usage.prompt, usage.completion
            if prompt:
                ended.prompt += prompt
            if completion:
                ended.completion += completion

    def observed(self, policy: str, code: str) -> None:
        """A rule or policy in observe mode would have refused."""
        self._observed[policy, code] += 1

    def stranger(self, code: str) -> None:
        """An unauthenticated request was refused."""
        self._strangers[code] += 1

    def overhead(self, microseconds: int) -> None:
        """The gate's own time before a call was forwarded."""
        self._overhead.add(microseconds)

    def streams(self, change: int) -> None:
        """A stream began or ended."""
        self._streams += change

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
        prompts = {(name, "prompt"): ended.prompt for name, ended in self._ended.items()}
        completions = {(name, "completion"): ended.completion for name, ended in self._ended.items()}
        tokens = prompts | completions
        yield _counter("narrows_tokens", "Tokens that upstreams reported", ("connection", "kind"), tokens)
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
        snapshots = {(result,): count for result, count in self._snapshots.items()}
        yield _counter("narrows_snapshots", "Configuration versions by what became of them", ("result",), snapshots)
        yield GaugeMetricFamily("narrows_open_streams", "Streams being served", value=self._streams)


def _counter(name: str, documentation: str, labels: tuple[str, ...], counts: Mapping[Any, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=labels)
    for values, count in counts.items():
        family.add_metric([str(value) for value in values], count)
    return family
