"""Changes: kept without changing a row, judged one after the other, followed by the gate."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from narrows.model.approval import Approvers
from narrows.model.change import Change, ChangeAct, ChangeKind, ChangeState, ChangeStep
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.changes import ChangeRefused, ChangesUnavailable
from narrows.stores.sqlite.changes import SqliteChanges, SqliteChangeWatch
from narrows.stores.sqlite.revocations import SqliteRevocations
from unit.stores.sqlite.records import NOW, StillClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def change(number: int, target: str = "one", base: str | None = None, *, waits: int = 0) -> Change:
    by = Approvers(people=("corp:max",))
    return Change(f"chg_{number}", "team:red", ChangeKind.POLICY, target, "x", "corp:ana", 0, base, None, waits, by)


def approve(number: int, who: str = "corp:max") -> ChangeAct:
    return ChangeAct(f"chg_{number}", who, ChangeStep.APPROVE, 0)


def test_what_is_made_is_in_force_also_for_who_opens_it_later(folder: Path) -> None:
    with closing(SqliteChanges(folder, StillClock())) as kept:
        (one, two) = kept.make([change(1), change(2, "two", waits=1)])
        assert (one.state, two.state) == (ChangeState.IN_FORCE, ChangeState.PENDING)
        assert one.change.at == NOW
        assert kept.act(approve(2)).state is ChangeState.IN_FORCE
    with closing(SqliteChanges(folder, StillClock())) as again:
        assert [each.id for each in again.in_force()] == ["chg_1", "chg_2"]
        assert [each.change.id for each in again.list()] == ["chg_1", "chg_2"]
        assert again.current("team:red", "policy", "one") == one.change
        assert again.get("chg_3") is None


def test_all_are_made_or_none(folder: Path) -> None:
    with closing(SqliteChanges(folder, StillClock())) as kept:
        kept.make([change(1)])
        with pytest.raises(ChangeRefused, match="changed meanwhile by corp:ana"):
            kept.make([change(2, "two"), change(3, "one")])
        with pytest.raises(ChangeRefused, match="already"):
            kept.make([change(1, "other")])
        assert [each.change.id for each in kept.list()] == ["chg_1"]


def test_what_is_said_in_vain_is_refused_and_not_kept(folder: Path) -> None:
    with closing(SqliteChanges(folder, StillClock())) as kept:
        kept.make([change(1, waits=1)])
        for said in (approve(1, "corp:ana"), approve(1, "corp:eve"), approve(9)):
            with pytest.raises(ChangeRefused):
                kept.act(said)
        standing = kept.get("chg_1")
        assert standing is not None
        assert standing.acts == ()


def test_whoever_is_contained_changes_nothing(folder: Path) -> None:
    with closing(SqliteRevocations(folder, StillClock())) as revoked:
        revoked.add(
            [Revocation(f"rev_{who}", Revoked.USER, who, NOW, "x:y", "left") for who in ("corp:ana", "corp:max")]
        )
    with closing(SqliteChanges(folder, StillClock())) as kept:
        with pytest.raises(ChangeRefused, match="contained"):
            kept.make([change(1)])
        with pytest.raises(ChangeRefused, match="contained"):
            kept.make([change(2)])
        assert kept.list() == []


def test_rows_are_neither_changed_nor_removed(folder: Path) -> None:
    with closing(SqliteChanges(folder, StillClock())) as kept:
        kept.make([change(1)])
    with closing(sqlite3.connect(folder / "control.db")) as file:
        for statement in (
            "UPDATE change SET said = '{}'",
            "DELETE FROM change",
            "INSERT OR REPLACE INTO change SELECT * FROM change",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                file.execute(statement)


def test_the_gate_hears_of_what_is_in_force_and_of_nothing_else(folder: Path) -> None:
    watch = SqliteChangeWatch(folder)
    assert watch.news() == []
    assert watch.news() is None
    with closing(SqliteChanges(folder, StillClock())) as kept:
        assert watch.news() == []
        kept.make([change(1)])
        found = watch.news()
        assert found is not None
        assert [each.id for each in found] == ["chg_1"]
        assert watch.news() is None
        with closing(SqliteRevocations(folder, StillClock())) as revoked:
            revoked.add([Revocation("rev_1", Revoked.USER, "corp:eve", NOW, "x:y", "left")])
        assert watch.news() is None
    watch.close()


def test_a_row_that_can_not_be_read_is_an_error(folder: Path) -> None:
    with closing(SqliteChanges(folder, StillClock())) as kept:
        kept.make([change(1)])
        with closing(sqlite3.connect(folder / "control.db", isolation_level=None)) as file:
            file.execute("INSERT INTO change (id, scope, target, step, said) VALUES ('x', 'x', 'x', 'made', '{}')")
        with pytest.raises(ChangesUnavailable, match="can't be read"):
            kept.in_force()
        with closing(SqliteChangeWatch(folder)) as watch, pytest.raises(ChangesUnavailable):
            watch.news()
