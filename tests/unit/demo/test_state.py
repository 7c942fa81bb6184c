"""The file that says where a running demo is."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from narrows.demo.state import DemoState, read_state, remove_state, state_file, write_state


def state(pid: int) -> DemoState:
    return DemoState("http://127.0.0.1:8080", "http://127.0.0.1:9", "/data", "/data/demo.yaml", pid)


def test_its_place_follows_the_environment(tmp_path: Path) -> None:
    assert state_file({"XDG_STATE_HOME": "/x"}, tmp_path) == Path("/x/narrows/demo.json")
    for environ in ({}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative"}):
        assert state_file(environ, tmp_path) == tmp_path / ".local/state/narrows/demo.json"


def test_it_is_read_back_and_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "demo.json"
    assert write_state(path, state(os.getpid()))
    assert read_state(path) == state(os.getpid())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["demo.json"]


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not write_state(tmp_path / "file" / "demo.json", state(1))


def gone() -> int:
    """The id of a process that has ended."""
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
    return pid


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"gate": 1}', b"\xff"])
def test_a_missing_or_broken_file_means_no_demo(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "demo.json"
    if content is not None:
        path.write_bytes(content)
    assert read_state(path) is None


def test_a_dead_process_means_no_demo(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.write_bytes(msgspec.json.encode(state(gone())))
    assert read_state(path) is None


def test_only_the_own_state_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    write_state(path, state(os.getpid()))
    remove_state(path, os.getpid() + 1)
    assert path.exists()
    remove_state(path, os.getpid())
    assert not path.exists()
    remove_state(path, os.getpid())
