"""A configuration's problems, each where it stands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unit.cli.command import Ran

Narrows = Callable[..., Ran]


@pytest.mark.usefixtures("config")
def test_a_good_one(narrows: Narrows) -> None:
    assert narrows("check") == (0, "narrows.yaml: OK — 1 connection, 1 issuer, 1 policy\n", "")


def test_every_problem_is_shown_with_its_place(narrows: Narrows, config: Path) -> None:
    text = config.read_text().replace("operations: [chat, models]", "operations: [chatt], modles: [x]")
    config.write_text(text.replace("https://api", "ftp://api"))
    ran = narrows("check", "-c", "narrows.yaml")
    assert ran.code == 1
    assert ran.out == ""
    assert "narrows.yaml:9:" in ran.err
    assert "did you mean `models`?" in ran.err
    assert ran.err.splitlines()[-1].endswith("problem") or ran.err.splitlines()[-1].endswith("problems")


def test_operations_and_patterns_are_checked_too(narrows: Narrows, config: Path) -> None:
    config.write_text(config.read_text().replace("[chat, models]", "[chatt, models]"))
    assert "chatt" in narrows("check").err
    config.write_text(config.read_text().replace("chatt", "chat").replace("(?i)ignore all", "(?<=x)y"))
    ran = narrows("check")
    assert ran.code == 1
    assert "narrows.yaml:10:" in ran.err
    assert "pattern" in ran.err


def test_problems_as_json(narrows: Narrows, config: Path) -> None:
    config.write_text("policies: 5\n")
    ran = narrows("check", "--json")
    assert ran.code == 1
    assert {row["kind"] for row in ran.rows} == {"problem"}
    assert all(row["id"] and row["message"] for row in ran.rows)


@pytest.mark.parametrize("content", [b"", b"\xff", b"a: [", b"- list", b"\x1b: 1", b"!!python/object:os.system x"])
def test_what_is_no_configuration_at_all(narrows: Narrows, config: Path, content: bytes) -> None:
    config.write_bytes(content)
    ran = narrows("check")
    assert ran.code == 1
    assert "\x1b" not in ran.err


def test_a_missing_secret_is_a_problem_and_none_is_shown(
    narrows: Narrows, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(config.read_text().replace("[chat, models]", "[nope]"))
    assert "upstream-canary" not in narrows("check").err
    monkeypatch.delenv("UPSTREAM_KEY")
    assert "UPSTREAM_KEY is not set" in narrows("check").err
