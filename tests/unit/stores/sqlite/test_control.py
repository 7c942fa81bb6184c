"""control.db: one writer, a reader that notices, a schema that only moves forward."""

import sqlite3
import stat
import threading
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from narrows.ports.accounts import AccountRefused, AccountsUnavailable, ServiceAccount
from narrows.stores.sqlite.control import MIGRATIONS, ControlDb, ControlWatch

NOW = 1_700_000_000_000_000


@dataclass
class StillClock:
    time: int = NOW

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time


def account(ident: str = "a" * 12, **changes: object) -> ServiceAccount:
    usual = ServiceAccount(ident, "etl", "alice", NOW, NOW + 1_000_000, ident.encode().ljust(32, b"."), "nightly load")
    return msgspec.structs.replace(usual, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def opened(folder: Path, clock: StillClock | None = None, **options: float) -> ControlDb:
    return ControlDb(folder, clock or StillClock(), **options)


def test_what_is_kept_is_listed(folder: Path) -> None:
    control = opened(folder)
    control.create(account())
    control.create(account("b" * 12, purpose=None, created=NOW + 1))
    assert control.list() == [account(), account("b" * 12, purpose=None, created=NOW + 1)]
    control.close()
    again = opened(folder)
    assert len(again.list()) == 2
    again.close()


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


def test_a_key_is_revoked_by_its_id_and_an_account_by_its_name(folder: Path) -> None:
    clock = StillClock()
    control = opened(folder, clock)
    for ident in ("a" * 12, "b" * 12, "c" * 12):
        control.create(account(ident))
    clock.time += 5
    assert [gone.id for gone in control.revoke("b" * 12)] == ["b" * 12]
    assert [(gone.id, gone.revoked) for gone in control.revoke("etl")] == [("a" * 12, NOW + 5), ("c" * 12, NOW + 5)]
    assert control.revoke("etl") == []
    assert [kept.revoked for kept in control.list()] == [NOW + 5] * 3
    control.close()


def test_revoking_keeps_the_first_time_and_passes_over_what_had_ended(folder: Path) -> None:
    clock = StillClock()
    control = opened(folder, clock)
    control.create(account())
    clock.time = NOW + 1_000_000
    assert control.revoke("a" * 12) == []
    clock.time += 1
    control.revoke("a" * 12)
    assert control.list()[0].revoked == NOW + 1_000_000
    control.close()


def test_an_id_is_preferred_to_a_name_that_looks_like_it(folder: Path) -> None:
    control = opened(folder)
    control.create(account("a" * 12))
    control.create(account("b" * 12, name="a" * 12))
    assert [gone.id for gone in control.revoke("a" * 12)] == ["a" * 12]
    control.close()


def test_revoking_what_does_not_exist_is_refused(folder: Path) -> None:
    control = opened(folder)
    with pytest.raises(AccountRefused, match="no service account has the id or name 'nobody'"):
        control.revoke("nobody")
    control.create(account())
    control.close()


def test_a_name_belongs_to_one_owner(folder: Path) -> None:
    clock = StillClock()
    control = opened(folder, clock)
    control.create(account())
    with pytest.raises(AccountRefused, match="belongs to 'alice'"):
        control.create(account("b" * 12, owner="bob"))
    control.create(account("c" * 12))
    control.revoke("etl")
    control.create(account("d" * 12, owner="bob"))
    control.close()


def test_two_keys_never_share_an_id_or_a_digest(folder: Path) -> None:
    control = opened(folder)
    control.create(account())
    with pytest.raises(AccountsUnavailable, match="UNIQUE"):
        control.create(account())
    with pytest.raises(AccountsUnavailable, match="UNIQUE"):
        control.create(account("b" * 12, digest=account().digest))
    assert len(control.list()) == 1
    control.close()


def test_the_watch_notices_exactly_what_others_write(folder: Path) -> None:
    watch = ControlWatch(folder)
    assert watch.snapshot() == {}
    assert not watch.changed()
    control = opened(folder)
    assert watch.changed()
    assert watch.snapshot() == {}
    assert not watch.changed()
    control.create(account())
    assert watch.changed()
    assert watch.snapshot() == {"a" * 12: account()}
    assert not watch.changed()
    control.list()
    assert not watch.changed()
    control.revoke("etl")
    assert watch.changed()
    assert watch.snapshot()["a" * 12].revoked == NOW
    control.close()
    assert not watch.changed()
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
    assert watch._connection is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        watch._connection.execute("DELETE FROM service_account")
    watch.close()


def test_a_writer_waits_for_another_and_then_says_so(folder: Path) -> None:
    first, second = opened(folder), opened(folder, busy=0.05)
    first._connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(AccountsUnavailable, match=r"control\.db: database is locked"):
        second.create(account())
    watch = ControlWatch(folder)
    assert watch.snapshot() == {}
    first._connection.execute("ROLLBACK")
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
        assert raw.execute("SELECT version FROM schema_version").fetchall() == [(len(MIGRATIONS),)]
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
    monkeypatch.setattr("narrows.stores.sqlite.control.MIGRATIONS", later)
    control = opened(folder)
    assert len(control.list()) == 1
    assert control._connection.execute("SELECT id FROM later").fetchall() == [(1,)]
    control.close()


def test_a_migration_that_fails_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(folder).close()
    broken = (*MIGRATIONS, ("CREATE TABLE later (id INTEGER)", "NONSENSE"))
    monkeypatch.setattr("narrows.stores.sqlite.control.MIGRATIONS", broken)
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
