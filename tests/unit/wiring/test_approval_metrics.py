"""What people are asked is counted by what became of it, and shown as it stands when it is scraped."""

from types import SimpleNamespace

from prometheus_client import CollectorRegistry, generate_latest

from narrows.ports.outbox import Post
from narrows.wiring.approval_metrics import ApprovalMetrics
from unit.stores.sqlite.records import NOW, StillClock

SECOND = 1_000_000


def lines(metrics: ApprovalMetrics) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(metrics)
    rows = (line.rsplit(" ", 1) for line in generate_latest(registry).decode().splitlines() if line[0] != "#")
    return {name: float(value) for name, value in rows}


def test_questions_are_counted_by_what_became_of_them() -> None:
    metrics = ApprovalMetrics(StillClock())
    for outcome, seconds in (("approved", 20), ("approved", 90), ("released", 4), ("rejected", -1), ("expired", 3600)):
        metrics.decided(outcome, seconds * SECOND)
    shown = lines(metrics)
    assert shown['narrows_approvals_total{outcome="approved"}'] == 2
    assert shown['narrows_approvals_total{outcome="expired"}'] == 1
    assert shown['narrows_approvals_total{outcome="cancelled"}'] == 0
    assert shown["narrows_approval_seconds_count"] == 4, "what nobody decided took nobody any time"
    assert shown['narrows_approval_seconds_bucket{le="5"}'] == 2
    assert shown['narrows_approval_seconds_bucket{le="30"}'] == 3
    assert shown["narrows_approval_seconds_sum"] == 114


def test_what_is_so_now_is_asked_when_it_is_scraped() -> None:
    metrics = ApprovalMetrics(StillClock())
    posts = {"sec": Post("sec", 3, 1, NOW - 90 * SECOND), "all": Post("all", 0, 0)}
    metrics.watch(lambda: 7, lambda: (2, 5), SimpleNamespace(posts=posts, failures={"sec": 4}))
    shown = lines(metrics)
    assert shown["narrows_held_calls"] == 7
    assert shown['narrows_approvals_open{state="pending"}'] == 2
    assert shown['narrows_approvals_open{state="approved"}'] == 3
    assert shown['narrows_outbox_waiting{channel="sec"}'] == 3
    assert shown['narrows_outbox_oldest_seconds{channel="sec"}'] == 90
    assert shown['narrows_outbox_oldest_seconds{channel="all"}'] == 0
    assert shown['narrows_outbox_given_up{channel="sec"}'] == 1
    assert shown['narrows_outbox_failures_total{channel="sec"}'] == 4
