"""Masking from the command line: text, JSON, explanations; files of any size and content."""

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.cli import mask as command
from narrows.cli.main import main
from narrows.cli.mask import by_keyword
from narrows.masking.detector import Detector
from unit.cli.command import Ran
from unit.cli.table import PLACES, TABLE
from unit.plugins.installed import install

Narrows = Callable[..., Ran]
TEXT = "SSN: 054-28-6917,\nmail a@b.com\n"
MASKED = "SSN: [US_SSN],\nmail [EMAIL_ADDRESS]\n"


@pytest.fixture(autouse=True)
def _small_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in PLACES:
        monkeypatch.setattr(place, TABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "text").write_text(TEXT)
    return tmp_path / "text"


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_file_and_a_pipe(narrows: Narrows, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert narrows("mask", str(text)) == (0, MASKED, "")
    for arguments in (["mask"], ["mask", "-"]):
        piped(monkeypatch, TEXT.encode())
        assert narrows(*arguments) == (0, MASKED, "")


def test_as_json(narrows: Narrows, text: Path) -> None:
    text.write_text("é " + TEXT)
    (row,) = narrows("mask", "--json", str(text)).rows
    assert row == {
        "masked": "é " + MASKED,
        "findings": [
            {"start": 7, "end": 18, "entity": "US_SSN", "detector": "us_ssn", "score": 0.99},
            {"start": 25, "end": 32, "entity": "EMAIL_ADDRESS", "detector": "email_address", "score": 0.95},
        ],
    }


def test_explained(narrows: Narrows, text: Path) -> None:
    ran = narrows("mask", "--explain", str(text))
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[1] == ["1:6", "11", "US_SSN", "us_ssn", "0.99", "keyword", "near,", "is_ssn"]
    assert lines[2][:5] == ["2:6", "7", "EMAIL_ADDRESS", "email_address", "0.95"]
    assert lines[3] == ["2", "findings"]
    assert "054" not in ran.out
    (row,) = narrows("mask", "--explain", "--json", str(text)).rows
    assert row["findings"][0] | {"line": 1, "column": 6, "keyword": True, "validator": "is_ssn"} == row["findings"][0]
    assert row["findings"][1]["keyword"] is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--entities", "US_SSN"], "SSN: [US_SSN],\nmail a@b.com\n"),
        (["--entities", "US, CONTACT"], MASKED),
        (["--entities", "EMAIL*"], "SSN: 054-28-6917,\nmail [EMAIL_ADDRESS]\n"),
        (["--with", "partial"], "SSN: ********6917,\nmail [EMAIL_ADDRESS]\n"),
        (["--threshold", "0.97"], "SSN: [US_SSN],\nmail a@b.com\n"),
        (["--allow", "A@B.com", "--allow", "054-28-6917"], TEXT),
    ],
)
def test_what_is_masked_and_how(narrows: Narrows, text: Path, arguments: list[str], expected: str) -> None:
    assert narrows("mask", *arguments, str(text)) == (0, expected, "")


def test_hashes_agree_within_a_run(narrows: Narrows, text: Path) -> None:
    text.write_text("a@b.com a@b.com c@d.com")
    first, second, third = narrows("mask", "--with", "hash", str(text)).out.split()
    assert first.startswith("[EMAIL_ADDRESS:")
    assert first == second != third


def test_block_fails_where_the_gate_would_refuse(narrows: Narrows, text: Path) -> None:
    ran = narrows("mask", "--with", "block", str(text))
    assert (ran.code, ran.out) == (1, MASKED)
    assert "2 findings" in ran.err
    text.write_text("nothing")
    assert narrows("mask", "--with", "block", str(text)) == (0, "nothing", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing"], "missing: the file can't be read"),
        (["."], "can't be read"),
        (["--entities", "US_SNN", "text"], "did you mean `US_SSN`?"),
        (["--entities", " , ", "text"], "names nothing"),
        (["--threshold", "2", "text"], "--threshold"),
        (["--with", "stars", "text"], "--with"),
        (["-c", "none.yaml", "text"], "none.yaml"),
    ],
)
def test_what_it_can_not_begin_with(narrows: Narrows, text: Path, arguments: list[str], said: str) -> None:
    ran = narrows("mask", *arguments)
    assert ran.code in (1, 2)
    assert said in ran.err
    assert ran.out == ""


