"""Patterns over characters as patterns over bytes, and which of them fire."""

# ruff: noqa: RUF001 - characters that look alike are among those tested

import re

import pytest

from narrows.inspection.triggers import FEWEST_DIGITS, Group, Trigger, Triggers, rendered


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        (r"\x{e9}", "é", "èeÃ"),
        (r"[\x{7e}-\x{82}]", "~\x7f\x80\x82", "}\x83é"),
        (r"[\x{370}-\x{3ff}]", "ͰαϿ", "ͯЀa"),
        (r"[\x{7ff}\x{800}\x{ffff}\x{10000}]", "\u07ff\u0800\uffff\U00010000", "\u07fe\u0801\ufffe\U00010001"),
        (r"[\x{d7f0}-\x{10ffff}]", "\ud7f0\ue000\U0001f600\U0010ffff", "\ud7ef字"),
        (r"[\x{1d400}-\x{1d7ff}]", "\U0001d400\U0001d7ff", "\U0001d3ff\U0001d800"),
        (r"(?i)k", "kK\u212a", "lſ"),
        (r"(?i)[r-t]", "rSt\u017f", "uK\u212a"),
        (r"\pL", "aZéα字", "1_ "),
        (r"[^\pL\pN]", " _—", "a1"),
        (r"[\x22'\n\r\\]", "\"'\n\r\\", "n"),
        (r"\x22|\.|\+", '".+', "a"),
    ],
)
def test_a_pattern_of_bytes_matches_the_same_characters(pattern: str, matches: str, others: str) -> None:
    over_bytes = re.compile(rb"(?:%s)\Z" % rendered(pattern).encode("ascii"))
    for character in matches:
        assert over_bytes.match(character.encode()), hex(ord(character))
    for character in others:
        assert not over_bytes.match(character.encode()), hex(ord(character))


def test_without_wide_only_ascii_is_left() -> None:
    narrow = re.compile(rendered(r"(?i)k[^a]|\x{e9}", wide=False).encode("ascii"))
    assert narrow.fullmatch(b"K_")
    assert not any(narrow.search(text.encode()) for text in ("é", "k—", "\u212a_"))


@pytest.mark.parametrize("pattern", [r"a.b", r"[[:alpha:]]", r"(?P<name>a)", r"[a", r"(?i:a)"])
def test_other_syntax_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="no pattern of triggers"):
        rendered(pattern)


TRIGGERS = Triggers(
    [
        Trigger(Group.SIGNS, "(?i)task"),
        Trigger(Group.RUNS, r"\pL_\pL"),
        Trigger(Group.DIGITS, "[0-9]x"),
        Trigger(Group.WIDE, r"\x{200b}"),
    ]
)


@pytest.mark.parametrize(
    ("text", "fired"),
    [
        ("", []),
        ("nothing", []),
        ("a TASK and a_b", [0, 1]),
        ("é_字", [1]),
        ("ta\u017fk", [0]),
        ("\u200b", [3]),
        ("1x", []),
        ("1x" + "0" * (FEWEST_DIGITS - 1), [2]),
        ("a_b task 123456x \u200b é_é", [0, 1, 2, 3]),
        ("\ud800_\ud800", [1]),
    ],
)
def test_which_fire(text: str, fired: list[int]) -> None:
    assert TRIGGERS.hits(text) == fired


def test_nothing_looks_for_nothing() -> None:
    assert Triggers([]).hits("a_b é 123456") == []
