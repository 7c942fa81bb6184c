"""Keys of service accounts: made, listed, revoked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unit.cli.command import Ran

Narrows = Callable[..., Ran]


def create(narrows: Narrows, name: str = "report", *options: str) -> Ran:
    return narrows("keys", "create", name, "--owner", "ana@example.com", "--data", "data", *options)


def test_a_key_is_printed_once_and_kept_nowhere(narrows: Narrows, tmp_path: Path) -> None:
    made = create(narrows)
    key = made.out.strip()
    assert made.code == 0
    assert key.startswith("nrw_sa_")
    assert "not shown again" in made.err
    listed = narrows("keys", "list", "--data", "data")
    assert "report" in listed.out
    assert "in force" in listed.out
    assert key not in listed.out
    assert all(key.encode() not in path.read_bytes() for path in (tmp_path / "data").iterdir())


def test_keys_as_json(narrows: Narrows) -> None:
    (made,) = create(narrows, "report", "--purpose", "nightly", "--expires", "12h", "--json").rows
    (row,) = narrows("keys", "list", "--data", "data", "--json").rows
    assert row == {name: value for name, value in made.items() if name != "key"}
    assert (row["name"], row["owner"], row["purpose"], row["state"]) == (
        "report",
        "ana@example.com",
        "nightly",
        "in force",
    )


def test_a_name_ends_all_its_keys_and_an_id_one(narrows: Narrows) -> None:
    first = create(narrows, "report", "--json").rows[0]["id"]
    create(narrows)
    create(narrows, "other")
    assert narrows("keys", "revoke", first, "--data", "data").out == f"revoked {first} (report)\n"
    assert len(narrows("keys", "revoke", "report", "--data", "data", "--json").rows) == 1
    states = [(row["name"], row["state"]) for row in narrows("keys", "list", "--data", "data", "--json").rows]
    assert sorted(states) == [("other", "in force"), ("report", "revoked"), ("report", "revoked")]
    assert "was in force" in narrows("keys", "revoke", "report", "--data", "data").err


def test_what_a_revocation_has_ended_is_not_listed_as_in_force(narrows: Narrows) -> None:
    """Whoever looks after an incident must not be told that a gate takes what it refuses."""
    data = ("--data", "data")
    made = {name: create(narrows, name, "--json").rows[0]["id"] for name in ("one", "two", "three", "four")}
    owned = narrows("keys", "create", "five", "--owner", "corp:max", "--json", *data).rows[0]["id"]
    narrows("revoke", "key", made["one"], "--reason", "leaked", *data)
    narrows("revoke", "account", "two", "--reason", "leaked", *data)
    lifted = narrows("revoke", "key", made["three"], "--reason", "leaked", "--json", *data).rows[0]["id"]
    narrows("revocations", "lift", lifted, "--reason", "it was not", *data)
    assert narrows("contain", "corp:max", "--reason", "left", *data).code == 0
    rows = {row["id"]: row for row in narrows("keys", "list", "--json", *data).rows}
    assert {row["name"]: row["state"] for row in rows.values()} == {
        "one": "revoked",
        "two": "revoked",
        "three": "in force",
        "four": "in force",
        "five": "contained",
    }
    assert rows[made["one"]]["revoked"] is not None
    assert rows[made["three"]]["revoked"] is None
    assert owned in rows


def test_no_keys_yet(narrows: Narrows) -> None:
    assert "narrows keys create" in narrows("keys", "list", "--data", "data").err


@pytest.mark.usefixtures("config")
def test_the_store_is_the_configuration_s_even_where_its_secrets_are_missing(
    narrows: Narrows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UPSTREAM_KEY")
    assert narrows("keys", "create", "report", "--owner", "ana").code == 0
    assert (tmp_path / "data" / "control.db").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["create", "Not A Name", "--owner", "ana"], 1, "the name must be"),
        (["create", "x", "--owner", " "], 1, "owner"),
        (["create", "x", "--owner", "ana", "--expires", "soon"], 2, "--expires: 'soon'"),
        (["create", "x", "--owner", "ana", "--expires", "400d"], 1, "366 days"),
        (["create", "x"], 2, "--owner"),
        (["revoke", "nobody"], 1, "nobody"),
    ],
)
def test_what_is_wrong_is_said(narrows: Narrows, arguments: list[str], code: int, part: str) -> None:
    ran = narrows("keys", *arguments, "--data", "data")
    assert ran.code == code
    assert part in ran.err
    assert ran.out == ""


def test_a_name_keeps_its_owner(narrows: Narrows) -> None:
    create(narrows)
    ran = narrows("keys", "create", "report", "--owner", "someone@example.com", "--data", "data")
    assert ran.code == 1
    assert "belongs to" in ran.err


ACCESS = """\
access:
  accounts: {longest: 30d, purpose: required}
  exchange:
    - name: main
      issuer: corp
      claims: {repository: [acme/app]}
      account: deploy
      owner: ana
      may: {connections: [openai], operations: [chat]}
