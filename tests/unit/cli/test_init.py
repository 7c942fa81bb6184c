"""A commented configuration to begin with."""

from collections.abc import Callable
from pathlib import Path

from unit.cli.command import Ran

Narrows = Callable[..., Ran]


def test_what_it_writes_is_good_as_it_stands(narrows: Narrows) -> None:
    ran = narrows("init")
    assert ran.code == 0
    assert "narrows check && narrows serve" in ran.out
    checked = narrows("check")
    assert checked.code == 0
    assert checked.err == ""


def test_it_overwrites_only_when_told_to(narrows: Narrows, config: Path) -> None:
    before = config.read_text()
    ran = narrows("init")
    assert ran.code == 2
    assert "--force" in ran.err
    assert config.read_text() == before
    assert narrows("init", "--force").code == 0
    assert config.read_text() != before


def test_another_place(narrows: Narrows, tmp_path: Path) -> None:
    assert "-c other.yaml" in narrows("init", "other.yaml").out
    assert (tmp_path / "other.yaml").exists()
    ran = narrows("init", "no/such/place.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert "No such file" in ran.err
