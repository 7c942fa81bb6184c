"""control.db as a file: private, one writer at a time, a reader that notices, a schema that only moves forward."""

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from narrows.ports.accounts import AccountsUnavailable
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.stores.sqlite.control import ControlWatch
from narrows.stores.sqlite.controlfile import MIGRATIONS, ControlFile, ControlReader
from unit.stores.sqlite.records import StillClock
from unit.stores.sqlite.test_control import account, opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_only_the_owner_can_read_the_files(folder: Path) -> None:
    control = opened(folder)
    control.create(account())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"control.db": 0o600, "control.db-wal": 0o600, "control.db-shm": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    control.close()
    (folder / "control.db").chmod(0o644)
    opened(folder).close()
    assert stat.S_IMODE((folder / "control.db").stat().st_mode) == 0o600


ELSEWHERE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("UPDATE service_account SET revoked = ?", (int(sys.argv[2]),))
connection.close()
"""


def test_the_watch_sees_what_others_write_whoever_opens_the_file_here(folder: Path) -> None:
    """The last connection that closes removes the write-ahead log: it must know of those that are open here."""
    control = opened(folder)
    control.create(account())
    control.close()
    watch = ControlWatch(folder)
    watch.snapshot()
    opened(folder).close()
    for moment in (1, 2):
        subprocess.run([sys.executable, "-c", ELSEWHERE, str(folder / "control.db"), str(moment)], check=True)
        assert watch.changed()
        assert [one.revoked for one in watch.snapshot().values()] == [moment]
    watch.close()


def test_the_watch_survives_a_file_that_goes_and_comes_back(folder: Path, tmp_path: Path) -> None:
    control = opened(folder)
    control.create(account())
    control.close()
    watch = ControlWatch(folder)
    assert len(watch.snapshot()) == 1
    (folder / "control.db").rename(tmp_path / "old.db")
    assert watch.changed()
    assert watch.snapshot() == {}
    other = opened(folder)
    other.create(account("b" * 12))
    assert watch.changed()
    assert set(watch.snapshot()) == {"b" * 12}
    other.close()
    watch.close()


def test_the_watch_never_writes(folder: Path) -> None:
    opened(folder).close()
    watch = ControlWatch(folder)
    watch.snapshot()
    assert watch._file.connection is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        watch._file.connection.execute("DELETE FROM service_account")
    watch.close()


def test_a_writer_waits_for_another_and_then_says_so(folder: Path) -> None:
    first, second = opened(folder), opened(folder, busy=0.05)
    first._file.connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(AccountsUnavailable, match=r"control\.db: database is locked"):
        second.create(account())
    watch = ControlWatch(folder)
    assert watch.snapshot() == {}
    first._file.connection.execute("ROLLBACK")
    second.create(account())
    for store in (first, second, watch):
        store.close()


def test_two_openers_at_once_migrate_once(folder: Path) -> None:
    failures: list[Exception] = []

    def run() -> None:
        try:
            opened(folder).close()
        except AccountsUnavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with sqlite3.connect(folder / "control.db") as raw:
        assert raw.execute("SELECT version FROM schema_version").fetchall() == [
            (number + 1,) for number in range(len(MIGRATIONS))
        ]
    raw.close()


def test_a_newer_schema_is_refused_by_both_sides(folder: Path) -> None:
    opened(folder).close()
    raw = sqlite3.connect(folder / "control.db", isolation_level=None)
    raw.execute("INSERT INTO schema_version VALUES (99, 0)")
    raw.close()
    with pytest.raises(AccountsUnavailable, match=r"schema version 99.*upgrade"):
        opened(folder)
    watch = ControlWatch(folder)
    with pytest.raises(AccountsUnavailable, match=r"schema version 99.*upgrade"):
        watch.snapshot()
    watch.close()


def test_an_older_schema_moves_forward_and_keeps_its_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    control = opened(folder)
    control.create(account())
    control.close()
    later = (*MIGRATIONS, ("CREATE TABLE later (id INTEGER)", "INSERT INTO later VALUES (1)"))
    monkeypatch.setattr("narrows.stores.sqlite.controlfile.MIGRATIONS", later)
    control = opened(folder)
    assert len(control.list()) == 1
    assert control._file.connection.execute("SELECT id FROM later").fetchall() == [(1,)]
    control.close()


def test_a_migration_that_fails_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(folder).close()
    broken = (*MIGRATIONS, ("CREATE TABLE later (id INTEGER)", "NONSENSE"))
    monkeypatch.setattr("narrows.stores.sqlite.controlfile.MIGRATIONS", broken)
    with pytest.raises(AccountsUnavailable, match="NONSENSE"):
        opened(folder)
    raw = sqlite3.connect(folder / "control.db")
    assert raw.execute("SELECT name FROM sqlite_schema WHERE name = 'later'").fetchall() == []
    raw.close()


def test_a_file_that_is_no_database_is_named(folder: Path) -> None:
    folder.mkdir()
    (folder / "control.db").write_bytes(b"not a database " * 100)
    with pytest.raises(AccountsUnavailable, match=r"control\.db: file is not a database"):
        opened(folder)
    watch = ControlWatch(folder)
    with pytest.raises(AccountsUnavailable, match=r"control\.db: file is not a database"):
        watch.snapshot()
    watch.close()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(AccountsUnavailable, match="data"):
        opened(tmp_path / "data")
    with pytest.raises(AccountsUnavailable, match="data"):
        ControlWatch(tmp_path / "data").changed()


def test_an_empty_file_is_no_schema_yet(folder: Path) -> None:
    folder.mkdir()
    (folder / "control.db").touch()
    watch = ControlWatch(folder)
    assert watch.snapshot() == {}
    opened(folder).close()
    assert watch.changed()
    watch.close()


def test_each_port_has_its_own_error(folder: Path) -> None:
    folder.mkdir()
    (folder / "control.db").write_bytes(b"not a database " * 100)
    with pytest.raises(ApprovalsUnavailable, match=r"control\.db: file is not a database"):
        ControlFile(folder, StillClock(), ApprovalsUnavailable)
    reader = ControlReader(folder, ApprovalsUnavailable)
    with pytest.raises(ApprovalsUnavailable, match="not a database"):
        reader.place()
    reader.close()


def test_a_reader_sees_nothing_of_what_came_with_a_later_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr("narrows.stores.sqlite.controlfile.MIGRATIONS", MIGRATIONS[:1])
        ControlFile(folder, StillClock(), AccountsUnavailable).close()
    reader = ControlReader(folder, AccountsUnavailable)
    first = reader.place()
    with reader.reading(1) as old, reader.reading(2) as later:
        assert (old is None, later is None) == (False, True)
    ControlFile(folder, StillClock(), AccountsUnavailable).close()
    assert reader.place() != first
    with reader.reading(2) as later:
        assert later is not None
    reader.close()


def test_what_fails_inside_a_transaction_leaves_nothing(folder: Path) -> None:
    file = ControlFile(folder, StillClock(), AccountsUnavailable)
    rows = [("apr_1", "{}"), ("apr_2", "no JSON")]
    with pytest.raises(AccountsUnavailable, match="CHECK constraint failed"), file.transaction() as run:
        run.executemany("INSERT INTO decision (ticket, said) VALUES (?, ?)", rows)
    with file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM decision").fetchone() == (0,)
    file.close()


def test_decisions_are_neither_changed_nor_removed(folder: Path) -> None:
    file = ControlFile(folder, StillClock(), AccountsUnavailable)
    for _ in range(2):
        with file.transaction() as run:
            run.execute("INSERT INTO decision (ticket, said) VALUES ('apr_1', '{}')")
    for statement in (
        "UPDATE decision SET ticket = 'apr_2'",
        "DELETE FROM decision",
        "INSERT OR REPLACE INTO decision VALUES (1, 'apr_2', '{}')",
    ):
        with pytest.raises(AccountsUnavailable, match="decisions are not"), file.transaction() as run:
            run.execute(statement)
    with file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM decision WHERE ticket = 'apr_1'").fetchone() == (2,)
    file.close()
