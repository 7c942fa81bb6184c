"""Which configuration and store a command means."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.cli.configuration import checked, find_config, find_store
from narrows.cli.failure import Failure
from narrows.demo.state import DemoState, state_file, write_state
from unit.cli.command import Ran


def demo(data: Path) -> None:
    state = DemoState("http://127.0.0.1:1", "http://127.0.0.1:2", str(data), str(data / "demo.yaml"), os.getpid())
    write_state(state_file(os.environ, Path.home()), state)


def test_without_any_there_is_a_way_out() -> None:
    with pytest.raises(Failure, match="narrows init") as caught:
        find_config(None)
    assert caught.value.code == 2


def test_the_option_then_the_directory_then_the_demo(tmp_path: Path) -> None:
    demo(tmp_path / "demo")
    assert find_config(None) == tmp_path / "demo" / "demo.yaml"
    (tmp_path / "narrows.yaml").write_text("")
    assert find_config(None) == Path("narrows.yaml")
    assert find_config(Path("other.yaml")) == Path("other.yaml")


def test_the_environment_names_one(
    narrows: Callable[..., Ran], config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config.rename(tmp_path / "elsewhere.yaml")
    assert narrows("check").code == 2
    monkeypatch.setenv("NARROWS_CONFIG", "elsewhere.yaml")
    assert narrows("check").out.startswith("elsewhere.yaml: OK")


def test_a_missing_file_and_a_broken_one_are_failures(config: Path) -> None:
    with pytest.raises(Failure, match="can't be read"):
        checked(Path("nowhere.yaml"))
    config.write_text("a: [")
    with pytest.raises(Failure, match=r"narrows\.yaml:"):
        checked(None)
    with pytest.raises(Failure, match="--data"):
        find_store(None, None)
    with pytest.raises(Failure, match="can't be read"):
        find_store(Path("nowhere.yaml"), None)


def test_the_store_is_where_it_says(tmp_path: Path, config: Path) -> None:
    with pytest.raises(Failure, match="no data directory data"):
        find_store(None, None)
    assert find_store(None, None, make=True) == Path("data")
    (tmp_path / "data").mkdir()
    assert find_store(None, None) == Path("data")
    with pytest.raises(Failure, match="no data directory"):
        find_store(None, config, make=True)


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("store: here", "conf/here"),
        ("store: /there", "/there"),
        ("store: ${env:UPSTREAM_KEY}", "conf/upstream-canary-91c2"),
        ("a: 1", "conf/narrows-data"),
        ("store: here\npolicies: [broken, {worse: 1}]", "conf/here"),
    ],
)
def test_the_store_is_known_whatever_else_is_wrong(tmp_path: Path, text: str, store: str) -> None:
    path = tmp_path / "conf" / "narrows.yaml"
    path.parent.mkdir()
    path.write_text(text)
    assert find_store(Path("conf/narrows.yaml"), None, make=True) == Path(store)


@pytest.mark.parametrize("text", ["store: [a]", "store: ${env:NOT_SET_ANYWHERE}", "store: {a", "- x"])
def test_a_store_that_is_not_said_is_a_failure(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(Failure, match="--data"):
        find_store(None, None, make=True)
