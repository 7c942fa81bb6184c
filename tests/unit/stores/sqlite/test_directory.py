"""The data directory: private, and one gate's at a time."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError, create_private


def test_it_is_made_for_its_owner_only(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "a" / "b")
    directory.prepare()
    directory.sync()
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700


def test_an_open_directory_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    DataDirectory(tmp_path).prepare()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_file_in_its_place_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(DataDirectoryError, match="data: can't be used"):
        DataDirectory(tmp_path / "data").prepare()


def test_a_second_gate_is_told_to_go_elsewhere(tmp_path: Path) -> None:
    first, second = DataDirectory(tmp_path), DataDirectory(tmp_path)
    first.lock()
    with pytest.raises(DataDirectoryError, match="another gate is running"):
        second.lock()
    first.unlock()
    first.unlock()
    second.lock()
    second.unlock()


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; from narrows.stores.sqlite.directory import DataDirectory\n"
        "DataDirectory(pathlib.Path(sys.argv[1])).lock(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=60)
    directory = DataDirectory(tmp_path)
    directory.lock()
    directory.unlock()


def test_a_lock_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gate.lock").mkdir()
    with pytest.raises(DataDirectoryError, match="can't be opened"):
        DataDirectory(tmp_path).lock()


def test_journals_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    for name in (
        "journal-1000.db",
        "journal-999.db",
        "journal-002.db",
        "journal-002.db-wal",
        "journal-x.db",
        "control.db",
    ):
        (tmp_path / name).touch()
    assert [number for number, _ in directory.journals()] == [2, 999, 1000]
    assert directory.journal(7).name == "journal-007.db"


def test_a_private_file_is_private_and_new(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create_private(path, b"x" * 10)
    assert path.read_bytes() == b"x" * 10
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        create_private(path)


def test_whether_a_gate_runs_shows_at_its_lock(tmp_path: Path) -> None:
    gate, other = DataDirectory(tmp_path), DataDirectory(tmp_path)
    assert not other.locked()
    gate.lock()
    assert other.locked()
    gate.unlock()
    assert not other.locked()
