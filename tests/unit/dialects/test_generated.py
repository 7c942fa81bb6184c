import pytest

from narrows.dialects.generated import Generated
from narrows.model.reply import Delta, Event
from narrows.model.usage import LONGEST_TOKEN, Usage


def event(*texts: tuple[str, str], usage: Usage | None = None) -> Event:
    return Event({}, deltas=[Delta(0, field, text) for field, text in texts], usage=usage)


def test_each_delta_that_generates_is_a_token_at_least() -> None:
    counted = Generated(3)
    three = event(("content", "a"), ("reasoning", "b"), ("tool_call:0", "{"), ("content", ""))
    assert not counted.passed(three)
    assert (counted.deltas, counted.size) == (3, 3)
    assert counted.passed(event(("refusal", "d")))


def test_bytes_are_bounded_by_the_longest_token() -> None:
    counted = Generated(1)
    assert not counted.passed(event(("content", "é" * (LONGEST_TOKEN // 2))))
    assert Generated(1).passed(event(("content", "é" * (LONGEST_TOKEN // 2) + "x")))


@pytest.mark.parametrize("field", ["envelope", "envelope:id", "envelope:padding", "repeat:content", "logprobs", "$.id",
                                   "$.message.content~", "$.created_at"])  # fmt: skip
def test_what_no_model_wrote_is_not_counted(field: str) -> None:
    counted = Generated(0)
    assert not counted.passed(event((field, "x" * 100)))
    assert (counted.deltas, counted.size) == (0, 0)


def test_of_any_json_the_bytes_alone_count() -> None:
    counted = Generated(1)
    assert not counted.passed(event(("$.message.content", "a"), ("$.message.content", "b")))
    assert (counted.deltas, counted.size) == (0, 2)


def test_what_the_upstream_reports_counts() -> None:
    assert not Generated(5).passed(event(usage=Usage(completion=5)))
    assert Generated(5).passed(event(usage=Usage(completion=6)))


def test_without_a_bound_it_only_counts() -> None:
    counted = Generated()
    assert not counted.passed(event(("content", "word " * 50), usage=Usage(completion=10**9)))
    assert (counted.deltas, counted.size) == (1, 250)