"""


@pytest.fixture
def bounded(config: Path) -> Path:
    config.write_text(config.read_text() + ACCESS)
    return config


@pytest.mark.usefixtures("bounded")
def test_the_configuration_bounds_keys(narrows: Narrows) -> None:
    make = ("keys", "create", "etl", "--owner", "ana")
    assert "purpose is missing" in narrows(*make).err
    assert "within 30 days" in narrows(*make, "--purpose", "nightly", "--expires", "31d").err
    (row,) = narrows(*make, "--purpose", "nightly", "--json").rows
    assert (row["owner"], row["last_used"]) == ("corp:ana", None)
    assert row["expires"] > row["created"]


@pytest.mark.usefixtures("bounded")
def test_an_account_of_a_rule_keeps_its_owner(narrows: Narrows) -> None:
    make = ("keys", "create", "deploy", "--purpose", "releases", "--owner")
    ran = narrows(*make, "ben")
    assert (ran.code, "belongs to ana" in ran.err) == (1, True)
    assert narrows(*make, "corp:ana").code == 0


def test_keys_made_before_owners_had_issuers_keep_their_owner(narrows: Narrows, config: Path) -> None:
    assert narrows("keys", "create", "etl", "--owner", "ana", "--data", "data").code == 0
    (row,) = narrows("keys", "create", "etl", "--owner", "corp:ana", "--json", "-c", str(config)).rows
    assert row["owner"] == "ana"
    assert narrows("keys", "create", "etl", "--owner", "ben", "-c", str(config)).code == 1


def test_a_key_is_rotated_with_an_overlap(narrows: Narrows) -> None:
    (old,) = create(narrows, "report", "--purpose", "nightly", "--json").rows
    ran = narrows("keys", "rotate", "report", "--overlap", "2h", "--data", "data")
    assert ran.out.startswith("nrw_sa_")
    assert f"Key {old['id']} ends" in ran.err
    before, after = narrows("keys", "list", "--data", "data", "--json").rows
    assert before["expires"] < old["expires"]
    assert (after["owner"], after["purpose"], after["state"]) == ("ana@example.com", "nightly", "in force")
    (newest,) = narrows("keys", "rotate", "report", "--expires", "1d", "--data", "data", "--json").rows
    assert newest["expires"] < after["expires"]
    assert "none to take the place of" in narrows("keys", "rotate", "nobody", "--data", "data").err


def test_the_report_tells_of_keys_that_need_attention(narrows: Narrows) -> None:
    create(narrows)
    ran = narrows("keys", "report", "--stale", "30d", "--data", "data")
    assert "owner not told" in ran.out
    assert "1 of 1" in ran.err
    (row,) = narrows("keys", "report", "--data", "data", "--json").rows
    assert (row["account"], row["found"]) == ("report", ["owner not told"])


def test_what_is_under_way_with_a_key_ends_with_it(narrows: Narrows) -> None:
    key = create(narrows, "report", "--json").rows[0]["id"]
    narrows("keys", "revoke", "report", "--data", "data")
    rows = narrows("revocations", "list", "--data", "data", "--json").rows
    assert [(row["kind"], row["subject"]) for row in rows] == [("key", key)]
    narrows("keys", "revoke", "report", "--data", "data")
    assert len(narrows("revocations", "list", "--data", "data", "--json").rows) == 1
