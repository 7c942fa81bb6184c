"""The checkpointer: the log is copied beside the writer, and never twice without a commit between."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from narrows.stores.sqlite import schema
from narrows.stores.sqlite.checkpoints import Checkpointer
from narrows.stores.sqlite.journalfile import JournalFile
from unit.stores.sqlite.records import NOW, OWNER, World, opened


@pytest.fixture
def file(tmp_path: Path) -> JournalFile:
    return World(tmp_path).file()


@pytest.fixture
def checkpointer(file: JournalFile) -> Iterator[Checkpointer]:
    checkpointer = Checkpointer(file.path)
    yield checkpointer
    checkpointer.stop()


def until(done: Callable[[], bool]) -> None:
    """Waits for another thread, at most five seconds."""
    end = time.monotonic() + 5
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def database_holds(path: Path, rows: int) -> bool:
    """Whether the database alone, without its write-ahead log, has so many entries."""
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    connection = sqlite3.connect(f"file:{copy}?immutable=1", uri=True)
    try:
        return schema.last_seq(connection) == rows
    except (sqlite3.Error, schema.SchemaUnknown):
        return False
    finally:
        connection.close()


def test_an_idle_writers_log_is_copied(file: JournalFile, checkpointer: Checkpointer) -> None:
    for number in range(3):
        file.write([(opened(number), OWNER)], NOW)
        checkpointer.note()
    until(lambda: database_holds(file.path, 3))
    file.write([(opened(3), OWNER)], NOW)
    checkpointer.note()
    until(lambda: database_holds(file.path, 4))


def test_the_log_begins_anew_once_it_is_copied(file: JournalFile, checkpointer: Checkpointer) -> None:
    wal = file.path.with_name(file.path.name + "-wal")
    file.write([(opened(number, bytes([number]) * 2000), OWNER) for number in range(100)], NOW)
    checkpointer.note()
    until(lambda: database_holds(file.path, 100))
    size = wal.stat().st_size
    file.write([(opened(100), OWNER)], NOW)
    assert wal.stat().st_size == size


def test_help_copies_what_is_left_and_is_wanted_no_more(file: JournalFile, checkpointer: Checkpointer) -> None:
    file.write([(opened(1), OWNER)], NOW)
    checkpointer.wanted = True
    checkpointer.help(file.connection)
    assert not checkpointer.wanted
    assert database_holds(file.path, 1)


def test_a_lost_file_ends_it_without_hurting_the_writer(tmp_path: Path) -> None:
    checkpointer = Checkpointer(tmp_path / "journal-001.db")
    checkpointer.note()
    checkpointer.stop()
