"""Detectors listed, shown and tested, an organisation's too."""

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.model.text import Masked
from unit.cli.command import Ran
from unit.cli.table import PLACES, TABLE
from unit.stores.sqlite.records import call_id, closed, opened, running

Narrows = Callable[..., Ran]

OWN = """
detectors:
  patterns:
    - name: badge
      entity: BADGE
      pattern: "B-[0-9]{4}"
      keywords: [badge]
      examples: ["badge B-1234"]
      counterexamples: ["B-1234"]
  words:
    - {name: projects, entity: PROJECT, words: [Bluebird]}
"""


@pytest.fixture(autouse=True)
def _small_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in PLACES:
        monkeypatch.setattr(place, TABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def own(config: Path) -> Path:
    config.write_text(config.read_text() + OWN)
    return config


def test_a_list(narrows: Narrows) -> None:
    ran = narrows("detectors", "list")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1 + len(TABLE)
    (line,) = [line for line in ran.out.splitlines() if line.startswith("us_ssn ")]
    assert line.split() == ["us_ssn", "US_SSN", "0.85,", "with", "a", "keyword", "0.99", "is_ssn", "PII,", "US"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--entity", "US_SSN"], {"US_SSN"}),
        (["--entity", "US_S*"], {"US_SSN"}),
        (["--group", "US"], {row.entity for row in TABLE if row.entity.startswith("US_")}),
        (["--group", "PII", "--entity", "*EMAIL*"], {"EMAIL_ADDRESS"}),
    ],
)
def test_a_part_of_it_as_json(narrows: Narrows, arguments: list[str], expected: set[str]) -> None:
    rows = narrows("detectors", "list", "--json", *arguments).rows
    assert {row["entity"] for row in rows} == expected
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["source"] for row in rows} == {"shipped"}


def test_one_s_own_come_first(narrows: Narrows, own: Path) -> None:
    rows = narrows("detectors", "list", "--json", "-c", str(own), "--group", "CUSTOM").rows
    assert [(row["id"], row["entity"], row["source"], row["groups"]) for row in rows] == [
        ("badge", "BADGE", "configuration", ["CUSTOM"]),
        ("projects", "PROJECT", "configuration", ["CUSTOM"]),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--group", "PAYMENTS"], "there is no group 'PAYMENTS'; there are "),
        (["list", "--entity", "US_SNN"], "did you mean `US_SSN`?"),
        (["test", "--entity", "XX_*"], "there is no entity 'XX_*'"),
        (["show", "us_ssn"], "did you mean `US_SSN`?"),
        (["show", "US_*"], "there is no entity"),
    ],
)
def test_unknown_names(narrows: Narrows, arguments: list[str], said: str) -> None:
    ran = narrows("detectors", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_one_entity(narrows: Narrows) -> None:
    ran = narrows("detectors", "show", "US_SSN")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[:2] == ["US_SSN", "  groups: PII, US"]
    assert "  pattern: [0-9]{3}-[0-9]{2}-[0-9]{4}" in lines
    assert "  finds: 853-37-1694" in lines
    assert "  passes over: 666-12-3456" in lines
    rows = narrows("detectors", "show", "US_SSN", "--json").rows
    assert [row["id"] for row in rows] == [row.name for row in TABLE if row.entity == "US_SSN"]
    assert "853-37-1694" in rows[0]["examples"]


def test_one_s_own_entity(narrows: Narrows, own: Path) -> None:
    assert "score: only with a keyword 1.00" in narrows("detectors", "show", "BADGE", "-c", str(own)).out
    (row,) = narrows("detectors", "show", "PROJECT", "-c", str(own), "--json").rows
    assert (row["id"], row["score"]) == ("projects", 1.0)


def test_examples_that_hold(narrows: Narrows, own: Path) -> None:
    ran = narrows("detectors", "test")
    assert ran.code == 0
    count = sum(len(row.examples) + len(row.counterexamples) for row in TABLE)
    assert ran.out == f"{count} of {count} examples of {len(TABLE)} detectors hold\n"
    assert narrows("detectors", "test", "--entity", "BADGE", "-c", str(own)).out.startswith("2 of 2 examples of 1 ")


def test_examples_that_do_not(narrows: Narrows, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own.write_text(own.read_text().replace('["B-1234"]', '["badge B-1234", "B-1234"]'))
    ran = narrows("detectors", "test", "--group", "CUSTOM", "-c", str(own))
    assert (ran.code, ran.out) == (1, "2 of 3 examples of 1 detectors hold\n")
    assert ran.err == "badge: finds something in badge B-1234\n"
    (row,) = narrows("detectors", "test", "--json", "-c", str(own)).rows
    assert (row["detector"], row["entity"], row["expected"]) == ("badge", "BADGE", False)
    broken = (dataclasses.replace(TABLE[0], examples=("no number",)), *TABLE[1:])
    for place in PLACES:
        monkeypatch.setattr(place, broken)
    ran = narrows("detectors", "test")
    assert ran.code == 1
    assert f"{TABLE[0].name}: finds nothing in no number" in ran.err


PART = "part no. 054-28-6917"


@pytest.fixture
def masked_call(tmp_path: Path) -> str:
    """A call on record in which a part's number was masked as one of a person."""

    async def fill() -> None:
        async with running(tmp_path / "data") as journal:
            await journal.open(opened(1, b"[US_SSN]", masked=(Masked("$.messages[0].content", "US_SSN", "us_ssn", 1),)))
            journal.close(closed(1))
            await journal.open(opened(2, b"hello"))
            journal.close(closed(2))

    asyncio.run(fill())
    return call_id(1)


@pytest.mark.usefixtures("own")
def test_a_false_positive_becomes_an_example(narrows: Narrows, masked_call: str, tmp_path: Path) -> None:
    (listed,) = narrows("detectors", "report", masked_call, "--json").rows
    assert (listed["path"], listed["entity"], listed["detector"]) == ("$.messages[0].content", "US_SSN", "us_ssn")
    assert "$.messages[0].content" in narrows("detectors", "report", masked_call).out
    assert narrows("detectors", "test", "-c", "narrows.yaml").code == 0
    ran = narrows("detectors", "report", masked_call, "--text", PART)
    assert (ran.code, ran.out.split(" ")[:2]) == (0, ["kept:", "us_ssn"])
    (broken,) = narrows("detectors", "test", "-c", "narrows.yaml", "--json").rows
    assert (broken["detector"], broken["text"], broken["expected"]) == ("us_ssn", PART, False)
    assert (tmp_path / "data" / "false-positives.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("own")
def test_what_is_no_false_positive_is_refused(narrows: Narrows, masked_call: str, tmp_path: Path) -> None:
    for text in ("nothing at all", "a@b.com"):
        ran = narrows("detectors", "report", masked_call, "--text", text)
        assert ran.code == 1
        assert "none of the detectors that masked something in this call" in ran.err
    assert "nothing was masked" in narrows("detectors", "report", call_id(2)).err
    assert "there is no call" in narrows("detectors", "report", call_id(9)).err
    assert not (tmp_path / "data" / "false-positives.jsonl").exists()
    (tmp_path / "data" / "false-positives.jsonl").write_text("?")
    assert "false-positives.jsonl" in narrows("detectors", "test", "-c", "narrows.yaml").err
    assert narrows("detectors", "report", masked_call, "--text", PART).code == 1
