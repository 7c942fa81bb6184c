"""What comes back from the disk is what went there, whole and one's own, or nothing."""

import logging
import os
from pathlib import Path
from threading import Event, Thread

import pytest

from narrows.wiring.compiled import KEPT, CompiledFiles, user_cache

CONTENT = bytes(range(256)) * 10


@pytest.fixture
def file(tmp_path: Path) -> Path:
    CompiledFiles(tmp_path / "cache").write("key", CONTENT)
    (path,) = (tmp_path / "cache").iterdir()
    return path


def test_what_was_written_comes_back(file: Path) -> None:
    files = CompiledFiles(file.parent)
    assert files.read("key") == CONTENT
    assert files.read("other") is None
    assert files.filled


def test_only_its_owner_may_read_it(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("at", [0, 30, 60, 1000, -1])
def test_a_changed_byte_is_seen(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    assert CompiledFiles(file.parent).read("key") is None


@pytest.mark.parametrize("size", [0, 10, 60, 1000])
def test_a_cut_file_is_seen(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])
    assert CompiledFiles(file.parent).read("key") is None


def test_what_others_may_write_is_not_used(file: Path) -> None:
    file.chmod(0o622)
    assert CompiledFiles(file.parent).read("key") is None


def test_a_link_is_not_followed(file: Path) -> None:
    (file.parent / "real").write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(file.parent / "real")
    assert CompiledFiles(file.parent).read("key") is None


def test_a_damaged_file_is_replaced(file: Path) -> None:
    file.write_bytes(b"")
    files = CompiledFiles(file.parent)
    files.write("key", CONTENT)
    assert files.read("key") == CONTENT
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_old_files_go(tmp_path: Path) -> None:
    files = CompiledFiles(tmp_path)
    for number in range(KEPT + 3):
        files.write(str(number), CONTENT)
        os.utime(tmp_path / f"{number}.patterns", (number, number))
    files.write("last", CONTENT)
    assert files.read("last") == CONTENT
    assert files.read("0") is None
    assert len(list(tmp_path.iterdir())) == KEPT


def test_a_directory_that_can_not_be_used_is_only_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    files = CompiledFiles(tmp_path / "file" / "cache")
    with caplog.at_level(logging.WARNING):
        files.write("key", CONTENT)
    assert "can't be kept" in caplog.text
    assert files.read("key") is None


def test_without_a_directory_nothing_is_kept() -> None:
    files = CompiledFiles(None)
    files.write("key", CONTENT)
    assert files.read("key") is None
    assert not files.filled


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/narrows"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/narrows"),
        ({"HOME": "/h"}, "/h/.cache/narrows"),
        ({}, None),
    ],
)
def test_where_a_user_s_are_kept(environ: dict[str, str], expected: str | None) -> None:
    assert user_cache(environ) == (None if expected is None else Path(expected))


def test_one_compiles_at_a_time(tmp_path: Path) -> None:
    first, second, done = CompiledFiles(tmp_path), CompiledFiles(tmp_path), Event()

    def compile_too() -> None:
        with second.alone():
            done.set()

    with first.alone():
        other = Thread(target=compile_too)
        other.start()
        assert not done.wait(0.05)
    other.join(30)
    assert done.is_set()


def test_where_nothing_can_be_kept_nobody_waits(tmp_path: Path) -> None:
    for files in (CompiledFiles(None), CompiledFiles(tmp_path / "missing")):
        with files.alone(), files.alone():
            pass
