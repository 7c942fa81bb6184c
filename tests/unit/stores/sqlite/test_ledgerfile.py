"""ledger.db: sums, holds and place move together, and what can't be read says so."""

import sqlite3
import stat
from pathlib import Path

import pytest

from narrows.stores.sqlite.ledgerfile import FILE_NAME, LedgerFile, LedgerUnreadable, Sums, put_aside
from narrows.stores.sqlite.replay import Held

HELD = Held(1, ("a", "b"), (5, 6))
UNKNOWN = Held(1, ("é|x",), (7,), 9)


def write(file: LedgerFile, place: int, sums: dict[tuple[str, int], int], held: dict[str, Held], *gone: str) -> None:
    file.write(place, b"leaf %d" % place, sums, dict.fromkeys(sums, 100), {*held, *gone}, held)


def test_a_new_file_is_at_the_beginning_and_its_owners_only(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    assert (file.place, file.leaf, file.held) == (0, b"", {})
    write(file, 1, {}, {"c": HELD})
    for name in (FILE_NAME, FILE_NAME + "-wal"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    file.close()


def test_what_was_written_is_there_again(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    write(file, 7, {("a", 10): 3, ("a", 20): 4}, {"c": HELD, "d": UNKNOWN})
    write(file, 9, {("a", 10): 5, ("b", 10): 1}, {"d": UNKNOWN}, "c", "never")
    file.close()
    file = LedgerFile(tmp_path)
    assert (file.place, file.leaf, file.held) == (9, b"leaf 9", {"d": UNKNOWN})
    sums = Sums(file.path)
    assert (sums.of("a"), sums.of("b"), sums.of("c")) == ({10: 8, 20: 4}, {10: 1}, {})
    sums.close()
    file.close()


def test_a_thousand_changes_are_one_transaction(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    write(file, 1, {(f"u{n}", 0): n for n in range(1, 1000)}, {f"c{n}": HELD for n in range(1000)})
    sums = Sums(file.path)
    assert [sums.of(f"u{n}") for n in (1, 500, 999)] == [{0: 1}, {0: 500}, {0: 999}]
    sums.close()
    file.close()
    assert len(LedgerFile(tmp_path).held) == 1000


def test_a_write_that_fails_changes_nothing_and_can_be_made_again(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    write(file, 1, {("a", 0): 3}, {"c": HELD})
    other = sqlite3.connect(file.path, isolation_level=None)
    other.execute("CREATE TRIGGER refuses BEFORE INSERT ON held BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.Error):
        write(file, 2, {("a", 0): 4}, {"d": HELD}, "c")
    other.execute("DROP TRIGGER refuses")
    other.close()
    write(file, 2, {("a", 0): 4}, {"d": HELD}, "c")
    file.close()
    file = LedgerFile(tmp_path)
    sums = Sums(file.path)
    assert (file.place, file.held, sums.of("a")) == (2, {"d": HELD}, {0: 7})
    sums.close()
    file.close()


def test_sums_never_become_inexact(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    write(file, 1, {("a", 0): 2**63 - 5}, {})
    write(file, 2, {("a", 0): 10}, {})
    sums = Sums(file.path)
    assert sums.of("a") == {0: 2**63 - 1}
    sums.close()
    file.close()


def test_a_sum_that_no_database_holds_is_the_most_that_one_does(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    write(file, 1, {("a", 0): 1 << 63, ("b", 0): 5}, {})
    write(file, 2, {("a", 0): 1 << 70}, {})
    sums = Sums(file.path)
    assert (sums.of("a"), sums.of("b")) == ({0: (1 << 63) - 1}, {0: 5})
    sums.close()
    file.close()


def test_what_nobody_asks_for_is_dropped(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    file.write(1, b"", {("a", n): 1 for n in range(3000)}, {("a", n): n for n in range(3000)}, (), {})
    assert file.drop(2500) == 2501
    sums = Sums(file.path)
    assert sorted(sums.of("a")) == list(range(2501, 3000))
    sums.close()
    file.close()


def damage(path: Path, how: str) -> None:
    if how == "junk":
        path.write_bytes(b"junk" * 2000)
        return
    connection = sqlite3.connect(path)
    match how:
        case "version":
            connection.execute("UPDATE meta SET value = 2 WHERE name = 'version'")
        case "vector":
            connection.execute("UPDATE held SET vector = X'00'")
        case "table":
            connection.execute("DROP TABLE held")
        case "meta":
            connection.execute("DELETE FROM meta WHERE name = 'place'")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("how", ["junk", "version", "vector", "table", "meta"])
def test_a_file_that_is_damaged_or_of_another_version_is_unreadable_and_can_be_put_aside(
    tmp_path: Path, how: str
) -> None:
    file = LedgerFile(tmp_path)
    write(file, 1, {("a", 0): 3}, {"c": HELD})
    file.close()
    damage(tmp_path / FILE_NAME, how)
    with pytest.raises(LedgerUnreadable, match=r"ledger\.db"):
        LedgerFile(tmp_path)
    put_aside(tmp_path)
    file = LedgerFile(tmp_path)
    assert file.place == 0
    file.close()
    assert (tmp_path / f"{FILE_NAME}.aside").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"ledger\.db"):
        LedgerFile(tmp_path)