def test_a_configuration_s_own_detectors(narrows: Narrows, config: Path, text: Path) -> None:
    own = 'detectors: {patterns: [{name: badge, entity: BADGE, pattern: "B-[0-9]{4}", keywords: [badge]}]}\n'
    config.write_text(config.read_text() + own)
    text.write_text("badge B-1234")
    (row,) = narrows("mask", "--json", "--explain", "--entities", "BADGE", "-c", str(config), str(text)).rows
    assert row["masked"] == "badge [BADGE]"
    assert row["findings"][0]["keyword"] is True
    assert narrows("mask", str(text)).out == "badge B-1234"


def test_bytes_that_are_no_text_go_through(monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"\xff\r\n\x00 a@b.com \xc3")
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out))
    monkeypatch.setattr("sys.argv", ["narrows", "mask"])
    with pytest.raises(SystemExit):
        main()
    assert out.getvalue() == b"\xff\r\n\x00 [EMAIL_ADDRESS] \xc3"


def test_however_a_file_is_cut_it_is_masked_alike(
    narrows: Narrows, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(7)
    words = ["é", "mail", "a@b.com,", "054-28-6917", "\n", "SSN", "漢字", "😀", "\\u0041", '"']
    text.write_text(" ".join(draw.choice(words) for _ in range(400)))
    whole = narrows("mask", "--json", "--explain", str(text)).out
    for size in (1, 2, 3, 7, 100):
        monkeypatch.setattr(command, "CHUNK", size)
        assert narrows("mask", "--json", "--explain", str(text)).out == whole
    source, row = text.read_text(), json.loads(whole)
    for found in row["findings"]:
        line = source.split("\n")[found["line"] - 1]
        value = source[found["start"] : found["end"]]
        assert line[found["column"] - 1 :].startswith(value)
        assert value in ("a@b.com", "054-28-6917")


@pytest.mark.parametrize(
    ("row", "score", "expected"),
    [
        (Detector(name="a", entity="A", pattern="a", keywords=("k",), score=0.5, keyword_score=0.9), 0.9, True),
        (Detector(name="a", entity="A", pattern="a", keywords=("k",), score=0.5, keyword_score=0.9), 0.5, False),
        (Detector(name="a", entity="A", pattern="a", keywords=("k",), score=0.9, keyword_score=0.9), 0.9, None),
        (Detector(name="a", entity="A", pattern="a"), 1.0, None),
    ],
)
def test_whether_a_keyword_made_the_difference(row: Detector, score: float, *, expected: bool | None) -> None:
    assert by_keyword(row, score) is expected


def test_what_plug_ins_find_is_masked_where_a_configuration_names_some(
    narrows: Narrows, config: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, parrot="parrot:Parrot")
    own = "detectors: {analyzers: [{name: names, plugin: parrot, entities: [PERSON]}]}\n"
    config.write_text(own + config.read_text())
    text.write_bytes(b"ask Ada about 054-28-6917, ssn\n")
    asked = ["mask", "-c", str(config), "--entities", "PERSON,US_SSN", str(text)]
    ran = narrows(*asked, "--json")
    assert [(row["entity"], row["detector"]) for row in ran.rows[0]["findings"]] == [
        ("PERSON", "names"),
        ("US_SSN", "us_ssn"),
    ]
    assert ran.rows[0]["masked"].startswith("ask [PERSON] ")
    assert narrows("mask", "-c", str(config), "--entities", "US_SSN", str(text)).code == 0
    text.write_text("Raise Ada")
    ran = narrows(*asked)
    assert (ran.code, ran.out) == (1, "")
    assert "the plug-in failed with KeyError" in ran.err
    monkeypatch.setattr(command, "LONGEST", 3)
    assert "more than 3 characters" in narrows(*asked).err
