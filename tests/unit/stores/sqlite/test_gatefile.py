"""gate.db: what a gate has seen, written by it alone and read beside it."""

import sqlite3
from pathlib import Path

import pytest

from narrows.model.revision import InForce
from narrows.model.revocation import Stopped
from narrows.ports.sightings import SightingsUnavailable, Use
from narrows.stores.sqlite.gatefile import Bound, GateFile, GateView

FIRST = Stopped("rev_1", "gate-a", 5, calls=("call_1",), tickets=("apr_1", "apr_2"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file, view = GateFile(tmp_path), GateView(tmp_path)
    file.write(
        [FIRST, Stopped("rev_1", "gate-b", 4), Stopped("rev_2", "gate-a", 6), Use("k1", "narrows:etl", 7, "::1")]
    )
    assert view.stopped(["rev_1"]) == [Stopped("rev_1", "gate-b", 4), FIRST]
    assert view.stopped(["rev_9"]) == []
    assert view.stopped([]) == []
    assert view.uses() == {"k1": Use("k1", "narrows:etl", 7, "::1")}
    assert view.uses(["k2"]) == {}
    assert len(view.stopped([f"rev_{number}" for number in range(1_200)])) == 3
    file.close()


def test_the_first_word_about_a_revocation_holds(tmp_path: Path) -> None:
    file = GateFile(tmp_path)
    file.write([FIRST])
    file.write([Stopped("rev_1", "gate-a", 9)])
    assert GateView(tmp_path).stopped(["rev_1"]) == [FIRST]
    file.close()


def test_the_last_use_and_the_first_network_are_kept(tmp_path: Path) -> None:
    file = GateFile(tmp_path)
    file.write([Use("k1", "narrows:etl", 7, "::1"), Bound("tok_1", "192.0.2.7/32", 7)])
    file.write([Use("k1", "narrows:etl", 9, "::2"), Bound("tok_1", "192.0.2.8/32", 9)])
    file.write([Use("k1", "narrows:etl", 8, "::3")])
    assert GateView(tmp_path).uses(["k1"])["k1"] == Use("k1", "narrows:etl", 9, "::2")
    assert file.networks() == {"tok_1": "192.0.2.7/32"}
    file.forget(8)
    assert (file.networks(), len(GateView(tmp_path).uses())) == ({}, 1)
    file.close()


def test_nothing_was_seen_where_no_gate_has_been(tmp_path: Path) -> None:
    assert GateView(tmp_path).stopped(["rev_1"]) == []
    assert GateView(tmp_path).uses() == {}
    assert not (tmp_path / "gate.db").exists()


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    GateFile(tmp_path).close()
    assert (tmp_path / "gate.db").stat().st_mode & 0o777 == 0o600


def test_all_is_written_or_nothing(tmp_path: Path) -> None:
    file = GateFile(tmp_path)
    with pytest.raises(sqlite3.Error):
        file.write([FIRST, Use("k1", "narrows:etl", None, "::1")])  # type: ignore[arg-type]
    assert GateView(tmp_path).stopped(["rev_1"]) == []
    file.write([FIRST])
    file.close()


@pytest.mark.parametrize("change", ["UPDATE meta SET value = 9", "DELETE FROM meta"])
def test_a_file_of_another_version_is_refused(tmp_path: Path, change: str) -> None:
    file = GateFile(tmp_path)
    file.write([FIRST])
    file.close()
    other = sqlite3.connect(tmp_path / "gate.db")
    other.execute(change)
    other.commit()
    other.close()
    with pytest.raises(SightingsUnavailable, match="written by another Narrows"):
        GateFile(tmp_path)
    with pytest.raises(SightingsUnavailable, match="written by another Narrows"):
        GateView(tmp_path).stopped(["rev_1"])


def test_what_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "gate.db").write_bytes(b"not a database, however long it may be" * 100)
    with pytest.raises(SightingsUnavailable):
        GateFile(tmp_path)
    with pytest.raises(SightingsUnavailable):
        GateView(tmp_path).uses()


def test_a_file_that_is_being_made_holds_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / "gate.db").touch()
    assert GateView(tmp_path).stopped(["rev_1"]) == []


def came(at: int, revision: str) -> InForce:
    return InForce(at, revision, f"digest of {revision}", revision.encode())


def test_what_was_in_force_at_a_time_is_what_had_come_last(tmp_path: Path) -> None:
    file, view = GateFile(tmp_path), GateView(tmp_path)
    assert (view.in_force(99), view.first_in_force()) == (None, None)
    for one in (came(10, "a"), came(15, "a"), came(20, "b"), came(30, "a")):
        file.write([one])
    found = [view.in_force(at) for at in (9, 10, 19, 20, 29, 30, 99)]
    assert found == [
        None,
        came(10, "a"),
        came(10, "a"),
        came(20, "b"),
        came(20, "b"),
        came(30, "a"),
        came(30, "a"),
    ]
    assert view.first_in_force() == 10
    file.close()


@pytest.mark.parametrize("change", ["UPDATE in_force SET at = 1", "DELETE FROM in_force", "DELETE FROM revision"])
def test_the_past_is_not_changed(tmp_path: Path, change: str) -> None:
    file = GateFile(tmp_path)
    file.write([came(10, "a")])
    with pytest.raises(sqlite3.IntegrityError):
        file._connection.execute(change)
    file.close()


def test_a_file_of_the_first_version_is_carried_on(tmp_path: Path) -> None:
    file = GateFile(tmp_path)
    file.write([FIRST])
    run = file._connection
    run.executescript("DROP TABLE in_force; DROP TABLE revision; UPDATE meta SET value = 1 WHERE name = 'version'")
    file.close()
    view = GateView(tmp_path)
    assert (view.stopped(["rev_1"]), view.in_force(99)) == ([FIRST], None)
    again = GateFile(tmp_path)
    again.write([came(10, "a")])
    assert (view.stopped(["rev_1"]), view.in_force(99)) == ([FIRST], came(10, "a"))
    again.close()
