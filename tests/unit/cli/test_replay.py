"""A reply once more, at its pace."""

from pathlib import Path

from narrows.cli.replay import Step, play, separator, steps
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.views import CallRecord
from unit.cli.recorded import REFUSED, STREAMED, WHOLE


def load(store: Path, call: str) -> CallRecord:
    record = Archive(store).call(call)
    assert record is not None
    return record


def test_steps_come_in_the_order_they_passed(store: Path) -> None:
    assert list(steps(load(store, STREAMED))) == [
        Step(100_000, 0, "content", "one"),
        Step(200_000, 1, "content", "uno"),
        Step(300_000, 0, "content", " two"),
    ]


def test_a_buffered_reply_is_one_step_at_its_end(store: Path) -> None:
    assert list(steps(load(store, WHOLE))) == [Step(500, 0, "content", "Hello\nyourself")]
    assert list(steps(load(store, REFUSED))) == []


def test_it_waits_as_long_as_it_took_divided_by_the_speed(store: Path) -> None:
    record = load(store, STREAMED)
    for speed, expected in ((1.0, [0.1, 0.1, 0.1]), (4.0, [0.025] * 3), (None, [])):
        waits: list[float] = []
        seen: list[Step] = []
        play(record, seen.append, waits.append, speed)
        assert [round(wait, 6) for wait in waits] == expected
        assert len(seen) == 3


def test_a_heading_stands_where_another_text_begins() -> None:
    first, other, tool = Step(0, 0, "content", "a"), Step(1, 1, "content", "b"), Step(2, 0, "tool_call:0", "{")
    assert separator(None, first) == ""
    assert separator(first, first) == ""
    assert separator(first, other) == "\n[content [1]] "
    assert separator(other, tool) == "\n[tool_call:0] "
    assert separator(tool, first) == "\n"
