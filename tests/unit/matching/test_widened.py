"""What patterns are widened to, and which say nothing; that nothing is missed is shown in tests/property."""

import pytest

from narrows.matching.gate import Gate
from narrows.matching.widened import LARGEST, MOST, Widener


def hits(pattern: str, *texts: bytes) -> list[bool]:
    widened = Widener().widen(pattern)
    assert widened is not None
    gate = Gate.compile(tuple((1, each) for each in widened))
    return [bool(gate.scan(text)) for text in texts]


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"\bdelete\b", {b"delete": True, b"undeleted": False, b"a\ndelete\nb": True, b"\xffdelete\xff": True}),
        ("(?i)task", {b"TaSk": True, "ta\u017f\u212a".encode(): True, b"tusk": False}),
        ("(?i)\u0439", {"\u0419".encode(): True, "\u0439".encode(): True, "\u0438".encode(): False}),
        ("^abc$", {b"abc": True, b"x\nabc\ny": True, b"xabc": False, b"abcx": False}),
        ("a.c", {b"abc": True, "a\u6f22c".encode(): True, b"a\nc": False}),
        ("(?s)a.c", {b"a\nc": True}),
        (r"\Qa.c\E", {b"a.c": True, b"abc": False}),
        ("(?i:a)b", {b"Ab": True, b"AB": False}),
        ("a(?i)b|c", {b"C": True, b"aB": True, b"AB": False}),
        ("[^a-z]x", {b"0x": True, b"ax": False, "\u00e9x".encode(): True}),
        (r"(?:^|[^\pL\pN])cat(?:$|[^\pL\pN])", {b"cat": True, b"a cat.": True, b"concatenate": False}),
        (r"a\x00b", {b"a\0b": True, b"ab": False}),
        ("a{3}", {b"aaa": True, b"aa": False}),
        ("(?:ab){2,3}c", {b"ababc": True, b"abc": False}),
    ],
)
def test_it_is_close_to_what_the_pattern_finds(pattern: str, texts: dict[bytes, bool]) -> None:
    assert hits(pattern, *texts) == list(texts.values())


@pytest.mark.parametrize(
    "pattern", ["a*", "(?:a|)", r"\b", "^$", r"(?:^|x?)", r"a\101", "(", "a)", "[z-a]b", "a**", "x" + "(" * 2_000]
)
def test_what_says_nothing_or_is_not_understood_is_none(pattern: str) -> None:
    assert Widener().widen(pattern) is None


def test_each_of_many_words_is_a_pattern_of_its_own() -> None:
    words = [f"word{number}" for number in range(200)]
    widened = Widener().widen(rf"(?i)(?:(?:^|\W)(?:{'|'.join(words)})(?:$|\W))")
    assert widened is not None
    assert len(widened) == len(words)
    assert hits(rf"(?i)\b(?:{'|'.join(words)})\b", b"a Word7 b", b"a word b") == [True, False]


def test_more_of_them_than_are_worth_it_are_none() -> None:
    assert Widener().widen("|".join(f"w{number}" for number in range(MOST + 1))) is None


def test_of_what_is_too_large_only_the_beginning_is_looked_for() -> None:
    assert hits("ab" * LARGEST + "x", b"ab" * LARGEST, b"ab" * 10) == [True, False]


def test_repeats_of_many_are_widened_to_any_number() -> None:
    assert hits("a{1000}b", b"a" * 1_000 + b"b", b"a" * 16 + b"b", b"aab") == [True, True, False]
    assert hits("(?:[a-z]{3,40}-){40}x", (b"abc-" * 40) + b"x", b"abc-x") == [True, False]
