"""The loop's side of the journal: backlog, stalls and failure reach the callers; a second gate stays out."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from narrows.config.schema import Recording
from narrows.model.record import Strangers
from narrows.ports.journal import JournalUnavailable
from narrows.stores.sqlite import journal as module
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.journal import TURNS, SqliteJournal
from unit.stores.sqlite.records import StillClock, call_id, closed, opened, running, segment


async def until(journal: SqliteJournal, *, healthy: bool) -> None:
    async with asyncio.timeout(10):
        while journal.healthy is not healthy:
            await asyncio.sleep(0.01)


async def test_calls_that_wait_share_a_commit(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        commits: list[str] = []
        journal._writer._file.connection.set_trace_callback(commits.append)
        await asyncio.gather(*(journal.open(opened(number)) for number in range(100)))
        assert commits.count("COMMIT") <= 3


async def test_where_many_come_at_once_those_of_the_next_turns_share_a_commit(tmp_path: Path) -> None:
    async with running(tmp_path, durability="normal") as journal:
        for first in (1, 11, 21):
            await asyncio.gather(*(journal.open(opened(first + number)) for number in range(10)))
        commits: list[str] = []
        journal._writer._file.connection.set_trace_callback(commits.append)
        waiting = []
        for number in range(31, 31 + TURNS):
            waiting.append(journal.open(opened(number)))
            await asyncio.sleep(0)
        assert not any(future.done() for future in waiting)
        await asyncio.gather(*waiting)
        assert sum(statement.startswith("INSERT INTO log") for statement in commits) == 1


async def test_few_that_come_after_many_wait_no_longer_than_before(tmp_path: Path) -> None:
    async with running(tmp_path, durability="normal") as journal:
        await asyncio.gather(*(journal.open(opened(number)) for number in range(1, 41)))
        for number in range(41, 61):
            await journal.open(opened(number))
        future = journal.open(opened(61))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert future.done()


async def test_the_only_call_waits_for_nobody(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path, Recording(durability="normal"), StillClock())
    await journal.start()
    alone = journal.open(opened(1))
    assert alone.done()
    assert not journal.open(opened(2)).done()
    await journal.stop()
    assert len(list(Archive(tmp_path).calls())) == 2


async def test_the_first_of_many_waits_for_the_others(tmp_path: Path) -> None:
    async with running(tmp_path, durability="normal") as journal:
        await asyncio.gather(journal.open(opened(1)), journal.open(opened(2)), journal.open(opened(3)))
        for number in (1, 2, 3):
            journal.close(closed(number))
        commits: list[str] = []
        journal._writer._file.connection.set_trace_callback(commits.append)
        first, second = journal.open(opened(4)), journal.open(opened(5))
        assert not first.done()
        await asyncio.gather(first, second)
        assert sum(statement.startswith("INSERT INTO log") for statement in commits) == 1
        for number in (4, 5):
            journal.close(closed(number))
        await journal.open(opened(6))
        journal.close(closed(6))
        assert journal.open(opened(7)).done()


async def test_a_large_batch_is_not_written_on_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUICK_BYTES", 100)
    journal = SqliteJournal(tmp_path, Recording(durability="normal"), StillClock())
    await journal.start()
    large = journal.open(opened(1, b"x" * 200))
    assert not large.done()
    await large
    await journal.stop()


async def test_too_long_a_backlog_refuses_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    async with running(tmp_path) as journal:
        waiting = [journal.open(opened(number)) for number in range(11)]  # the first one waits for nobody
        with pytest.raises(JournalUnavailable, match="too far behind"):
            await journal.open(opened(11))
        await asyncio.gather(*waiting)
        await journal.open(opened(12))


async def test_too_many_bytes_refuse_and_drop_parts_but_never_endings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    async with running(tmp_path) as journal:
        await journal.open(opened(1))
        first = journal.open(opened(2, b"x" * 500))
        with pytest.raises(JournalUnavailable):
            await journal.open(opened(3))
        journal.segment(segment(1, 0, "dropped"))
        journal.close(closed(1))
        await first
    assert "a part of a stream was dropped" in caplog.text
    record = Archive(tmp_path).call(call_id(1))
    assert record is not None
    assert (record.call.outcome, record.segments) == ("done", ())


async def test_counts_are_dropped_when_far_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    async with running(tmp_path) as journal:
        for _ in range(10):
            journal.strangers([Strangers(1, "::1", "x", 1)])
    assert "counts of refused strangers were dropped" in caplog.text
    assert Archive(tmp_path).position() == 4


async def test_a_stalled_commit_makes_it_unhealthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as journal:
        monkeypatch.setattr(module, "STALLED", -1.0)
        first = journal.open(opened(1))
        journal._flush()
        assert not journal.healthy
        with pytest.raises(JournalUnavailable):
            await journal.open(opened(2))
        await first
        assert journal.healthy


async def test_a_file_that_cannot_be_written_fails_what_waits_and_recovers(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        await journal.open(opened(1))
        journal._writer._file.connection.execute("PRAGMA busy_timeout = 1")
        other = sqlite3.connect(tmp_path / "journal-001.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnavailable, match="could not be written"):
            await journal.open(opened(2))
        assert not journal.healthy
        with pytest.raises(JournalUnavailable):
            await journal.open(opened(3))
        journal.close(closed(1))
        journal.close(closed(2))
        other.close()
        await until(journal, healthy=True)
        await journal.open(opened(4))
    assert {call.id: call.outcome for call in Archive(tmp_path).calls()} == {call_id(1): "done", call_id(4): None}


async def test_a_second_gate_refuses_to_start(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        second = SqliteJournal(tmp_path, Recording(), StillClock())
        with pytest.raises(DataDirectoryError, match="another gate"):
            await second.start()
        await second.stop()
        await journal.open(opened(1))


async def test_a_start_that_fails_frees_the_directory(tmp_path: Path) -> None:
    bad = tmp_path / "journal-001.db"
    bad.write_bytes(b"no database" * 1000)
    (tmp_path / "master.key").write_bytes(b"k" * 32)
    (tmp_path / "master.key").chmod(0o600)
    for _ in range(2):
        with pytest.raises(DataDirectoryError, match="can't be continued"):
            await SqliteJournal(tmp_path, Recording(), StillClock()).start()
    bad.unlink()
    async with running(tmp_path) as journal:
        assert journal.healthy


async def test_it_can_start_again_after_a_stop(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path, Recording(), StillClock())
    assert not journal.healthy
    await journal.stop()
    async with running(tmp_path) as first:
        await first.open(opened(1))
    async with running(tmp_path) as second:
        await second.open(opened(2))
    assert Archive(tmp_path).position() == 3
