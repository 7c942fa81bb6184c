"""Revoking from the command line, without a gate: what is written, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.cli.approvals import operator
from unit.cli.command import Ran

Narrows = Callable[..., Ran]
REVOKE = ("--reason", "left", "--data", "data")


def listed(narrows: Narrows, *options: str) -> list[tuple[str, str, str]]:
    rows = narrows("revocations", "list", "--data", "data", "--json", *options).rows
    return [(row["kind"], row["subject"], row["state"]) for row in rows]


def test_what_is_revoked_is_written_and_holds_from_the_next_start(narrows: Narrows) -> None:
    ran = narrows("revoke", "user", "corp:eve", *REVOKE)
    assert ran.code == 0
    assert "user corp:eve is revoked" in ran.out
    assert "No gate runs on this store now" in ran.err
    assert "narrows contain" in ran.err
    assert listed(narrows) == [("user", "corp:eve", "standing")]


def test_json_says_who_and_why(narrows: Narrows) -> None:
    (row,) = narrows("revoke", "token", "jti-1", *REVOKE, "--json").rows
    assert (row["kind"], row["subject"], row["by"], row["reason"], row["before"], row["stopped"]) == (
        "token", "jti-1", operator(), "left", None, [],
    )  # fmt: skip
    assert narrows("revocations", "list", "--data", "data", "--json").rows == [row]


@pytest.mark.usefixtures("config")
def test_a_name_without_issuer_is_of_the_only_one_even_where_secrets_are_missing(
    narrows: Narrows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UPSTREAM_KEY")
    assert narrows("revoke", "group", "research", "--reason", "x").code == 0
    assert [row["subject"] for row in narrows("revocations", "list", "--json").rows] == ["corp:research"]


@pytest.mark.parametrize(
    ("kind", "subject", "part"),
    [
        ("user", "eve", "issuer:eve"),
        ("user", "narrows:etl", "narrows revoke account etl"),
        ("key", "0f3kq81zt0aa", "there is no key"),
        ("account", "etl", "there is no account"),
        ("grant", "grt_1", "there is no grant"),
        ("token", "tok_1", "there is no token"),
    ],
)
def test_a_slip_of_the_hand_is_no_revocation(narrows: Narrows, kind: str, subject: str, part: str) -> None:
    ran = narrows("revoke", kind, subject, *REVOKE)
    assert ran.code == 1
    assert part in ran.err
    assert listed(narrows) == []


@pytest.mark.parametrize("arguments", [("planet", "x"), ("user",), ("user", "corp:eve")])
def test_what_is_missing_is_said(narrows: Narrows, arguments: tuple[str, ...]) -> None:
    reason = () if len(arguments) == 2 and arguments[0] == "user" else ("--reason", "x")
    assert narrows("revoke", *arguments, *reason, "--data", "data").code == 2


def test_keys_and_accounts_that_exist_can_be_revoked(narrows: Narrows) -> None:
    made = narrows("keys", "create", "etl", "--owner", "corp:eve", "--data", "data", "--json").rows[0]
    assert narrows("revoke", "key", made["id"], *REVOKE).code == 0
    assert narrows("revoke", "account", "etl", *REVOKE).code == 0
    assert listed(narrows) == [("key", made["id"], "standing"), ("account", "etl", "standing")]


def test_a_key_that_was_found_is_ended_and_nowhere_kept(narrows: Narrows, tmp_path: Path) -> None:
    made = narrows("keys", "create", "etl", "--owner", "corp:ana", "--data", "data", "--json").rows[0]
    ran = narrows("revoke", "key", made["key"], *REVOKE)
    assert ran.code == 0
    assert listed(narrows) == [("key", made["id"], "standing")]
    wrong = narrows("revoke", "user", made["key"], *REVOKE)
    assert wrong.code == 1
    secret = made["key"][20:]
    assert all(secret not in said for said in (ran.out, ran.err, wrong.out, wrong.err))
    assert all(secret.encode() not in path.read_bytes() for path in (tmp_path / "data").iterdir())
