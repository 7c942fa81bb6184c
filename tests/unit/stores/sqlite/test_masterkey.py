"""The master key's file: made once, refused when it isn't private, whole and there."""

import stat
from pathlib import Path

import pytest

from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.masterkey import load, load_or_create


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path)


def test_the_first_start_makes_it_and_later_ones_keep_it(directory: DataDirectory) -> None:
    key = load_or_create(directory)
    content = directory.key_path.read_bytes()
    assert len(content) == 32
    assert stat.S_IMODE(directory.key_path.stat().st_mode) == 0o600
    assert load_or_create(directory).reference("a", "b", "c") == key.reference("a", "b", "c")
    assert directory.key_path.read_bytes() == content
    assert [path.name for path in directory.path.iterdir()] == ["master.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_key_that_others_may_read_or_write_is_refused(directory: DataDirectory, mode: int) -> None:
    load_or_create(directory)
    directory.key_path.chmod(mode)
    with pytest.raises(DataDirectoryError, match="chmod 600"):
        load_or_create(directory)


@pytest.mark.parametrize("length", [0, 31, 33, 4096])
def test_a_key_of_another_length_is_refused(directory: DataDirectory, length: int) -> None:
    directory.key_path.write_bytes(b"k" * length)
    directory.key_path.chmod(0o600)
    with pytest.raises(DataDirectoryError, match="exactly 32 bytes"):
        load_or_create(directory)


def test_a_lost_key_is_not_made_anew_while_data_exists(directory: DataDirectory) -> None:
    (directory.path / "journal-001.db").touch()
    with pytest.raises(DataDirectoryError, match="restore it from a backup"):
        load_or_create(directory)
    assert not directory.key_path.exists()


def test_a_link_or_a_directory_is_no_key(directory: DataDirectory, tmp_path: Path) -> None:
    directory.key_path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataDirectoryError, match="can't be read"):
        load_or_create(directory)
    directory.key_path.unlink()
    directory.key_path.mkdir(mode=0o700)
    with pytest.raises(DataDirectoryError, match="not a regular file"):
        load(directory)


def test_a_draft_that_a_crash_left_is_replaced(directory: DataDirectory) -> None:
    (directory.path / "master.new").write_bytes(b"half")
    load_or_create(directory)
    assert len(directory.key_path.read_bytes()) == 32


def test_a_reader_makes_no_key(directory: DataDirectory) -> None:
    with pytest.raises(DataDirectoryError, match="can't be read"):
        load(directory)
    assert not directory.key_path.exists()
