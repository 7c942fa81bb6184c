"""What was revoked, shown and taken back."""

from collections.abc import Callable
from pathlib import Path

from narrows.model.revocation import Stopped
from narrows.stores.sqlite.gatefile import GateFile
from unit.cli.command import Ran

Narrows = Callable[..., Ran]


def revoke(narrows: Narrows, subject: str = "corp:eve") -> str:
    ran = narrows("revoke", "user", subject, "--reason", "left", "--data", "data", "--json")
    return str(ran.rows[0]["id"])


def test_nothing_is_revoked_yet(narrows: Narrows) -> None:
    assert narrows("revocations", "list", "--data", "data").err == "Nothing is revoked.\n"


def test_a_list_has_what_stands_and_with_all_everything(narrows: Narrows) -> None:
    first, second = revoke(narrows), revoke(narrows, "corp:max")
    assert narrows("revocations", "lift", first, "--reason", "wrong person", "--data", "data").out == (
        f"lifted {first}: user corp:eve\n"
    )
    assert [row["id"] for row in narrows("revocations", "list", "--data", "data", "--json").rows] == [second]
    every = narrows("revocations", "list", "--all", "--data", "data", "--json").rows
    assert [(row["id"], row["state"]) for row in every] == [(first, "lifted"), (second, "standing")]
    assert every[0]["lifted"]["reason"] == "wrong person"
    table = narrows("revocations", "list", "--all", "--user", "eve", "--data", "data").out
    assert "corp:eve" in table
    assert "corp:max" not in table
    again = narrows("revocations", "lift", first, "--reason", "again", "--data", "data")
    assert (again.code, again.err) == (0, "Nothing of it stood any more.\n")


def test_one_is_shown_with_what_gates_have_stopped(narrows: Narrows, tmp_path: Path) -> None:
    name = revoke(narrows)
    file = GateFile(tmp_path / "data")
    file.write([Stopped(name, "host 127.0.0.1:8080", 1_700_000_000_000_000, ("call_1",), ("apr_1", "apr_2"))])
    file.close()
    shown = narrows("revocations", "show", name, "--data", "data").out
    for part in (
        "user corp:eve",
        "left",
        "what was issued until",
        "host 127.0.0.1:8080: 1 calls cut, 2 questions void",
    ):
        assert part in shown
    (row,) = narrows("revocations", "show", name, "--data", "data", "--json").rows
    assert row["stopped"][0]["calls"] == ["call_1"]


def test_what_is_not_there_is_said(narrows: Narrows) -> None:
    for command in (("show", "rev_9"), ("lift", "rev_9", "--reason", "x")):
        ran = narrows("revocations", *command, "--data", "data")
        assert ran.code == 1
        assert "there is no revocation or containment" in ran.err
