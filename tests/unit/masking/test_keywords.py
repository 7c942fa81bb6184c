# ruff: noqa: RUF001 — letters that look alike are what this is about
import pytest

from narrows.masking.folding import Folder, encode
from narrows.masking.keywords import KeywordRefused, Occurrences, group, lowered
from narrows.masking.patterns import EDGE
from narrows.matching.gate import Gate


def places(text: str, *keywords: str) -> list[str]:
    found = group(keywords)
    inside = Folder().whole(text).text
    data = encode(inside)
    occurrences = found.find(inside, data)
    assert occurrences is None or Gate.compile(((0, found.pattern),)).scan(data) == [0]
    if occurrences is None:
        return []
    return [inside[start:end] for start, end in zip(occurrences.starts, occurrences.ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("my SSN: 1", ["SSN"]),
        ("user_ssn1", ["ssn"]),
        ("assn ssns", []),
        ("ssn", ["ssn"]),
        ("ssn ssn", ["ssn", "ssn"]),
        ("social-security", ["social-security"]),
        ("Social \n Security!", ["Social \n Security"]),
        ("social    security", []),
    ],
)
def test_a_keyword_is_whole_where_no_letter_continues_it(text: str, found: list[str]) -> None:
    assert places(text, "ssn", "social security") == found


def test_a_keyword_that_ends_in_a_digit_is_ended_by_another_one() -> None:
    assert places("h1 h12 h1x", "h1") == ["h1", "h1"]


def test_what_is_not_ascii_has_no_edges() -> None:
    assert places("我的口座番号", "口座", "pin") == ["口座"]


@pytest.mark.parametrize("text", ["ΛΟΓΑΡΙΑΣΜΌΣ", "Λογαριασμός", "λογαριασμός"])
def test_greek_is_found_in_either_case(text: str) -> None:
    assert len(places(text, Folder().plain("λογαριασμός"))) == 1


@pytest.mark.parametrize("text", ["РОСТ", "Рост", "рост"])
def test_cyrillic_is_found_in_either_case_though_its_capitals_look_latin(text: str) -> None:
    assert len(places(text, Folder().plain("рост"))) == 1


def test_lower_case_keeps_the_length() -> None:
    text = Folder().plain("ΌΣΟΣ İstanbul МОСТ")
    assert len(lowered(text)) == len(text)


def test_a_longer_keyword_that_begins_with_another_adds_nothing() -> None:
    assert places("bank account", "bank", "bank account") == ["bank"]


def test_an_occurrence_counts_only_if_it_is_all_in_the_window() -> None:
    found = Occurrences([(2, 9), (4, 6)])
    assert found.inside(2, 9)
    assert found.inside(3, 8)
    assert not found.inside(3, 5)
    assert not found.inside(5, 90)


@pytest.mark.parametrize("keyword", ["", " ", "x" * 65])
def test_a_keyword_must_be_one(keyword: str) -> None:
    with pytest.raises(KeywordRefused):
        group([keyword])


def test_a_wall_beside_it_leaves_open_whether_it_is_whole() -> None:
    found = group(["pin"])
    for text, count in ((f"{EDGE}pin ", 1), ("\x01pin ", 0), (" pin\x01", 0)):
        assert (found.find(text, encode(text)) is not None) == bool(count)
