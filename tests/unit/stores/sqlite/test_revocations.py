"""Revocations: kept and lifted without changing a row, followed without reading them twice; none is passed over."""

import sqlite3
from pathlib import Path

import pytest

from narrows.model.revocation import Lifted, Revocation, Revoked
from narrows.ports.revocations import RevocationRefused, RevocationsUnavailable
from narrows.stores.sqlite.controlfile import ControlFile
from narrows.stores.sqlite.revocations import RevocationWatch, SqliteRevocations, contained
from unit.stores.sqlite.records import NOW, StillClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def revocation(number: int, subject: str = "corp:eve", containment: str | None = None) -> Revocation:
    return Revocation(f"rev_{number}", Revoked.USER, subject, NOW, "corp:ann", "left", containment=containment)


def test_what_is_kept_stands_until_it_is_lifted(folder: Path) -> None:
    kept = SqliteRevocations(folder, StillClock())
    kept.add([revocation(1), revocation(2, containment="con_1"), revocation(3, containment="con_1")])
    assert [one.id for one in kept.standing()] == ["rev_1", "rev_2", "rev_3"]
    assert [one.id for one in kept.lift("con_1", "corp:max", "a mistake")] == ["rev_2", "rev_3"]
    assert kept.lift("rev_2", "corp:max", "again") == []
    assert kept.standing() == [revocation(1)]
    lifts = [None, Lifted("rev_2", NOW, "corp:max", "a mistake"), Lifted("rev_3", NOW, "corp:max", "a mistake")]
    assert [each.lifted for each in kept.all()] == lifts
    kept.close()
    again = SqliteRevocations(folder, StillClock())
    assert again.standing() == [revocation(1)]
    again.close()


def test_what_was_issued_until_it_is_kept_ends_with_it(folder: Path) -> None:
    kept = SqliteRevocations(folder, StillClock())
    early = NOW - 20_000
    ours = Revocation("rev_1", Revoked.USER, "corp:eve", early, "corp:ann", "left", before=early)
    theirs = Revocation("rev_2", Revoked.USER, "corp:eve", early, "corp:", "signed out", before=early)
    kept.add([ours, theirs])
    assert [one.before for one in kept.standing()] == [NOW, early]
    kept.close()


def test_all_are_kept_or_none(folder: Path) -> None:
    kept = SqliteRevocations(folder, StillClock())
    kept.add([revocation(1)])
    with pytest.raises(RevocationRefused, match="rev_1 already"):
        kept.add([revocation(2), revocation(1, "corp:max")])
    assert kept.standing() == [revocation(1)]
    with pytest.raises(RevocationRefused, match="no revocation or containment rev_2"):
        kept.lift("rev_2", "corp:max", "a mistake")
    kept.close()


def test_news_are_told_once(folder: Path) -> None:
    watch = RevocationWatch(folder)
    assert watch.news() is None
    assert (watch.news(), watch.standing()) == ((), [])
    kept = SqliteRevocations(folder, StillClock())
    assert watch.news() is None  # the file is new
    kept.add([revocation(1)])
    assert watch.news() == [revocation(1)]
    kept.add([revocation(2)])
    kept.lift("rev_1", "corp:max", "a mistake")
    assert watch.news() == [revocation(2), Lifted("rev_1", NOW, "corp:max", "a mistake")]
    assert watch.news() == ()
    assert watch.standing() == [revocation(2)]
    watch.close()
    kept.close()


def test_another_file_is_read_anew(folder: Path, tmp_path: Path) -> None:
    kept, watch = SqliteRevocations(folder, StillClock()), RevocationWatch(folder)
    kept.add([revocation(1)])
    now, older = sqlite3.connect(folder / "control.db"), sqlite3.connect(tmp_path / "older.db")
    now.backup(older)
    now.close()
    older.close()
    kept.add([revocation(2)])
    assert watch.news() is None
    kept.close()
    for path in folder.glob("control.db-*"):
        path.unlink()
    (tmp_path / "older.db").replace(folder / "control.db")
    assert watch.news() is None
    assert watch.standing() == [revocation(1)]
    watch.close()


@pytest.mark.parametrize("said", ["{}", '{"id":"rev_9","kind":"planet","subject":"x","at":1,"by":"x","reason":""}'])
def test_one_that_cannot_be_read_is_not_passed_over(folder: Path, said: str) -> None:
    kept, watch = SqliteRevocations(folder, StillClock()), RevocationWatch(folder)
    kept.add([revocation(1)])
    assert watch.news() is None
    file = ControlFile(folder, StillClock(), RevocationsUnavailable)
    with file.transaction() as run:
        run.execute("INSERT INTO revocation (id, kind, subject, said) VALUES ('rev_9', 'planet', 'x', ?)", (said,))
    file.close()
    for ask in (watch.news, watch.news, watch.standing, kept.standing):
        with pytest.raises(RevocationsUnavailable, match="revocation 2 can't be read"):
            ask()
    watch.close()
    kept.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE revocation SET subject = 'corp:max'",
        "DELETE FROM revocation",
        "REPLACE INTO revocation (seq, id, kind, subject, said) VALUES (1, 'rev_1', 'user', 'corp:max', '{}')",
    ],
)
def test_nothing_is_changed(folder: Path, change: str) -> None:
    kept = SqliteRevocations(folder, StillClock())
    kept.add([revocation(1)])
    kept.close()
    file = sqlite3.connect(folder / "control.db")
    with pytest.raises(sqlite3.IntegrityError, match="revocations are not"):
        file.execute(change)
    file.close()


def test_who_is_contained_decides_about_nothing_until_that_is_lifted(folder: Path) -> None:
    kept = SqliteRevocations(folder, StillClock())
    file = sqlite3.connect(folder / "control.db")
    kept.add([Revocation("rev_0", Revoked.USER, "corp:eve", NOW, "corp:ann", "left", before=NOW)])
    assert not contained(file, "corp:eve")
    kept.add([revocation(1), revocation(2, "corp:max")])
    assert contained(file, "corp:eve")
    assert not contained(file, "eve")
    kept.lift("rev_1", "corp:ann", "a mistake")
    assert not contained(file, "corp:eve")
    assert contained(file, "corp:max")
    file.close()
    kept.close()
