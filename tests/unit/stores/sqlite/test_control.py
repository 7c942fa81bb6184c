"""control.db: one writer, a reader that notices, a schema that only moves forward."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from narrows.ports.accounts import AccountRefused, AccountsUnavailable, ServiceAccount
from narrows.stores.sqlite.control import ControlDb, ControlWatch

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


def test_a_new_key_has_the_others_of_its_account_end(folder: Path) -> None:
    clock = StillClock()
    control = opened(folder, clock)
    for ident, expires in (("a", 100), ("b", 5_000_000), ("c", 5_000_000)):
        control.create(account(ident * 12, expires=NOW + expires))
    control.create(account("o" * 12, name="other", expires=NOW + 5_000_000))
    control.revoke("c" * 12)
    ended = control.rotate(account("n" * 12, expires=NOW + 9_000_000), NOW + 1_000)
    assert [(one.id[0], one.expires - NOW) for one in ended] == [("a", 100), ("b", 1_000)]
    kept = {one.id[0]: one.expires - NOW for one in control.list()}
    assert kept == {"a": 100, "b": 1_000, "c": 5_000_000, "o": 5_000_000, "n": 9_000_000}


def test_where_no_key_is_in_force_none_takes_its_place(folder: Path) -> None:
    clock = StillClock()
    control = opened(folder, clock)
    control.create(account())
    clock.time += 1_000_000
    with pytest.raises(AccountRefused, match="none to take the place of"):
        control.rotate(account("n" * 12, expires=NOW + 9_000_000), NOW + 2_000_000)
    assert len(control.list()) == 1


def test_another_owners_key_is_not_rotated(folder: Path) -> None:
    control = opened(folder)
    control.create(account(expires=NOW + 5_000_000))
    with pytest.raises(AccountRefused, match="belongs to 'alice'"):
        control.rotate(account("n" * 12, owner="mallory"), NOW + 5)
    assert [one.expires - NOW for one in control.list()] == [5_000_000]
