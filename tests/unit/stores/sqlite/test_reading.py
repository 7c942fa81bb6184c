"""One file, read: page by page, and changes to it noticed."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrows.stores.sqlite import reading, schema
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.journalfile import JournalFile
from narrows.stores.sqlite.logtable import Blocks
from narrows.stores.sqlite.reading import FileReader, Readers
from narrows.stores.sqlite.views import Intent
from unit.stores.sqlite.records import NOW, OWNER, World, call_id, closed, log, opened


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def file(world: World) -> JournalFile:
    return world.file()


@pytest.fixture
def reader(world: World, file: JournalFile) -> Iterator[FileReader]:
    with Readers(world.directory, world.master) as readers:
        yield readers[0]


def ids(pages: Iterator[list[Intent]]) -> list[str]:
    return [intent.opened.call for page in pages for intent in page]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("page", [1, 2, 3, 7, 100])
def test_pages_give_every_call_once_in_order(
    file: JournalFile, reader: FileReader, monkeypatch: pytest.MonkeyPatch, page: int, newest_first: bool
) -> None:
    monkeypatch.setattr(reading, "PAGE", page)
    moments = [5, 5, 5, 1, 9, 9, 2]
    file.write([(opened(n, at=at), OWNER) for n, at in enumerate(moments)], NOW)
    order = [call_id(n) for n in sorted(range(7), key=lambda n: (moments[n], n), reverse=newest_first)]
    assert ids(reader.opened(-1, 100, newest_first=newest_first)) == order
    within = [call for call in order if 2 <= moments[int(call[5:])] < 9]
    assert ids(reader.opened(2, 9, newest_first=newest_first)) == within


def test_a_reader_holds_nothing_back(file: JournalFile, reader: FileReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 1)
    file.write([(opened(1), OWNER), (opened(2), OWNER)], NOW)
    pages = reader.opened(-1, NOW * 2, newest_first=True)
    next(pages)
    assert file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_erased_content_reads_as_gone_and_changed_content_is_noticed(file: JournalFile, reader: FileReader) -> None:
    file.write([(opened(1, b'"one"', b'"two"'), OWNER)], NOW)
    (row,) = reader.rows(call_id(1))
    pieces, intact = reader.pieces(row)
    assert ([piece.text for piece in pieces], intact) == (['{"model":"m"}', '"one"', '"two"'], True)
    file.write([(closed(1, b"a reply"), OWNER)], NOW)
    file.connection.execute("UPDATE content SET sealed = x'' WHERE id = 1")
    pieces, intact = reader.pieces(row)
    assert ([piece.text for piece in pieces], intact) == ([None, None, None], False)
    _, reply = reader.rows(call_id(1))
    assert ([piece.text for piece in reader.pieces(reply)[0]], reader.pieces(reply)[1]) == (["a reply"], True)
    file.connection.execute("DELETE FROM content WHERE id = 4")
    assert ([piece.text for piece in reader.pieces(reply)[0]], reader.pieces(reply)[1]) == ([None], False)


def test_exchanged_contents_are_noticed(file: JournalFile, reader: FileReader) -> None:
    file.write([(opened(1, b'"one"'), OWNER)], NOW)
    file.write([(opened(2, b'"two"'), OWNER)], NOW)
    file.connection.execute("DROP TRIGGER log_keeps")
    (other,) = file.connection.execute("SELECT refs FROM log WHERE seq = 2").fetchone()
    file.connection.execute("UPDATE log SET refs = ? WHERE seq = 1", (other,))
    assert reader.pieces(reader.rows(call_id(1))[0])[1] is False


def test_a_changed_entry_is_noticed(file: JournalFile, reader: FileReader) -> None:
    file.write([(opened(1), OWNER)], NOW)
    file.connection.execute("DROP TRIGGER log_keeps")
    (entry,) = log(file)
    changed = entry.entry.replace(b"sess_1", b"sess_2")
    (row,) = Blocks().rows(1, [changed], [entry.refs], [entry.names], [entry.leaf])
    file.connection.execute("UPDATE log SET entries = ?", (row[1],))
    (found,) = reader.rows(call_id(1))
    assert not found.sound


@pytest.mark.parametrize("change", ["entries = x'00'", "refs = x'90'", "names = x''", "leaves = zeroblob(33)"])
def test_a_damaged_block_is_an_error(file: JournalFile, world: World, change: str) -> None:
    file.write([(opened(1), OWNER)], NOW)
    file.connection.execute("DROP TRIGGER log_keeps")
    file.connection.execute(f"UPDATE log SET {change}")
    with pytest.raises(DataDirectoryError, match="damaged"), Readers(world.directory, world.master) as readers:
        readers[0].rows(call_id(1))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE context SET entry = CAST(replace(CAST(entry AS TEXT), 'alice', 'mallo') AS BLOB)",
        "UPDATE context SET salt = zeroblob(16)",
        "DELETE FROM context",
    ],
)
def test_a_changed_context_is_noticed(file: JournalFile, reader: FileReader, change: str) -> None:
    file.write([(opened(1), OWNER)], NOW)
    file.connection.execute(change)
    (row,) = reader.rows(call_id(1))
    assert not row.sound
    assert ids(reader.opened(-1, NOW * 2, newest_first=True)) == [call_id(1)]


def test_a_lost_key_leaves_the_listing_readable(file: JournalFile, reader: FileReader) -> None:
    file.write([(opened(1), OWNER), (closed(1), OWNER)], NOW)
    file.connection.execute("UPDATE keys SET wrapped = ?", (os.urandom(60),))
    row, _ = reader.rows(call_id(1))
    assert [piece.text for piece in reader.pieces(row)[0]] == [None]
    file.connection.execute("DELETE FROM keys")
    assert [piece.text for piece in reader.pieces(row)[0]] == [None]


def test_what_is_no_journal_is_an_error(world: World) -> None:
    world.directory.journal(1).write_bytes(b"no database" * 1000)
    with pytest.raises(DataDirectoryError, match="can't be read"), Readers(world.directory, world.master) as readers:
        readers[0].last()
    world.directory.journal(1).unlink()
    sqlite3.connect(world.directory.journal(1)).execute("CREATE TABLE theirs (a)").connection.close()
    with pytest.raises(DataDirectoryError, match="not a complete"), Readers(world.directory, world.master) as readers:
        readers[0].last()


def test_a_file_that_is_just_being_made_holds_nothing_back(world: World) -> None:
    file = world.file()
    file.write([(opened(1), OWNER)], NOW)
    sqlite3.connect(world.directory.path / "journal-002.db").close()
    (world.directory.path / "journal-002.db").touch()
    with Readers(world.directory, world.master) as readers:
        assert len(readers) == 1


def test_a_context_is_what_an_intent_names(file: JournalFile, reader: FileReader) -> None:
    file.write([(opened(1), OWNER)], NOW)
    (page,) = reader.opened(-1, NOW * 2, newest_first=True)
    assert reader.context(page[0].opened.context) == page[0].context
    assert reader.context(b"none").connection == ""


def test_what_was_written_is_given_as_it_was(file: JournalFile, reader: FileReader) -> None:
    file.write([(opened(1), OWNER), (opened(2), OWNER)], NOW)
    span = reader.span(NOW, NOW + 2)
    assert span is not None
    lines = [line for _, data in reader.lines(span[0]) for line in data.split(b"\n")]
    assert lines == [entry.entry for entry in log(file)]


def test_what_ran_is_what_was_noted(file: JournalFile, reader: FileReader) -> None:
    assert reader.ran() == (0, set())
    schema.save_running(file.connection, 7, [call_id(1), call_id(2)])
    assert reader.ran() == (7, {call_id(1), call_id(2)})
