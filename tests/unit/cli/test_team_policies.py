"""Listing, showing and removing policies of teams beside a store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unit.cli.command import Ran
from unit.cli.teams import CONFIG, write

Narrows = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _applied(tmp_path: Path, narrows: Narrows) -> None:
    write(tmp_path)
    assert narrows("apply", "red.yaml", "--team", "red").code == 0


def test_those_of_the_file_and_of_teams_are_listed(narrows: Narrows) -> None:
    out = narrows("policy", "list").out
    assert "everybody" in out
    assert "red/nightly" in out
    assert [row["id"] for row in narrows("policy", "list", "--team", "red", "--json").rows] == ["red/nightly"]
    assert narrows("policy", "list", "--team", "blue").code == 2


def test_one_is_shown_as_it_was_written(narrows: Narrows) -> None:
    ran = narrows("policy", "show", "red/nightly")
    assert ran.out.startswith("name: nightly\n")
    assert narrows("policy", "show", "everybody").code == 1
    assert narrows("policy", "show", "red/other").code == 1


def test_one_is_removed_and_can_be_made_again(narrows: Narrows) -> None:
    ran = narrows("policy", "remove", "red/nightly", "--reason", "over")
    assert "-name: nightly" in ran.out
    assert [row["id"] for row in narrows("policy", "list", "--json").rows] == ["everybody"]
    assert narrows("policy", "remove", "red/nightly").code == 1
    (row,) = narrows("apply", "red.yaml", "--team", "red", "--json").rows
    assert row["base"] is not None
    assert [row["id"] for row in narrows("policy", "list", "--json").rows] == ["everybody", "red/nightly"]


def test_one_that_can_not_be_used_any_more_is_shown_with_what_is_wrong(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "narrows.yaml").write_text(CONFIG.replace("gpt-4o-mini*", "o3*"))
    ran = narrows("policy", "list", "--json")
    assert ran.code == 1
    assert [row["state"] for row in ran.rows] == ["in force", "unusable"]
    assert "outside the team's bounds" in ran.err


def test_what_a_team_has_in_force_is_explained(narrows: Narrows) -> None:
    call = ("policy", "explain", "--user", "ana", "--group", "research", "--connection", "openai", "--model")
    ran = narrows(*call, "gpt-4o-mini")
    assert ran.code == 0
    assert "granted by: red/nightly" in ran.out
    assert narrows(*call, "o3").code == 1
