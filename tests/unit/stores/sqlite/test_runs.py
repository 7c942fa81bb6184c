"""Runs of the log: every call is found and every time listed in order, wherever the rows are; clocks may step back."""

import json
import sqlite3
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrows.evidence.entries import Kind
from narrows.evidence.sealing import MasterKey
from narrows.stores.sqlite import runs as module
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.logtable import Blocks
from narrows.stores.sqlite.runs import END, RUN, Filling, Runs, received
from unit.stores.sqlite.records import NOW
from unit.stores.sqlite.singles import MASTER, earlier

OPENED, CLOSED, STRANGERS = 1, 3, 4


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    path = tmp_path / "journal-001.db"
    path.touch(mode=0o600)
    connection = schema.connect(path)
    schema.create(connection, 1, [], at=NOW)
    return connection


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of eight rows."""
    monkeypatch.setattr(module, "RUN", 8)


class Log:
    """Appends rows as the writer does, from a place of one's choice."""

    def __init__(self, connection: sqlite3.Connection, last: int = 0) -> None:
        self.connection, self.last = connection, last
        self.filling = Filling(connection)
        self.blocks = Blocks()
        self.rows: list[tuple[str | None, int, bytes]] = []

    def add(self, call: str | None, kind: int, at: int = 0, names: bytes = b"") -> int:
        self.last += 1
        self.rows.append((call, at if kind == OPENED else -1, names))
        entry = json.dumps({"at": at, "kind": Kind(kind).name.lower()} | ({} if call is None else {"call": call}))
        (row,) = self.blocks.rows(self.last, [entry.encode()], [b""], [names], [bytes(32)])
        self.connection.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?)", row)
        return self.last

    def store(self) -> None:
        """The end of a batch."""
        calls, moments, names = map(list, zip(*self.rows, strict=True)) if self.rows else ([], [], [])
        self.filling.add(self.last - len(self.rows) + 1, calls, moments, names)
        self.rows = []


def places(runs: Runs, call: str, first: int = 0, last: int = END, *, newest_first: bool = False) -> list[int]:
    return [place for find in runs.finds(first, last, newest_first=newest_first) for place in find(call)]


def listed(connection: sqlite3.Connection, since: int, until: int, *, newest_first: bool) -> list[int]:
    return list(Runs(connection).opened(since, until, newest_first=newest_first))


@pytest.mark.usefixtures("small")
def test_a_run_is_kept_when_the_log_goes_beyond_it(connection: sqlite3.Connection) -> None:
    log = Log(connection)
    for at in range(100, 107):
        log.add("a", OPENED, at)
    log.store()
    assert connection.execute("SELECT count(*) FROM run").fetchone() == (0,)
    log.add("a", OPENED, 50)
    log.store()
    log.store()
    assert connection.execute("SELECT number, low, high, length(calls) FROM run").fetchall() == [(0, 100, 106, 32)]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("first", [1, 5, 7, 8, 9, 1_000_003])
@pytest.mark.parametrize("step", [1, 3, 8, 40])
def test_every_row_of_a_call_is_found_wherever_the_file_begins(
    connection: sqlite3.Connection, first: int, step: int
) -> None:
    log = Log(connection, first - 1)
    expected: dict[str, list[int]] = {}
    for number in range(50):
        call = f"call_{number % 7}"
        expected.setdefault(call, []).append(log.add(call, OPENED))
        log.add(None, STRANGERS)
        if number % step == 0:
            log.store()
    for call, there in expected.items():
        assert places(Runs(connection), call) == there
        assert sorted(places(Runs(connection), call, newest_first=True)) == there
        within = [place for place in there if first + 20 <= place <= first + 60]
        found = places(Runs(connection), call, first + 20, first + 60)
        assert [place for place in found if first + 20 <= place <= first + 60] == within
    assert places(Runs(connection), "another") == []


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("again", ["forget", "start"])
def test_what_a_rollback_undid_is_in_no_run(connection: sqlite3.Connection, again: str) -> None:
    log = Log(connection)
    for number in range(12):
        log.add("a", OPENED, number)
    log.store()
    connection.execute("BEGIN")
    for _ in range(10):
        log.add("lost", OPENED, 10**6, names=b"n" * 16)
    log.store()
    connection.execute("ROLLBACK")
    log.last, log.rows = 12, []
    if again == "forget":
        log.filling.forget()
    else:
        log.filling = Filling(connection)
    for number in range(12, 20):
        log.add("b", OPENED, number)
    log.store()
    assert connection.execute("SELECT number, low, high FROM run").fetchall() == [(0, 0, 6), (1, 7, 14)]
    assert places(Runs(connection), "a") == list(range(1, 13))
    assert places(Runs(connection), "b") == list(range(13, 21))
    assert places(Runs(connection), "lost") == []
    assert not received(connection, b"n" * 16)


@pytest.mark.usefixtures("small")
def test_runs_are_asked_in_the_order_that_is_wanted(connection: sqlite3.Connection) -> None:
    log = Log(connection)
    there = [log.add("a", OPENED) for _ in range(30)]
    log.store()
    runs = Runs(connection)
    assert places(runs, "a") == there
    first = next(iter(runs.finds(0, END, newest_first=True)))
    assert first("a") == there[-7:]
    assert places(runs, "a", there[-7]) == there[-7:]
    assert places(runs, "a", 0, 7) == there[:7]


