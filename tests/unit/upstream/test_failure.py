"""Failures become refusals of the registry, with what the engine needs to know."""

from narrows.model.refusal import Code
from narrows.upstream.failure import crowded, invalid, seconds, timed_out, unreachable, unsendable


def test_each_failure_has_its_code_and_says_whether_anything_was_sent() -> None:
    failures = [
        unreachable("x", sent=False),
        timed_out("x", sent=True),
        invalid("x"),
        crowded("x", retry_after=1),
        unsendable("x"),
    ]
    assert [(failure.deny.code, failure.sent) for failure in failures] == [
        (Code.UPSTREAM_UNREACHABLE, False),
        (Code.UPSTREAM_TIMEOUT, True),
        (Code.UPSTREAM_INVALID, True),
        (Code.OVERLOADED, False),
        (Code.REQUEST_MALFORMED, False),
    ]


def test_a_crowd_says_when_to_come_back() -> None:
    assert crowded("x", retry_after=1).deny.retry_after == 1


def test_durations_are_short() -> None:
    assert [seconds(value) for value in (5.0, 0.25, 300.0)] == ["5 s", "0.25 s", "300 s"]
