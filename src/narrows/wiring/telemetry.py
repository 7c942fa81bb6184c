"""Metrics for Prometheus. Labels come from the configuration and the registry of codes, never from a caller's text."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from narrows.model.record import Outcome
from narrows.model.usage import Usage

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_OVERHEAD = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 1)


class PrometheusTelemetry:
    """Implements the Telemetry port on a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._calls = Counter(
            "narrows_calls", "Calls by ending", ["connection", "operation", "outcome", "code"], registry=registry
        )
        self._tokens = Counter(
            "narrows_tokens", "Tokens that upstreams reported", ["connection", "kind"], registry=registry
        )
        self._seconds = Histogram(
            "narrows_call_seconds", "Duration of calls", ["connection"], registry=registry, buckets=_SECONDS
        )
        self._overhead = Histogram(
            "narrows_overhead_seconds",
            "From the request's body being read to its being sent upstream",
            registry=registry,
            buckets=_OVERHEAD,
        )
        self._observed = Counter(
            "narrows_observed_refusals", "What observed rules would have refused", ["policy", "code"], registry=registry
        )
        self._strangers = Counter(
            "narrows_unauthenticated", "Refused requests without a verified identity", ["code"], registry=registry
        )
        self._streams = Gauge("narrows_open_streams", "Streams being served", registry=registry)
        self.snapshots = Counter(
            "narrows_snapshots", "Configuration versions by what became of them", ["result"], registry=registry
        )
        # labels() takes a lock and builds a tuple each time; the few children are kept at hand.
        self._call_children: dict[tuple[str, str, Outcome, str], Counter] = {}
        self._second_children: dict[str, Histogram] = {}

    def ended(
        self, connection: str, operation: str, outcome: Outcome, code: str, duration: int, usage: Usage | None
    ) -> None:
        """A call ended."""
        key = (connection, operation, outcome, code)
        child = self._call_children.get(key)
        if child is None:
            child = self._call_children[key] = self._calls.labels(connection, operation, outcome.value, code)
        child.inc()
        seconds = self._second_children.get(connection)
        if seconds is None:
            seconds = self._second_children[connection] = self._seconds.labels(connection)
        seconds.observe(duration / 1e6)
        if usage is not None:
            if usage.prompt:
                self._tokens.labels(connection, "prompt").inc(usage.prompt)
            if usage.completion:
                self._tokens.labels(connection, "completion").inc(usage.completion)

    def observed(self, policy: str, code: str) -> None:
        """A rule or policy in observe mode would have refused."""
        self._observed.labels(policy, code).inc()

    def stranger(self, code: str) -> None:
        """An unauthenticated request was refused."""
        self._strangers.labels(code).inc()

    def overhead(self, microseconds: int) -> None:
        """The gate's own time before a call was forwarded."""
        self._overhead.observe(microseconds / 1e6)

    def streams(self, change: int) -> None:
        """A stream began or ended."""
        self._streams.inc(change)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