@pytest.mark.usefixtures("small")
def test_a_reader_sees_what_is_written_and_kept_meanwhile(connection: sqlite3.Connection) -> None:
    log = Log(connection)
    runs = Runs(connection)
    there = [log.add("a", OPENED)]
    assert places(runs, "a") == there
    for _ in range(40):
        there.append(log.add("a", CLOSED))
        log.store()
        assert places(runs, "a") == there
    assert places(Runs(connection), "a") == there


@pytest.mark.usefixtures("small")
def test_names_that_share_a_word_only_cost_a_look(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "crc32", lambda data: 7)
    log = Log(connection)
    there = [log.add(f"call_{number}", OPENED) for number in range(20)]
    log.store()
    assert set(places(Runs(connection), "call_3")) >= {there[3]}


@pytest.mark.usefixtures("small")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    moments=st.lists(st.one_of(st.none(), st.integers(0, 40)), max_size=70),
    since=st.integers(-1, 42),
    until=st.integers(-1, 42),
    newest_first=st.booleans(),
    step=st.integers(1, 20),
)
def test_times_are_listed_in_order_whatever_the_clock_did(
    connection: sqlite3.Connection,
    moments: list[int | None],
    since: int,
    until: int,
    newest_first: bool,
    step: int,
) -> None:
    for table in ("run", "log"):
        connection.execute("DROP TRIGGER IF EXISTS log_stays")
        connection.execute(f"DELETE FROM {table}")
    log = Log(connection)
    calls: list[tuple[int, int]] = []
    for at in moments:
        seq = log.add("a", CLOSED if at is None else OPENED, at or 0)
        if at is not None and since <= at < until:
            calls.append((at, seq))
        if seq % step == 0:
            log.store()
    expected = [seq for _, seq in sorted(calls, reverse=newest_first)]
    assert listed(connection, since, until, newest_first=newest_first) == expected


def test_after_a_clock_stepped_back_an_hour_few_runs_are_held(connection: sqlite3.Connection) -> None:
    """What is read at once is bounded by how many runs tell of one moment, not by the length of the log."""
    log = Log(connection)
    connection.execute("BEGIN")
    for number in range(12 * RUN):
        log.add("a", OPENED, number if number < 6 * RUN else number - RUN)
    log.store()
    connection.execute("COMMIT")
    most, runs = 0, Runs(connection)
    held: list[int] = []
    original = runs._moments

    def reading(*args: int) -> list[tuple[int, int]]:
        rows = original(*args)
        held.append(len(rows))
        return rows

    runs._moments = reading  # type: ignore[method-assign]
    for given_out, _ in enumerate(runs.opened(-1, END, newest_first=True)):
        most = max(most, sum(held) - given_out)
    assert sum(held) == 12 * RUN
    assert most <= 4 * RUN


@pytest.mark.usefixtures("small")
def test_a_short_time_reads_few_runs(connection: sqlite3.Connection) -> None:
    log = Log(connection)
    for at in range(200):
        log.add("a", OPENED, at)
    log.store()
    runs = Runs(connection)
    assert {low // 8 for _, low, _ in runs._spans(100, 110, 1)} <= {12, 13, 25}


@pytest.mark.usefixtures("small")
def test_references_are_found_in_runs_and_beyond_them(connection: sqlite3.Connection) -> None:
    log = Log(connection)
    names = [b"%016d" % number for number in range(60)]
    for name in names[:40]:
        log.add("a", CLOSED, names=name)
        log.add("a", CLOSED, names=name + b"x" * 16)
        log.store()
    log.add("a", CLOSED, names=names[40] + names[41])
    assert [received(connection, name) for name in names] == [True] * 42 + [False] * 18
    assert received(connection, b"x" * 16)
    assert not received(connection, b"")
    assert not received(connection, (names[40] + names[41])[3:19])
    assert [len(kept) for (kept,) in connection.execute("SELECT names FROM reference")] == [4 * 10] + [4 * 12] * 9


@pytest.mark.usefixtures("small")
def test_only_runs_with_a_name_that_begins_alike_are_read(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SEARCHED", 2)
    log = Log(connection)
    names = [blake2b(b"%d" % number, digest_size=16).digest() for number in range(60)]
    for name in names[:48]:
        log.add("a", CLOSED, names=name)
    log.store()
    read: list[int] = []
    telling = module._tells

    def counted(connection: sqlite3.Connection, first: int, end: int, name: bytes) -> bool:
        read.append(first)
        return telling(connection, first, end, name)

    monkeypatch.setattr(module, "_tells", counted)
    assert received(connection, names[10])
    assert read == [8]
    assert not received(connection, names[50])
    assert read == [8, 48]


def test_references_of_a_format_before_are_found_in_its_index_and_beyond_it(tmp_path: Path) -> None:
    connection = schema.connect(earlier(tmp_path, 3))
    master = MasterKey(MASTER)
    found = [received(connection, master.reference("corp:alice", "openai", f"resp_{number}")) for number in range(3)]
    connection.close()
    assert found == [True, True, False]


@pytest.mark.usefixtures("small")
def test_a_span_holds_every_intent_of_a_time(connection: sqlite3.Connection) -> None:
    log = Log(connection)
    assert Runs(connection).span(0, END) is None
    moments = {log.add(f"c{at}", OPENED, at): at for at in [*range(100, 130), 90, *range(130, 140)]}
    log.store()
    for since, until in [(0, END), (90, 91), (100, 101), (112, 120), (135, 140)]:
        span = Runs(connection).span(since, until)
        assert span is not None
        assert all(span[0] <= place < span[1] for place, at in moments.items() if since <= at < until)
    assert Runs(connection).span(135, 140) == (32, 42)
    assert Runs(connection).span(200, 300) is None
