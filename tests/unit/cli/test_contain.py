"""Containing from the command line, without a gate."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.model.principal import Principal
from narrows.model.revocation import Revocation, Revoked
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.wiring.clock import SystemClock
from unit.cli.command import Ran
from unit.stores.sqlite.records import opened, running

Narrows = Callable[..., Ran]
EVE = ("contain", "corp:eve", "--reason", "incident 4711", "--data", "data")


def standing(narrows: Narrows) -> list[tuple[str, str]]:
    return [(row["kind"], row["subject"]) for row in narrows("revocations", "list", "--data", "data", "--json").rows]


@pytest.fixture
def key(narrows: Narrows) -> str:
    made = narrows("keys", "create", "etl", "--owner", "corp:eve", "--data", "data", "--json")
    return str(made.rows[0]["id"])


def test_a_dry_run_shows_all_and_ends_nothing(narrows: Narrows, key: str) -> None:
    ran = narrows(*EVE, "--dry-run")
    assert ran.code == 0
    assert "corp:eve would be contained" in ran.out
    assert "service accounts owned: etl" in ran.out
    assert key in ran.out
    assert standing(narrows) == []


def test_a_person_and_their_accounts_are_contained_and_let_in_again(narrows: Narrows, key: str) -> None:
    (row,) = narrows(*EVE, "--json").rows
    assert row["holds"]["keys"] == [key]
    assert [(one["kind"], one["subject"], one["containment"]) for one in row["revocations"]] == [
        ("user", "corp:eve", row["id"]),
        ("account", "etl", row["id"]),
    ]
    assert standing(narrows) == [("user", "corp:eve"), ("account", "etl")]
    lifted = narrows(*EVE, "--lift")
    assert lifted.out.count("lifted rev_") == 2
    assert standing(narrows) == []
    again = narrows(*EVE, "--lift")
    assert (again.code, again.err) == (1, "narrows: corp:eve is not contained\n")


def test_whom_the_provider_put_out_stays_out(narrows: Narrows, tmp_path: Path) -> None:
    kept = SqliteRevocations(tmp_path / "data", SystemClock())
    kept.add([Revocation("rev_1", Revoked.USER, "corp:eve", 1, "corp:", "deactivated", containment="con_scim_1")])
    kept.close()
    ran = narrows(*EVE, "--lift")
    assert ran.out == ""
    assert "stays contained" in ran.err
    assert standing(narrows) == [("user", "corp:eve")]


@pytest.mark.usefixtures("key")
def test_a_slip_of_the_hand_is_told(narrows: Narrows) -> None:
    """Else whoever was meant goes on, and the command says that all is well."""
    for name, warned in (("corp:Eve", "did you mean corp:eve?"), ("corp:ewe", "nothing here knows corp:ewe")):
        ran = narrows("contain", name, "--reason", "incident", "--dry-run", "--data", "data")
        assert ran.code == 0
        assert warned in ran.err
    assert "Warning" not in narrows(*EVE, "--dry-run").err
    assert "Warning" in narrows("contain", "corp:Eve", "--reason", "incident", "--data", "data").err
    assert ("user", "corp:Eve") in standing(narrows)


def test_what_was_only_revoked_is_no_containment(narrows: Narrows) -> None:
    narrows("revoke", "user", "corp:eve", "--reason", "x", "--data", "data")
    assert narrows(*EVE, "--lift").code == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("corp:eve", "--reason", "x", "--dry-run", "--lift"), 2),
        (("corp:eve",), 2),
        (("eve", "--reason", "x"), 1),
        (("corp:eve", "--reason", " "), 1),
    ],
)
def test_what_is_wrong_is_said(narrows: Narrows, arguments: tuple[str, ...], code: int) -> None:
    assert narrows("contain", *arguments, "--data", "data").code == code
    assert standing(narrows) == []


def test_whoever_has_only_just_called_is_known(narrows: Narrows, tmp_path: Path) -> None:
    """Of uses the gate tells once a minute; the record knows at once."""

    async def fill() -> None:
        async with running(tmp_path / "data") as journal:
            await journal.open(opened(1, b"{}", principal=Principal("corp", "new"), at=SystemClock().now()))

    asyncio.run(fill())
    assert "Warning" not in narrows("contain", "corp:new", "--reason", "incident", "--dry-run", "--data", "data").err
    ran = narrows("contain", "corp:ne*", "--reason", "incident", "--dry-run", "--data", "data")
    assert "nothing here knows corp:ne*" in ran.err
