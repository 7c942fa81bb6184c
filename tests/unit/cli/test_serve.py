"""What keeps the gate from starting is one message. That it serves is shown end to end."""

from collections.abc import Callable
from pathlib import Path

from unit.cli.command import Ran

Narrows = Callable[..., Ran]


def test_without_a_configuration(narrows: Narrows) -> None:
    ran = narrows("serve")
    assert ran.code == 2
    assert "there is no configuration" in ran.err


def test_with_a_broken_configuration(narrows: Narrows, config: Path) -> None:
    config.write_text(config.read_text().replace("dialect: openai", "dialect: opnai"))
    ran = narrows("serve", "-c", "narrows.yaml")
    assert ran.code == 1
    assert "narrows.yaml:5:" in ran.err
    assert ran.out == ""


def test_with_a_store_that_is_a_file(narrows: Narrows, config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    ran = narrows("serve", "-c", str(config))
    assert ran.code == 1
    assert "data" in ran.err
