"""What was used, as an operator asks for it."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.accounting.focus import COLUMNS
from unit.cli.command import Ran

Narrows = Callable[..., Ran]


@pytest.mark.usefixtures("store", "config")
def test_a_table_with_a_total(narrows: Narrows) -> None:
    ran = narrows("usage")
    head, alice, bob, total = (line.split() for line in ran.out.splitlines())
    assert head == ["user", "calls", "refused", "limited", "errors", "prompt", "cached", "output", "reasoning", "cost"]
    assert alice == ["corp:alice", "3", "0", "0", "0", "5", "0", "9", "0", "?"]
    assert bob == ["corp:bob", "1", "1", "0", "0", "0", "0", "0", "0", "0.00"]
    assert total == ["total", "4", "1", "0", "0", "5", "0", "9", "0", "?"]
    assert "2 calls used tokens that have no price" in ran.err
    assert "1 call still running" in ran.err


@pytest.mark.usefixtures("store")
def test_json_has_an_id_a_row_and_the_total_last(narrows: Narrows) -> None:
    rows = narrows("usage", "--data", "data", "--json", "--by", "day,user").rows
    assert [row["id"] for row in rows] == ["2023-11-14/corp:alice", "2023-11-14/corp:bob", "total"]
    assert rows[0]["by"] == {"day": "2023-11-14", "user": "corp:alice"}
    assert [row["total"] for row in rows] == [False, False, True]
    assert (rows[2]["calls"], rows[2]["prompt"], rows[2]["output"], rows[2]["cost_usd"]) == (4, 5, 9, 0)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--by", "model"], ["gpt-4o", "total"]),
        (["--by", "answered", "--user", "alice"], ["gpt-4o", "gpt-4o-2024", "total"]),
        (["--by", "group", "--by", "operation"], ["corp:ml/chat", "corp:research/chat", "corp:support/chat", "total"]),
        (["--by", "session", "--session", "sess_2"], ["sess_2", "total"]),
        (["--by", "day", "--zone", "Asia/Tokyo"], ["2023-11-15", "total"]),
        (["--since", "2023-11-15", "--zone", "Asia/Tokyo", "--group", "ml"], ["corp:alice", "total"]),
        (["--since", "2023-11-15"], []),
        (["--until", "2023-11-14"], []),
        (["--connection", "other"], []),
        (["--by", "outcome", "--operation", "chat"], ["done", "running", "refused", "total"]),
    ],
)
def test_what_is_asked_for(narrows: Narrows, options: list[str], ids: list[str]) -> None:
    ran = narrows("usage", "--data", "data", "--json", *options)
    assert ran.code == 0
    assert sorted(row["id"] for row in ran.rows) == sorted(ids)


@pytest.mark.usefixtures("store")
def test_calls_in_several_groups_are_said_to_count_in_each(narrows: Narrows) -> None:
    ran = narrows("usage", "--data", "data", "--by", "group,policy")
    assert "A call counts for each of its groups and each of its policies, and once in the total." in ran.err


@pytest.mark.usefixtures("store", "config")
def test_csv_is_focus(narrows: Narrows) -> None:
    ran = narrows("usage", "--csv", "--by", "session")
    assert ran.out.count("\n") == ran.out.count("\r\n") == 2
    header, *charges = csv.reader(io.StringIO(ran.out, newline=""), strict=True)
    assert tuple(header) == COLUMNS
    (charge,) = [dict(zip(header, fields, strict=True)) for fields in charges]
    assert (charge["SubAccountId"], charge["ResourceName"], charge["ServiceName"]) == ("corp:alice", "gpt-4o", "openai")
    assert (charge["ConsumedQuantity"], charge["x_Requests"], charge["x_UnpricedRequests"]) == ("14", "2", "2")
    assert (charge["ProviderName"], charge["Tags"]) == ("api.example.com", '{"session": "sess_1"}')
    assert charge["ChargePeriodStart"] == "2023-11-14T00:00:00Z"


@pytest.mark.usefixtures("store")
def test_csv_without_a_configuration_names_the_connection(narrows: Narrows) -> None:
    ran = narrows("usage", "--csv", "--by", "hour", "--data", "data")
    (charge,) = csv.DictReader(io.StringIO(ran.out, newline=""))
    assert (charge["ProviderName"], charge["ChargePeriodStart"]) == ("openai", "2023-11-14T22:00:00Z")
    assert charge["Tags"] == ""


@pytest.mark.usefixtures("store", "config")
def test_sums_need_no_configuration_that_can_be_used(narrows: Narrows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPSTREAM_KEY")
    ran = narrows("usage", "--csv")
    assert ran.code == 0
    assert "The configuration can't be used" in ran.err
    assert len(ran.out.splitlines()) == 2


@pytest.mark.usefixtures("store")
def test_nothing_found_is_said(narrows: Narrows) -> None:
    assert narrows("usage", "--data", "data", "--user", "nobody") == (0, "", "No call on record matches.\n")
    assert narrows("usage", "--data", "data", "--user", "nobody", "--json") == (0, "", "")
    assert narrows("usage", "--data", "data", "--user", "nobody", "--csv").out.splitlines() == [",".join(COLUMNS)]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--by", "colour"], "--by: 'colour' is none of user"),
        (["--zone", "Nowhere/Land"], "--zone: no time zone"),
        (["--since", "soon"], "--since: 'soon'"),
        (["--json", "--csv"], "choose one"),
        (["--csv", "reconcile", "x.csv"], "options of sums"),
    ],
)
def test_what_is_wrong_is_said(narrows: Narrows, options: list[str], part: str) -> None:
    ran = narrows("usage", "--data", "data", *options)
    assert ran.code == 2
    assert part in ran.err


def test_there_has_to_be_a_store(narrows: Narrows, tmp_path: Path) -> None:
    assert narrows("usage", "--data", "nowhere").code == 2
    (tmp_path / "empty").mkdir()
    assert narrows("usage", "--data", "empty").err == "No call on record matches.\n"
