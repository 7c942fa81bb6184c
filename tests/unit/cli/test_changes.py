"""Listing, showing and deciding changes beside a store."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from narrows.cli.approvals import operator
from narrows.model.approval import Approvers
from narrows.model.change import Change, ChangeKind
from narrows.stores.sqlite.changes import SqliteChanges
from narrows.wiring.clock import SystemClock
from unit.cli.command import Ran
from unit.cli.teams import write

Narrows = Callable[..., Ran]


@pytest.fixture
def waiting(tmp_path: Path) -> str:
    """A change that was made in the console and waits for a second person."""
    write(tmp_path)
    change = Change("chg_1", "team:red", ChangeKind.POLICY, "one", "name: one\n", "corp:ana", 0, needed=1,
                    approvers=Approvers(), reason="why\x1b[2J")  # fmt: skip
    with closing(SqliteChanges(tmp_path / "data", SystemClock())) as kept:
        kept.make([change])
    return change.id


def test_what_waits_is_listed_and_shown(narrows: Narrows, waiting: str) -> None:
    (row,) = narrows("changes", "list", "--json").rows
    assert (row["id"], row["state"], row["needed"]) == (waiting, "pending", 1)
    assert waiting in narrows("changes", "list", "--team", "red").out
    assert narrows("changes", "list", "--team", "blue", "--json").rows == []
    out = narrows("changes", "show", waiting).out
    assert "+name: one" in out
    assert "state: pending" in out
    assert "\x1b" not in out
    assert narrows("changes", "show", "chg_9").code == 1


def test_the_local_operator_can_be_the_second_person(narrows: Narrows, waiting: str) -> None:
    (row,) = narrows("changes", "approve", waiting, "--json").rows
    assert row["state"] == "in_force"
    assert [act["who"] for act in row["said"]] == [operator()]
    assert narrows("changes", "approve", waiting).code == 1
    assert narrows("changes", "list", "--json").rows == []
    assert len(narrows("changes", "list", "--all", "--json").rows) == 1


def test_a_rejection_says_why(narrows: Narrows, waiting: str) -> None:
    assert narrows("changes", "reject", waiting, "--reason", " ").code == 1
    assert "rejected" in narrows("changes", "reject", waiting, "--reason", "too much").out
