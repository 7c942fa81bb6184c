"""gate.db: what a gate has seen, written by it alone and read beside it."""

import sqlite3
from pathlib import Path

import pytest

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
