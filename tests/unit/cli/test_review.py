"""A review of everybody's access, beside a store."""

import csv
import io
from pathlib import Path

import pytest

from narrows.cli.review import _cell
from unit.cli.test_who import Narrows, world

__all__ = ["world"]


def test_everybody_is_in_it_once(narrows: Narrows, world: Path) -> None:
    ran = narrows("review", "access", "--json")
    assert ran.code == 0, ran.err
    rows = {row["id"]: row for row in ran.rows}
    assert list(rows) == ["corp:alice", "corp:bob", "narrows:etl"]
    alice, bob, etl = rows.values()
    assert alice["reach"] == ["openai: chat, models of gpt-*", "openai: chat of o3"]
    assert (alice["grants"], alice["owns"], alice["most"]) == (["grt_1"], ["etl"], None)
    assert alice["marks"] == ["stale", "unbounded"]
    assert (bob["groups"], bob["reach"], bob["most"], bob["marks"]) == (["corp:support"], [], "0 usd", ["stale"])
    assert (etl["kind"], etl["owner"], len(etl["keys"])) == ("service_account", "corp:alice", 1)
    assert etl["marks"] == ["never seen", "unbounded"]


def test_whoever_is_contained_and_what_they_own_is_marked(narrows: Narrows, world: Path) -> None:
    assert narrows("contain", "corp:alice", "--reason", "incident", "--json").code == 0
    marks = {row["id"]: row["marks"] for row in narrows("review", "access", "--json").rows}
    assert marks["corp:alice"] == ["contained", "stale"]
    assert marks["narrows:etl"] == ["contained", "ownerless", "never seen"]


def test_only_those_who_were_not_seen_for_long(narrows: Narrows, world: Path) -> None:
    rows = narrows("review", "access", "--stale", "999999w", "--json").rows
    assert [row["id"] for row in rows] == ["narrows:etl"]
    assert narrows("review", "access", "--stale", "soon").code == 2


def test_as_a_table_and_as_csv(narrows: Narrows, world: Path) -> None:
    table = narrows("review", "access")
    assert "corp:bob" in table.out
    rows = list(csv.DictReader(io.StringIO(narrows("review", "access", "--csv").out)))
    assert [row["id"] for row in rows] == ["corp:alice", "corp:bob", "narrows:etl"]
    assert rows[0]["reach"] == "openai: chat, models of gpt-*; openai: chat of o3"
    assert narrows("review", "access", "--csv", "--json").code == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_no_name_becomes_a_formula(text: str) -> None:
    assert _cell(text) == f"'{text}"
    assert _cell([text, "b"]) == f"'{text}; b"
    assert _cell(None) == ""
