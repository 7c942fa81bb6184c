"""Settings of tools are listed, shown and written; what is missing is asked for."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.client.recipes import RECIPES
from unit.cli.command import Ran
from unit.cli.test_token import signed_in


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def test_they_are_listed(narrows: Callable[..., Ran]) -> None:
    assert [line.split()[0] for line in narrows("setup").out.splitlines()] == list(RECIPES)


def test_one_is_shown_for_the_gate_of_the_sign_in(narrows: Callable[..., Ran], tmp_path: Path) -> None:
    ran = narrows("setup", "claude-code")
    assert ran.code == 2
    assert "sign in" in ran.err
    signed_in()
    ran = narrows("setup", "claude-code", "--connection", "claude")
    assert json.loads(ran.out)["env"]["ANTHROPIC_BASE_URL"] == "https://gate.test/claude"
    assert "token-for" not in ran.out + ran.err
    assert not (tmp_path / ".claude").exists()
    (row,) = narrows("setup", "curl", "--json", "--url", "https://other.test").rows
    assert row["id"] == "curl"
    assert "https://other.test/v1/models" in row["text"]


def test_one_is_written_with_a_backup(narrows: Callable[..., Ran], tmp_path: Path) -> None:
    signed_in()
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"model": "x"}')
    ran = narrows("setup", "claude-code", "--write")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "Wrote ~/.claude/settings.json.")
    assert json.loads(path.read_text())["model"] == "x"
    assert len(list(path.parent.glob("settings.json.before-narrows-*"))) == 1
    assert narrows("setup", "claude-code", "--write").out == "~/.claude/settings.json says so already.\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("emacs",), "not known"),
        (("cline", "--write"), "has no file"),
        (("continue", "--write"), "--model NAME"),
        (("claude-code", "--url", "http://gate.test"), "plain HTTP"),
    ],
)
def test_what_can_not_be_says_why(narrows: Callable[..., Ran], arguments: tuple[str, ...], why: str) -> None:
    signed_in()
    ran = narrows("setup", *arguments)
    assert ran.code in (1, 2)
    assert why in ran.err
