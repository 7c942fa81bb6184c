"""The log's rows: what goes in comes out, whatever the blocks; and files of the format before are read alike."""

import sqlite3
from pathlib import Path

import pytest

from narrows.evidence.entries import Kind
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.logtable import BLOCK, Blocks, Log, LogEntry
from unit.stores.sqlite.records import NOW
from unit.stores.sqlite.singles import singles


def made(place: int) -> LogEntry:
    """An entry as the writer would make one; strangers have no call."""
    kind = (Kind.OPENED, Kind.CLOSED, Kind.STRANGERS)[place % 3]
    call = None if kind is Kind.STRANGERS else f"call_{place}"
    said = f'"call":"{call}",' if call else ""
    entry = b'{"at":%d,%s"kind":"%s","seq":%d}' % (place * 10, said.encode(), kind.name.lower().encode(), place)
    names = b"n" * 16 * (place % 4)
    return LogEntry(place, place * 10, call, kind, schema.pack([place, 1]), names, entry, b"%032d" % place)


def fill(connection: sqlite3.Connection, first: int, *counts: int) -> list[LogEntry]:
    """Commits of so many entries each."""
    out: list[LogEntry] = []
    for count in counts:
        new = [made(place) for place in range(first + len(out), first + len(out) + count)]
        rows = Blocks().rows(
            new[0].seq, [e.entry for e in new], [e.refs for e in new], [e.names for e in new], [e.leaf for e in new]
        )
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?)", rows)
        out += new
    return out


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    path = tmp_path / "journal-001.db"
    path.touch(mode=0o600)
    connection = schema.connect(path)
    schema.create(connection, 7, [], at=NOW)
    return connection


def test_an_empty_log(connection: sqlite3.Connection) -> None:
    log = Log(connection)
    assert (log.last(), list(log.after(0)), log.at([1, 7])) == (6, [], [])


@pytest.mark.parametrize("counts", [(1,), (1, 1, 1), (3, 5), (BLOCK,), (BLOCK + 1, 2), (5 * BLOCK + 3,), (1,) * 200])
def test_every_entry_is_read_back(connection: sqlite3.Connection, counts: tuple[int, ...]) -> None:
    entries = fill(connection, 7, *counts)
    log = Log(connection)
    assert log.last() == entries[-1].seq
    assert list(log.after(0)) == entries
    for place in (6, 7, 8, 7 + BLOCK - 1, 7 + BLOCK, entries[-1].seq):
        assert list(log.after(place)) == [entry for entry in entries if entry.seq > place]
    wanted = [*range(entries[-1].seq + 3, 0, -3)]
    assert log.at(wanted) == [entry for entry in entries if entry.seq in wanted]


def test_what_comes_while_reading_is_read_too(connection: sqlite3.Connection) -> None:
    entries = fill(connection, 7, 2)
    reading = Log(connection).after(0)
    assert next(reading) == entries[0]
    entries += fill(connection, 9, 3)
    assert list(reading) == entries[1:]


def test_rows_are_few_and_small(connection: sqlite3.Connection) -> None:
    entries = fill(connection, 7, 40, 2 * BLOCK)
    assert connection.execute("SELECT count(*) FROM log").fetchone() == (3,)
    (stored,) = connection.execute("SELECT sum(length(entries)) FROM log").fetchone()
    assert stored < sum(len(entry.entry) for entry in entries) / 2


def test_the_words_of_the_format_do_not_change(connection: sqlite3.Connection) -> None:
    """Without them no block can be read, so other words are another format."""
    stored = bytes.fromhex(
        "28b52ffd20a54501005831224141414176223a317d0900c74602c0ceb0b008a8ac1ac89183f89702d875d1647bd0640b08"
    )
    connection.execute("INSERT INTO log VALUES (7, ?, x'91c400', x'91c400', zeroblob(32))", (stored,))
    (entry,) = Log(connection).after(0)
    assert entry.entry == (
        b'{"at":10,"call":"call_1","contents":{"commitment":"AAAA","labels":["reply"]},"duration":1,'
        b'"kind":"closed","outcome":"done","sent_bytes":1,"seq":1,"status":200,"v":1}'
    )


def test_the_format_before_reads_the_same(tmp_path: Path) -> None:
    connection = schema.connect(singles(tmp_path))
    log = Log(connection)
    entries = list(log.after(0))
    assert [(entry.seq, entry.call, entry.kind) for entry in entries] == [
        (1, "call_000000000001", 1),
        (2, None, 4),
        (3, "call_000000000001", 2),
        (4, "call_000000000001", 3),
        (5, "call_000000000002", 1),
        (6, "call_000000000003", 1),
    ]
    assert log.last() == 6
    assert log.at([5, 2, 99]) == [entries[1], entries[4]]
    assert list(log.after(4)) == entries[4:]


@pytest.mark.parametrize("counts", [(1,), (1, 1, 1), (3, 5), (BLOCK + 1, 2), (5 * BLOCK + 3,), (1,) * 200])
def test_lines_are_the_entries_from_a_place_on_and_begin_with_its_row(
    connection: sqlite3.Connection, counts: tuple[int, ...]
) -> None:
    entries = {entry.seq: entry.entry for entry in fill(connection, 7, *counts)}
    for place in (0, 7, 8, 7 + BLOCK, max(entries), max(entries) + 1):
        read: dict[int, bytes] = {}
        for first, data in Log(connection).lines(place):
            assert first not in read
            read |= dict(enumerate(data.split(b"\n"), first))
        assert {seq: data for seq, data in entries.items() if seq >= place} == {
            seq: data for seq, data in read.items() if seq >= place
        }
        assert all(entries[seq] == data for seq, data in read.items())


def test_lines_of_a_file_of_the_format_before(tmp_path: Path) -> None:
    log = Log(schema.connect(singles(tmp_path)))
    entries = [(entry.seq, entry.entry) for entry in log.after(0)]
    for place in (0, 2):
        lines = [line for first, data in log.lines(place) for line in enumerate(data.split(b"\n"), first)]
        assert lines == [entry for entry in entries if entry[0] >= place]
