"""ledger.db follows the log: over gaps, failures, other logs and lost ends."""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrows.model.reservation import Reserved
from narrows.stores.sqlite.bookkeeping import Advanced, Bookkeeping
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.journalfile import Entry, JournalFile
from narrows.stores.sqlite.ledgerfile import FILE_NAME, Sums
from narrows.stores.sqlite.replay import Held
from narrows.stores.sqlite.tail import Tail
from unit.stores.sqlite.accounts import UNKNOWN, counter
from unit.stores.sqlite.records import NOW, World, call_id, closed, opened

ALICE = counter().name
MIDNIGHT = 1_699_920_000_000_000
ENDED = NOW + 500
"""When `closed` says that a call ended, but for its number."""


class Gate:
    """A journal file, its tail and the bookkeeping on both."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.world = World(path)
        self.file: JournalFile = self.world.file()
        self.tail = Tail()
        self.books = Bookkeeping(path, self.tail)

    def write(self, *entries: Entry, told: bool = True) -> None:
        self.file.write([(entry, None) for entry in entries], NOW)
        if told:
            self.tail.wrote(self.file.seq, entries)

    def call(self, number: int, amount: int, *, told: bool = True) -> None:
        """One that held 100 and came to this."""
        self.write(intent(number), closed(number, contents=(), settled=(amount,)), told=told)

    def advance(self, now: int = NOW) -> Advanced:
        return self.books.advance(now, UNKNOWN)

    def end(self) -> None:
        self.advance()
        self.books.end()
        self.file.connection.close()


def intent(number: int) -> Entry:
    return opened(number, contents=(), reserved=Reserved((ALICE,), (100,)))


def settled(path: Path) -> int:
    sums = Sums(path / FILE_NAME)
    found = sums.of(ALICE)
    sums.close()
    assert set(found) <= {MIDNIGHT}
    return found.get(MIDNIGHT, 0)


def kept(path: Path) -> tuple[int, set[str]]:
    """Settled, and what calls are held."""
    connection = sqlite3.connect(path / FILE_NAME)
    calls = {call for (call,) in connection.execute("SELECT call FROM held")}
    connection.close()
    return settled(path), calls


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path)
    yield gate
    gate.file.connection.close()


def again(gate: Gate) -> Gate:
    gate.file.connection.close()
    return Gate(gate.path)


def test_it_follows_what_the_tail_tells(gate: Gate) -> None:
    assert gate.books.begin(NOW, UNKNOWN) == {}
    gate.call(1, 10)
    gate.write(intent(2))
    assert gate.advance() == Advanced([], whole=True)
    assert kept(gate.path) == (10, {call_id(2)})
    gate.write(closed(2, contents=(), settled=(5,)))
    gate.advance()
    assert kept(gate.path) == (15, set())


def test_a_start_reads_what_is_new_and_nothing_twice(gate: Gate) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.call(1, 10)
    gate.advance()
    gate.call(2, 20, told=False)
    gate.write(intent(3), told=False)
    gate = again(gate)
    assert gate.books.begin(NOW + 9, UNKNOWN) == {call_id(3): Held(NOW + 3, (ALICE,), (100,), NOW + 9)}
    assert kept(gate.path) == (30, {call_id(3)})
    gate.end()
    gate = again(gate)
    assert set(gate.books.begin(NOW, UNKNOWN)) == {call_id(3)}
    assert kept(gate.path) == (30, {call_id(3)})


def test_what_the_tail_was_not_told_is_read_from_the_log(gate: Gate) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.call(1, 10)
    gate.write(intent(2), told=False)
    gate.call(3, 30, told=False)
    gate.write(closed(2, contents=(), settled=(2,)))
    gate.advance()
    assert kept(gate.path) == (42, set())
    gate.call(4, 4)
    gate.advance()
    assert kept(gate.path) == (46, set())


def test_an_ending_that_is_read_from_the_log_is_not_waited_for(gate: Gate) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.write(intent(1))
    gate.tail.settled(call_id(1))
    gate.tail.mark()
    gate.write(closed(1, contents=(), settled=(7,)), told=False)
    assert not gate.advance().whole
    gate.write(opened(2, contents=()))
    gate.advance()
    assert gate.advance().whole
    assert kept(gate.path) == (7, set())


def test_a_counter_that_nobody_knows_any_more_does_not_stop_a_start(gate: Gate) -> None:
    names = ("p|usd|day|Mars/Phobos|user|x", ALICE)
    gate.write(opened(1, contents=(), reserved=Reserved(names, (5, 6))))
    held = gate.books.begin(NOW + 9, UNKNOWN)
    assert held == {call_id(1): Held(NOW + 1, (ALICE,), (6,), NOW + 9)}
    assert gate.advance(NOW + 9 + UNKNOWN).settled == [(call_id(1), held[call_id(1)])]
    assert kept(gate.path) == (6, set())


def test_what_was_written_before_it_began_is_not_told_twice(gate: Gate) -> None:
    gate.call(1, 10)
    gate.books.begin(NOW, UNKNOWN)
    gate.call(2, 20)
    gate.advance()
    assert kept(gate.path) == (30, set())


def test_an_unknown_outcome_settles_at_the_bound_in_its_time_and_once(gate: Gate) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.write(intent(1), closed(1, contents=()))
    assert gate.advance(ENDED + 1 + UNKNOWN - 1).settled == []
    assert kept(gate.path) == (0, {call_id(1)})
    ((call, held),) = gate.advance(ENDED + 1 + UNKNOWN).settled
    assert (call, held.amounts) == (call_id(1), (100,))
    assert gate.advance(ENDED + 1 + UNKNOWN).settled == []
    assert kept(gate.path) == (100, set())
    gate = again(gate)
    assert gate.books.begin(ENDED + 2 * UNKNOWN, UNKNOWN) == {}
    (gate.path / FILE_NAME).unlink()
    gate = again(gate)
    assert gate.books.begin(ENDED + 2 * UNKNOWN, UNKNOWN) == {}
    assert kept(gate.path) == (100, set())


def test_while_the_file_can_not_be_written_nothing_is_lost(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    gate.books.begin(NOW, UNKNOWN)
    other = sqlite3.connect(gate.path / FILE_NAME, isolation_level=None)
    other.execute("CREATE TRIGGER full BEFORE INSERT ON sums BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    gate.call(1, 10)
    assert not gate.advance().whole
    gate.call(2, 20)
    assert not gate.advance().whole
    assert caplog.text.count("disk full") == 1
    other.execute("DROP TRIGGER full")
    other.close()
    assert gate.advance().whole
    assert kept(gate.path) == (30, set())
    assert "can be kept again" in caplog.text


def test_while_the_log_can_not_be_read_nothing_is_lost(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.write(intent(1), told=False)
    gate.call(2, 20)
    with monkeypatch.context() as broken:

        def fails(*_: object, **__: object) -> object:
            raise sqlite3.OperationalError("disk I/O error")

        broken.setattr("narrows.stores.sqlite.replay.schema.connect", fails)
        assert not gate.advance().whole
    gate.write(closed(1, contents=(), settled=(1,)))
    assert gate.advance().whole
    assert kept(gate.path) == (21, set())


@pytest.mark.parametrize("how", ["missing", "junk"])
def test_without_the_file_all_is_read_again(gate: Gate, how: str, caplog: pytest.LogCaptureFixture) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.call(1, 10)
    gate.write(intent(2))
    gate.end()
    path = gate.path / FILE_NAME
    path.unlink() if how == "missing" else path.write_bytes(b"junk" * 2000)
    gate = again(gate)
    assert set(gate.books.begin(NOW, UNKNOWN)) == {call_id(2)}
    assert kept(gate.path) == (10, {call_id(2)})
    assert "anew from 3 entries" in caplog.text


def test_the_file_of_another_log_is_put_aside(gate: Gate, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.call(1, 10)
    gate.end()
    other = Gate(tmp_path / "other")
    other.call(1, 77)
    other.file.connection.close()
    (gate.path / FILE_NAME).replace(other.path / FILE_NAME)
    other = again(other)
    other.books.begin(NOW, UNKNOWN)
    assert kept(other.path) == (77, set())
    assert "another log" in caplog.text
    other.file.connection.close()


def test_sums_are_kept_where_the_log_has_lost_its_end(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.call(1, 10)
    gate.write(intent(2))
    gate.end()
    for path in gate.path.glob("journal-*"):
        path.unlink()
    gate = again(gate)
    assert gate.books.begin(NOW + 7, UNKNOWN) == {call_id(2): Held(NOW + 2, (ALICE,), (100,), NOW + 7)}
    assert "has lost what came after" in caplog.text
    caplog.clear()
    gate.call(3, 5)
    gate.advance()
    assert kept(gate.path) == (15, {call_id(2)})
    gate.end()
    gate = again(gate)
    gate.books.begin(NOW, UNKNOWN)
    assert kept(gate.path) == (15, {call_id(2)})
    assert caplog.text == ""


def test_a_place_is_kept_at_the_end_though_nothing_reserved(gate: Gate) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.write(opened(1, contents=()), closed(1, contents=()))
    gate.advance()
    gate.end()
    connection = sqlite3.connect(gate.path / FILE_NAME)
    assert connection.execute("SELECT value FROM meta WHERE name = 'place'").fetchone() == (2,)
    connection.close()


def test_a_log_that_can_not_be_read_refuses_the_start(gate: Gate) -> None:
    gate.call(1, 10)
    gate.file.connection.execute("DROP TABLE log")
    with pytest.raises(DataDirectoryError, match="sums of budgets"):
        gate.books.begin(NOW, UNKNOWN)


def test_old_buckets_are_dropped_now_and_then(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.books.begin(NOW, UNKNOWN)
    gate.call(1, 10)
    week = 7 * 86_400_000_000
    gate.advance(NOW + week)
    assert settled(gate.path) == 10
    monkeypatch.setattr("narrows.stores.sqlite.bookkeeping._DROP", 0.0)
    gate.advance(NOW)
    assert settled(gate.path) == 10
    gate.advance(NOW + week)
    assert settled(gate.path) == 0


def test_nothing_of_a_caller_is_logged(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        gate.books.begin(NOW, UNKNOWN)
        gate.call(1, 10)
        gate.end()
        (gate.path / FILE_NAME).unlink()
        again(gate).books.begin(NOW, UNKNOWN)
    assert "alice" not in caplog.text
