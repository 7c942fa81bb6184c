"""One file: all or nothing, a log without gaps, and nothing for calls that aren't running."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from narrows.evidence.commitments import leaf_hash
from narrows.model.record import Strangers
from narrows.model.reservation import Reserved
from narrows.stores.sqlite import journalfile, runs
from narrows.stores.sqlite.journalfile import JournalFile, Work
from unit.stores.sqlite import records
from unit.stores.sqlite.records import NOW, OWNER, World, call_id, closed, opened, segment


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def file(world: World) -> JournalFile:
    return world.file()


def log(file: JournalFile) -> list[tuple[int, str | None, int]]:
    return [(entry.seq, entry.call, entry.kind) for entry in records.log(file)]


def test_entries_become_rows_in_order(file: JournalFile) -> None:
    work = [(opened(1), OWNER), (segment(1, 0, "a"), OWNER), (Strangers(1, "::1", "x", 2), None), (closed(1), OWNER)]
    file.write(work, NOW)
    assert log(file) == [(1, call_id(1), 1), (2, call_id(1), 2), (3, None, 4), (4, call_id(1), 3)]
    assert (file.seq, file.running) == (4, set())
    for entry in records.log(file):
        assert entry.leaf == leaf_hash(entry.entry)
        assert msgspec.json.decode(entry.entry)["seq"] == entry.seq


def test_it_says_whether_a_forwarded_call_of_the_last_batch_reserved(file: JournalFile) -> None:
    held = Reserved(("a",), (5,))
    for work, reserving in (
        ([(opened(1), OWNER), (opened(2, reserved=held), OWNER)], True),
        ([(opened(3), OWNER), (closed(2, settled=(3,)), OWNER)], False),
        ([(opened(4, reserved=held, forwarded=False), OWNER)], False),
    ):
        file.write(work, NOW)
        assert file.reserving is reserving


def test_a_full_disk_undoes_the_whole_batch_and_leaves_no_gap(file: JournalFile) -> None:
    file.write([(opened(1), OWNER)], NOW)
    pages = file.connection.execute("PRAGMA page_count").fetchone()[0]
    file.connection.execute(f"PRAGMA max_page_count = {pages}")
    big = [(opened(number, bytes([number]) * 3_000), OWNER) for number in range(2, 100)]
    with pytest.raises(sqlite3.OperationalError, match="full"):
        file.write([(closed(1), OWNER), *big], NOW)
    assert (file.seq, file.running) == (1, {call_id(1)})
    file.connection.execute("PRAGMA max_page_count = 1000000")
    file.write([*big[:3], (closed(1), OWNER)], NOW)
    assert [seq for seq, _, _ in log(file)] == [1, 2, 3, 4, 5]
    assert file.running == {call_id(2), call_id(3), call_id(4)}


def test_an_entry_that_cannot_be_encoded_undoes_the_batch(file: JournalFile) -> None:
    bad = opened(2, principal=object())
    with pytest.raises(AttributeError):
        file.write([(opened(1), OWNER), (bad, OWNER)], NOW)
    assert log(file) == []
    file.write([(opened(1), OWNER)], NOW)
    assert log(file) == [(1, call_id(1), 1)]


def test_what_belongs_to_no_running_call_is_left_out(file: JournalFile) -> None:
    file.write([(opened(1), OWNER), (closed(1), OWNER), (closed(1), OWNER), (segment(1, 0, "late"), OWNER)], NOW)
    file.write([(closed(1), OWNER), (closed(2), OWNER), (segment(2, 0, "x"), OWNER)], NOW)
    assert [kind for _, _, kind in log(file)] == [1, 3]


def test_a_refused_call_does_not_run(world: World, file: JournalFile) -> None:
    file.write([(opened(1, forwarded=False), OWNER)], NOW)
    assert file.running == set()
    assert world.file().running == set()


def test_what_runs_is_known_again_wherever_it_was_saved(
    world: World, file: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journalfile, "_SAVE_EVERY", 7)
    for number in range(30):
        work: list[Work] = [(opened(number), OWNER), (opened(100 + number, forwarded=False), OWNER)]
        if number % 3:
            work.append((closed(number - 1), OWNER))
        file.write(work, NOW)
        assert world.file().running == file.running
        assert world.file().seq == file.seq
    assert len(file.running) == 10


def test_after_a_failure_the_position_is_read_again(world: World, file: JournalFile) -> None:
    """A commit may, rarely, be made although it reported an error: then its rows are there."""
    other = sqlite3.connect(file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    file.connection.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        file.write([(opened(1), OWNER)], NOW)
    other.close()
    second = world.file()
    second.write([(opened(1), OWNER)], NOW)
    file.write([(closed(1), OWNER)], NOW)
    assert log(file) == [(1, call_id(1), 1), (2, call_id(1), 3)]


def test_references_are_kept_by_keyed_name(file: JournalFile, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RUN", 4)
    file.write([(opened(1), OWNER), (closed(1, response_ids=("resp_1", "resp_1")), OWNER)], NOW)
    name = world.master.reference(*OWNER, "resp_1")
    assert [entry.names for entry in records.log(file)] == [b"", name + name]
    assert file.connection.execute("SELECT * FROM reference").fetchall() == []
    file.write([(opened(2), OWNER), (opened(3), OWNER)], NOW)
    assert file.connection.execute("SELECT * FROM reference").fetchall() == [(0, 2 * name[:4])]


def test_runs_that_a_rollback_undid_are_kept_by_the_next_try(
    file: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "RUN", 4)
    file.write([(opened(1), OWNER)], NOW)
    with pytest.raises(AttributeError):
        file.write([*((opened(number), OWNER) for number in range(2, 9)), (opened(9, principal=object()), OWNER)], NOW)
    work: list[Work] = [(opened(number), OWNER) for number in range(2, 12)]
    with monkeypatch.context() as patch:
        patch.setattr(runs.Filling, "_begin", lambda *_: file.connection.execute("SELECT broken"))
        with pytest.raises(sqlite3.OperationalError):
            file.write(work, NOW)
    file.write(work, NOW)
    assert file.connection.execute("SELECT number, low - ?, high - ? FROM run", (NOW, NOW)).fetchall() == [
        (0, 1, 3),
        (1, 4, 7),
    ]


def test_a_probe_writes_without_a_log_entry(file: JournalFile) -> None:
    file.probe()
    file.probe()
    assert log(file) == []
    assert file.size() > 0


def test_planted_texts_are_not_in_the_files(world: World, file: JournalFile) -> None:
    canary = b"CANARY-4111-1111-1111-1111"
    file.write([(opened(1, b'{"content":"' + canary + b'"}'), OWNER), (closed(1, reply=canary * 100), OWNER)], NOW)
    file.connection.close()
    files = [path for path in world.directory.path.iterdir() if path.is_file()]
    assert len(files) >= 2
    assert [path.name for path in files if b"CANARY" in path.read_bytes()] == []
