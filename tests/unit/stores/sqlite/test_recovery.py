"""Which file goes on: the newest whole one, never one that can't be read, never over evidence."""

import sqlite3
import stat
from pathlib import Path

import pytest

from narrows.stores.sqlite import schema
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.runs import received
from unit.stores.sqlite.records import NOW, OWNER, World, call_id, closed, opened
from unit.stores.sqlite.singles import earlier


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def names(world: World) -> list[str]:
    return [path.name for _, path in world.directory.journals()]


def test_the_first_file_is_private(world: World) -> None:
    file = world.file()
    file.write([(opened(1), OWNER)], NOW)
    assert names(world) == ["journal-001.db"]
    for path in world.directory.path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_following_file_carries_position_and_running_calls_over(world: World) -> None:
    first = world.file()
    first.write([(opened(1), OWNER), (opened(2), OWNER)], NOW)
    second = world.files.following(first, NOW)
    assert (second.number, second.seq, second.running) == (2, 2, {call_id(1), call_id(2)})
    second.write([(closed(1), OWNER)], NOW)
    again = world.file()
    assert (again.path, again.seq, again.running) == (second.path, 3, {call_id(2)})


@pytest.mark.parametrize("left", [b"", b"wal"])
def test_a_file_that_rotation_had_only_begun_is_begun_anew(world: World, left: bytes) -> None:
    first = world.file()
    first.write([(opened(1), OWNER)], NOW)
    half = world.directory.journal(2)
    half.touch(mode=0o600)
    if left:
        connection = schema.connect(half)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    file = world.file()
    assert (file.path, file.running) == (first.path, {call_id(1)})
    assert names(world) == ["journal-001.db"]


def test_a_rotation_that_fails_leaves_no_file(world: World) -> None:
    first = world.file()
    first.running = {"same"}
    world.directory.journal(2).write_bytes(b"in the way")
    with pytest.raises(FileExistsError):
        world.files.following(first, NOW)
    assert world.directory.journal(2).read_bytes() == b"in the way"


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_corrupt_file_refuses_the_start(world: World, content: bytes) -> None:
    world.directory.journal(1).write_bytes(content)
    with pytest.raises(DataDirectoryError, match=r"journal-001.db: can't be continued"):
        world.file()
    assert world.directory.journal(1).read_bytes() == content


def test_another_programs_database_refuses_the_start(world: World) -> None:
    connection = sqlite3.connect(world.directory.journal(1))
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(DataDirectoryError, match="not a complete journal"):
        world.file()
    assert names(world) == ["journal-001.db"]


@pytest.mark.parametrize("version", [2, 3])
def test_the_log_goes_on_in_a_new_file_after_one_of_a_format_before(tmp_path: Path, version: int) -> None:
    before = earlier(tmp_path, version)
    content = before.read_bytes()
    world = World(tmp_path)
    file = world.file()
    assert names(world) == ["journal-001.db", "journal-002.db"]
    assert (file.number, file.seq, file.running) == (2, 6, {call_id(2)})
    file.write([(closed(2), OWNER), (opened(4, b"a new one"), OWNER)], NOW)
    again = world.file()
    assert (again.path, again.seq, again.running) == (file.path, 8, {call_id(4)})
    assert before.read_bytes() == content
    archive = Archive(tmp_path)
    assert [(call.id, call.outcome) for call in archive.calls(newest_first=False)] == [
        (call_id(1), "done"),
        (call_id(2), "done"),
        (call_id(3), "refused"),
        (call_id(4), None),
    ]
    first, second = archive.call(call_id(1)), archive.call(call_id(2))
    assert first is not None
    assert second is not None
    assert (first.intact, second.intact) == (True, True)
    assert [piece.text for piece in first.segments[0].contents] == [
        '{"streams":[{"choice":0,"field":"content","text":"It "}],"timing":[[0,0,3]]}'
    ]
    assert second.request[2].text is not None
    assert "twice a day" in second.request[2].text
    name = world.master.reference(*OWNER, "resp_1")
    assert received(schema.connect(before, readonly=True), name)


def test_a_newer_format_refuses_the_start(world: World) -> None:
    file = world.file()
    file.connection.execute("UPDATE meta SET value = 99 WHERE name = 'version'")
    file.connection.close()
    with pytest.raises(DataDirectoryError, match="another version"):
        world.file()
