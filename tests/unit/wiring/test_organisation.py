"""An organisation's detectors: what becomes of each setting, and what is wrong told with its place."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.config.problem import ConfigError, Problem
from narrows.config.schema import Detectors
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.wiring import wordlists
from narrows.wiring.organisation import Organisation, compile_organisation, files, rows


def settings(**plain: Any) -> Detectors:
    return msgspec.convert(plain, Detectors)


def pattern(written: str, **more: Any) -> dict[str, Any]:
    return {"name": "one", "entity": "ONE", "pattern": written, **more}


def masked(own: Organisation, text: str) -> str:
    sections = [] if own.section is None else [own.section]
    return Masker(Engine(sections, own.lists)).mask(text).text


def mask(text: str, **plain: Any) -> str:
    return masked(compile_organisation(settings(**plain)), text)


def problems(**plain: Any) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        compile_organisation(settings(**plain))
    return caught.value.problems


@pytest.mark.parametrize(
    ("row", "text", "expected"),
    [
        (pattern("C-[0-9]{4}"), "c-1234 C-1234 C-12", "c-1234 [ONE] C-12"),
        (pattern("c-[0-9]{4}", ignore_case=True), "c-1234 C-1234", "[ONE] [ONE]"),
        (pattern("(C|K)-[0-9]+"), "K-" + "1" * 200 + ".", "[ONE]."),
        (pattern("K-[0-9]+"), "K-" + "1" * 5000 + ".", "[ONE]."),
        (pattern(r"\b(?:C|K)-[0-9]+\b"), "K-1, xK-1, K-1x", "[ONE], xK-1, K-1x"),
        (pattern("(?i)k-[0-9]+", not_after="x"), "K-12 k-1x K-12x", "[ONE] k-1x [ONE]2x"),
        (pattern("[0-9]{4}", not_before="0-9", not_after="0-9"), "1234 12345", "[ONE] 12345"),
        (pattern("[0-9]{4}", lead="room "), "room 1234, 1234", "room [ONE], 1234"),
        (pattern("[0-9]{4}", keywords=["Badge"]), "badge: 1234", "badge: [ONE]"),
        (pattern("[0-9]{4}", keywords=["badge"]), "1234 apples", "1234 apples"),
        (pattern("[0-9]{4}", keywords=["badge"], after=20), "1234 is my badge", "[ONE] is my badge"),
        (pattern("[0-9]{4}", keywords=["badge"], before=8), "badge, as you said: 1234", "badge, as you said: 1234"),
        (pattern("[0-9]{4}", keywords=["badge"], score=0.4), "1234 apples", "[ONE] apples"),
        (pattern("[a-z]{8}", min_entropy=2.5), "aaaaaaaa qzkwxvbn", "aaaaaaaa [ONE]"),
        (pattern("K[a-z]{8}", stop_words=["Sample"]), "Kxsamplex Kqzkwxvbn", "Kxsamplex [ONE]"),
    ],
)
def test_what_a_pattern_finds(row: dict[str, Any], text: str, expected: str) -> None:
    assert mask(text, patterns=[row]) == expected


def test_scores() -> None:
    alone, beside, both = rows(
        settings(
            patterns=[
                pattern("a"),
                pattern("a", keywords=["k"], keyword_score=0.9),
                pattern("a", keywords=["k"], score=0.3),
            ]
        )
    )
    assert (alone.score, alone.keyword_score) == (1.0, 1.0)
    assert (beside.score, beside.keyword_score) == (0.0, 0.9)
    assert (both.score, both.keyword_score) == (0.3, 1.0)


@pytest.mark.parametrize(
    ("row", "key", "said", "hint"),
    [
        (pattern("(a"), "pattern", "not a regular expression", None),
        (pattern(r"a\bc"), "pattern", "an anchor", "`not_before` and `not_after`"),
        (pattern("^a+", not_after="b"), "pattern", "'^a+': an anchor", "`not_before` and `not_after`"),
        (pattern("(?s)a"), "pattern", "only (?i)", None),
        (pattern("a(?=b)"), "pattern", "look-around", "`lead`"),
        (pattern(r"(a)\1"), "pattern", "back-reference", "write the alternatives out"),
        (pattern("a*"), "pattern", "matches the empty text", None),
        (pattern("(?:[a-z]+ )+x"), "pattern", "bound its repeats", None),
        (pattern("é"), "pattern", "not ASCII", None),
        (pattern("a", lead="^x"), "lead", "an anchor", "`not_before`"),
        (pattern("a", lead="x*"), "lead", "empty text", None),
        (pattern("a", not_before="z-a"), "not_before", "z-a", None),
    ],
)
def test_what_can_not_be_matched_is_refused(row: dict[str, Any], key: str, said: str, hint: str | None) -> None:
    fine = {**pattern("b"), "name": "fine"}
    (problem,) = problems(patterns=[fine, row])
    assert problem.key == f"detectors.patterns[1].{key}"
    assert said in problem.message
    assert (problem.hint is None) if hint is None else (hint in (problem.hint or ""))


def test_shipped_names_are_taken() -> None:
    found = problems(
        patterns=[{"name": "us_ssn", "entity": "X", "pattern": "a"}],
        words=[{"name": "w", "entity": "PII", "words": ["x"]}, {"name": "v", "entity": "CUSTOM", "words": ["x"]}],
    )
    assert [problem.key for problem in found] == [
        "detectors.patterns[0].name",
        "detectors.words[0].entity",
        "detectors.words[1].entity",
    ]


def test_words_of_the_configuration() -> None:
    words = [{"name": "w", "entity": "PROJECT", "words": ["Bluebird", "Red Fox"], "score": 0.6}]
    own = compile_organisation(settings(words=words))
    assert own.lists[0].score == 0.6
    assert masked(own, "BLUEBIRD and red\nfox, bluebirds") == "[PROJECT] and [PROJECT], bluebirds"
    assert own.section is None


def listed(tmp_path: Path, content: bytes) -> dict[str, Any]:
    (tmp_path / "list.txt").write_bytes(content)
    return {"words": [{"name": "w", "entity": "W", "file": str(tmp_path / "list.txt")}]}


def test_words_of_a_file(tmp_path: Path) -> None:
    own = listed(tmp_path, "\ufeffBluebird\r\n\r\n  Łódź  \n# 1\n".encode())
    assert mask("bluebird łódź # 1", **own) == "[W] [W] # [W]"
    assert files(settings(**own)) == (tmp_path / "list.txt",)


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"good\n---\n", 2, "1 to 32 words"),
        (b"good\n\n\xff\xfe\n", 3, "not UTF-8"),
        (b"a " * 33, 1, "1 to 32 words"),
    ],
)
def test_a_bad_line_is_told(tmp_path: Path, content: bytes, line: int, said: str) -> None:
    (problem,) = problems(**listed(tmp_path, content))
    assert (problem.key, problem.file, problem.line) == ("detectors.words[0].file", str(tmp_path / "list.txt"), line)
    assert said in problem.message


def test_a_bad_entry_of_the_configuration_is_told() -> None:
    (problem,) = problems(words=[{"name": "w", "entity": "W", "words": ["fine", "-"]}])
    assert problem.key == "detectors.words[0].words[1]"


def test_a_list_that_is_missing_or_empty(tmp_path: Path) -> None:
    (problem,) = problems(words=[{"name": "w", "entity": "W", "file": str(tmp_path / "none")}])
    assert (problem.key, problem.message) == (
        "detectors.words[0].file",
        "the list can't be read: No such file or directory",
    )
    (problem,) = problems(**listed(tmp_path, b"\n\n"))
    assert "has no entry" in problem.message


def test_lists_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordlists, "MOST_ENTRIES", 2)
    (problem,) = problems(**listed(tmp_path, b"a\nb\nc\nd\n"))
    assert (problem.line, problem.message) == (3, "the list has more than 2 entries")
    monkeypatch.setattr(wordlists, "LARGEST_LIST", 5)
    (problem,) = problems(**listed(tmp_path, b"a\nb\nc\nd\n"))
    assert "larger than" in problem.message


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        patterns=[pattern("(a"), {**pattern("^"), "name": "two"}],
        words=[{"name": "w", "entity": "W", "file": str(tmp_path / "none")}],
    )
    assert len(found) == 3
