"""Putting policies of a team into force beside a store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.cli.approvals import operator
from unit.cli.command import Ran
from unit.cli.teams import write

Narrows = Callable[..., Ran]
APPLY = ("apply", "red.yaml", "--team", "red")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path)


def test_a_dry_run_shows_what_would_change_and_changes_nothing(narrows: Narrows) -> None:
    ran = narrows(*APPLY, "--dry-run")
    assert ran.code == 0
    assert "+name: nightly" in ran.out
    assert "1 policy of 1 would change" in ran.out
    assert narrows("changes", "list", "--all", "--json").rows == []


def test_it_is_in_force_and_recorded_with_who_and_why(narrows: Narrows) -> None:
    (row,) = narrows(*APPLY, "--reason", "for the nightly runs", "--json").rows
    assert (row["team"], row["policy"], row["state"], row["by"], row["reason"]) == (
        "red", "nightly", "in_force", operator(), "for the nightly runs",
    )  # fmt: skip
    (_, listed) = narrows("policy", "list", "--json").rows
    assert (listed["id"], listed["state"], listed["change"]) == ("red/nightly", "in force", row["id"])


def test_the_same_again_changes_nothing(narrows: Narrows) -> None:
    narrows(*APPLY)
    assert "0 policies of 1 changed" in narrows(*APPLY).out
    assert len(narrows("changes", "list", "--all", "--json").rows) == 1


def test_what_is_outside_the_bounds_is_refused_with_its_line(narrows: Narrows, tmp_path: Path) -> None:
    write(tmp_path, "o3")
    ran = narrows(*APPLY)
    assert ran.code == 1
    assert "red.yaml:6:16: policies[0].may.models[0]: `o3` is outside the team's bounds" in ran.err
    assert narrows("changes", "list", "--all", "--json").rows == []


def test_what_is_wider_is_narrowed_with_a_warning(narrows: Narrows, tmp_path: Path) -> None:
    write(tmp_path, '"gpt-*"')
    ran = narrows(*APPLY)
    assert ran.code == 0
    assert "narrowed to `gpt-4o-mini*`" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (("apply", "red.yaml", "--team", "rad"), 2, "there is no team 'rad'"),
        (("apply", "no.yaml", "--team", "red"), 2, "can't be read"),
        (("apply", "narrows.yaml", "--team", "red"), 1, "no such setting"),
        ((*APPLY, "--reason", "x" * 1_001), 2, "at most"),
    ],
)
def test_what_can_not_be_applied_is_said(narrows: Narrows, arguments: tuple[str, ...], code: int, part: str) -> None:
    ran = narrows(*arguments)
    assert (ran.code, part in ran.err) == (code, True)
