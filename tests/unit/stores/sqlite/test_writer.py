"""The writer thread: what fails, what is kept, what is tried again, and that one bad entry takes none along."""

import logging
import os
import queue
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from narrows.config.schema import Recording
from narrows.model.record import Outcome, Strangers
from narrows.stores.sqlite import writer as writing
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.writer import Callbacks, Item, Writer
from unit.stores.sqlite.records import OWNER, StillClock, call_id, closed, opened

PROBE = 0.02
BIG = os.urandom(100_000)


class Told:
    """A writer and what it tells."""

    def __init__(self, path: Path, **recording: Any) -> None:
        self.path = path
        self.events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        tell = Callbacks(
            lambda error: self.events.put(("started", error)),
            lambda batch, failed: self.events.put(("written", (batch, failed))),
            lambda healthy: self.events.put(("health", healthy)),
            lambda: self.events.put(("stopped", None)),
        )
        directory = DataDirectory(path)
        directory.prepare()
        self.writer = Writer(directory, Recording(**recording), StillClock(), tell, probe=PROBE)
        self.writer.start()
        self.error = self.next("started")

    def next(self, kind: str) -> Any:
        """What it tells next, which must be of this kind."""
        found, value = self.events.get(timeout=10)
        assert found == kind, (found, value)
        return value

    def write(self, *items: Item) -> Sequence[Item]:
        """Hands a batch over; gives the items that failed."""
        self.writer.put(items)
        _, failed = self.next("written")
        return failed

    def limit(self, pages: int) -> None:
        """Makes the disk so full."""
        self.writer._file.connection.execute(f"PRAGMA max_page_count = {pages}")

    def stop(self) -> None:
        self.writer.stop()
        self.writer.join()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Told]]:
    made: list[Told] = []

    def begin(**recording: Any) -> Told:
        made.append(Told(tmp_path / "data", **recording))
        return made[-1]

    yield begin
    for told in made:
        told.stop()


def open_item(number: int, *data: bytes) -> Item:
    return (opened(number, *data), OWNER, None)


def close_item(number: int) -> Item:
    return (closed(number), OWNER, None)


def outcomes(told: Told) -> dict[str, str | None]:
    return {call.id: call.outcome for call in Archive(told.path).calls()}


def test_batches_are_written(start: Callable[..., Told]) -> None:
    told = start()
    assert told.error is None
    assert told.write(open_item(1), open_item(2), close_item(1)) == ()
    assert outcomes(told) == {call_id(1): "done", call_id(2): None}


def test_a_full_disk_fails_the_intents_keeps_the_endings_and_recovers(
    start: Callable[..., Told], caplog: pytest.LogCaptureFixture
) -> None:
    told = start()
    told.write(open_item(1), open_item(2))
    told.limit(1)
    lost = open_item(3, BIG)
    told.writer.put([close_item(1), lost])
    assert told.next("health") is False
    assert told.next("written")[1] == [lost]
    assert [item[0].call for item in told.write(close_item(2), open_item(4))] == [call_id(4)]
    assert outcomes(told) == {call_id(1): None, call_id(2): None}
    told.limit(1_000_000)
    assert told.next("health") is True
    assert outcomes(told) == {call_id(1): "done", call_id(2): "done"}
    assert told.write(open_item(5)) == ()
    assert Archive(told.path).position() == 5
    assert "no call is forwarded" in caplog.text


