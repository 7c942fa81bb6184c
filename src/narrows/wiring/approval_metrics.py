"""Metrics of what people are asked: questions by what became of them, how long that took, what is held and open now,
and the messages that wait for a channel. Labels are names from the configuration and words of the product."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from narrows.ports.clock import Clock
from narrows.ports.outbox import Post
from narrows.wiring.telemetry import Buckets

WAITS: Final = tuple(seconds * 1_000_000 for seconds in (5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400))
"""Upper bounds of the buckets, in microseconds."""

ENDS: Final = ("approved", "released", "rejected", "expired", "cancelled")


class Channels(Protocol):
    """The channels by which people are told."""

    @property
    def posts(self) -> Mapping[str, Post]:
        """How they stand."""

    @property
    def failures(self) -> Mapping[str, int]:
        """How often a try to send something has failed."""


class ApprovalMetrics(Collector):
    """Used on one event loop. What is so now is asked when Prometheus scrapes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: Counter[str] = Counter()
        self._waits = Buckets(WAITS)
        self._sources: tuple[Callable[[], int], Callable[[], tuple[int, int]], Channels] | None = None

    def watch(self, held: Callable[[], int], questions: Callable[[], tuple[int, int]], channels: Channels) -> None:
        """`held` gives how many calls are held, `questions` how many are pending and how many stand in all."""
        self._sources = (held, questions, channels)

    def decided(self, outcome: str, microseconds: int) -> None:
        """A question is pending no more."""
        self._ends[outcome] += 1
        if outcome in ("approved", "released", "rejected"):
            waited = max(microseconds, 0)
            self._waits.counts[bisect_left(WAITS, waited)] += 1
            self._waits.total += waited

    def collect(self) -> Iterator[Metric]:
        """Every metric, as the client library wants it."""
        ends = CounterMetricFamily(
            "narrows_approvals", "Questions by what became of them; released: by one person alone", labels=["outcome"]
        )
        for outcome in ENDS:
            ends.add_metric([outcome], self._ends[outcome])
        yield ends
        waits = HistogramMetricFamily("narrows_approval_seconds", "From the question to the decision of people")
        rows, total = self._waits.cumulative()
        waits.add_metric([], rows, total)
        yield waits
        if self._sources is not None:
            held, questions, channels = self._sources
            yield GaugeMetricFamily("narrows_held_calls", "Calls that are held for approval now", value=held())
            pending, standing = questions()
            stand = GaugeMetricFamily("narrows_approvals_open", "Questions that stand, by state", labels=["state"])
            stand.add_metric(["pending"], pending)
            stand.add_metric(["approved"], standing - pending)
            yield stand
            yield from self._outbox(channels)

    def _outbox(self, channels: Channels) -> Iterator[Metric]:
        posts, now = channels.posts, self._clock.now()
        waiting = GaugeMetricFamily("narrows_outbox_waiting", "Messages that wait for a channel", labels=["channel"])
        oldest = GaugeMetricFamily("narrows_outbox_oldest_seconds", "Age of the oldest of them", labels=["channel"])
        dead = GaugeMetricFamily("narrows_outbox_given_up", "Messages that were given up lately", labels=["channel"])
        for name, post in posts.items():
            waiting.add_metric([name], post.waiting)
            oldest.add_metric([name], 0.0 if post.oldest is None else max(now - post.oldest, 0) / 1e6)
            dead.add_metric([name], post.dead)
        failed = CounterMetricFamily(
            "narrows_outbox_failures", "Tries to send a message that failed", labels=["channel"]
        )
        for name, count in channels.failures.items():
            failed.add_metric([name], count)
        yield from (waiting, oldest, dead, failed)