def test_a_locked_file_fails_and_recovers(start: Callable[..., Told]) -> None:
    told = start()
    told.writer._file.connection.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(told.path / "journal-001.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    told.writer.put([open_item(1)])
    assert told.next("health") is False
    assert len(told.next("written")[1]) == 1
    other.close()
    assert told.next("health") is True
    assert told.write(open_item(1)) == ()


def test_one_entry_that_cannot_be_written_takes_none_along(
    start: Callable[..., Told], caplog: pytest.LogCaptureFixture
) -> None:
    told = start()
    bad: Item = (opened(2, principal=object()), OWNER, None)
    with caplog.at_level(logging.CRITICAL):
        assert told.write(open_item(1), bad, close_item(1), open_item(3)) == [bad]
    assert outcomes(told) == {call_id(1): "done", call_id(3): None}


def test_what_cannot_be_kept_is_reported_and_unknown_after_the_next_start(
    start: Callable[..., Told], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writing, "_RETAINED", 2)
    told = start()
    told.write(*(open_item(number) for number in range(4)))
    told.limit(1)
    told.writer.put([close_item(number) for number in range(4)] + [open_item(9, BIG)])
    told.next("health")
    told.next("written")
    assert "lost 2 entries" in caplog.text
    told.limit(1_000_000)
    told.next("health")
    told.stop()
    again = start()
    assert sorted(str(outcome) for outcome in outcomes(again).values()) == ["done", "done", "unknown", "unknown"]


def test_the_end_writes_what_was_retained(start: Callable[..., Told], monkeypatch: pytest.MonkeyPatch) -> None:
    told = start()
    told.writer._probe = 60
    told.write(open_item(1))
    told.limit(1)
    told.writer.put([close_item(1), open_item(2, BIG)])
    told.next("health")
    told.next("written")
    told.limit(1_000_000)
    told.stop()
    assert outcomes(told) == {call_id(1): "done"}


def test_files_rotate_and_the_log_goes_on(start: Callable[..., Told]) -> None:
    told = start(rotate=1)
    told.write(open_item(1), open_item(2))
    told.write(close_item(1), (Strangers(1, "::1", "x", 1), None, None))
    told.write(close_item(2))
    assert len(DataDirectory(told.path).journals()) == 4
    assert outcomes(told) == {call_id(1): "done", call_id(2): "done"}
    assert [call.closed_seq for call in Archive(told.path).calls(newest_first=False)] == [3, 5]
    assert not (told.path / "journal-001.db-wal").exists()


def test_a_rotation_that_fails_is_no_failure_of_the_journal(
    start: Callable[..., Told], caplog: pytest.LogCaptureFixture
) -> None:
    told = start(rotate=1)
    (told.path / "journal-002.db").write_bytes(b"in the way")
    assert told.write(open_item(1)) == ()
    assert told.write(close_item(1)) == ()
    assert "can't be begun" in caplog.text
    (told.path / "journal-002.db").unlink()
    assert outcomes(told) == {call_id(1): "done"}


def test_a_small_batch_is_written_in_the_callers_thread(start: Callable[..., Told]) -> None:
    told = start(durability="normal")
    assert told.writer.write_here([open_item(1), close_item(1)]) == ()
    assert outcomes(told) == {call_id(1): "done"}
    assert told.events.empty()


def test_what_waits_for_the_disk_is_the_threads(start: Callable[..., Told]) -> None:
    assert start(durability="full").writer.write_here([open_item(1)]) is None


def test_while_the_thread_writes_nobody_else_does(start: Callable[..., Told]) -> None:
    told = start(durability="normal")
    with told.writer._writing:
        assert told.writer.write_here([open_item(1)]) is None
    assert told.writer.write_here([open_item(1)]) == ()


def test_after_a_failure_in_the_callers_thread_the_other_one_tries_again(start: Callable[..., Told]) -> None:
    told = start(durability="normal")
    assert told.writer.write_here([open_item(1), open_item(2)]) == ()
    told.limit(1)
    lost = open_item(3, BIG)
    assert told.writer.write_here([close_item(1), lost]) == [lost]
    assert told.next("health") is False
    assert told.writer.write_here([open_item(4)]) is None
    told.limit(1_000_000)
    assert told.next("health") is True
    assert told.write(close_item(2)) == ()  # the thread may still hold the files
    assert outcomes(told) == {call_id(1): "done", call_id(2): "done"}
    assert told.writer.write_here([open_item(5)]) == ()


def test_after_slow_commits_the_thread_writes(start: Callable[..., Told], monkeypatch: pytest.MonkeyPatch) -> None:
    told = start(durability="normal")
    monkeypatch.setattr(writing, "SLOW", -1.0)
    for number in range(writing.SLOW_COUNT):
        assert told.writer.write_here([open_item(number)]) == ()
    assert told.writer.write_here([open_item(9)]) is None
    assert told.write(open_item(9)) == ()


def test_files_rotate_however_the_batches_are_written(
    start: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_TURN", 2)
    told = start(durability="normal", rotate=1)
    for number in range(12):
        item = open_item(number)
        if told.writer.write_here([item]) is None:
            told.write(item)
    assert told.write(open_item(12)) == ()
    assert len(DataDirectory(told.path).journals()) > 1
    assert len(outcomes(told)) == 13


def test_a_start_that_fails_says_why(tmp_path: Path, start: Callable[..., Told]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal-001.db").write_bytes(b"no database" * 1000)
    told = start()
    assert isinstance(told.error, DataDirectoryError)


def test_many_calls_of_a_crash_are_closed(start: Callable[..., Told], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_RECOVERED", 3)
    told = start()
    told.write(*(open_item(number) for number in range(10)))
    told.stop()
    again = start()
    assert set(outcomes(again).values()) == {Outcome.UNKNOWN}
    assert Archive(again.path).position() == 20
