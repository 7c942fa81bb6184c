"""Patterns search in linear time and by character; what can't be had is refused with the reason."""

import time

import pytest

from narrows.policy import patterns
from narrows.policy.patterns import Pattern, PatternError


@pytest.mark.parametrize(
    ("source", "text", "span"),
    [
        ("b+", "abbbc", (1, 4)),
        ("(?i)IGNORE", "please ignore", (7, 13)),
        ("secret", "\u00e9\u6f22\U0001f600 secret", (4, 10)),
        ("\u6f22+", "x\u6f22\u6f22y", (1, 3)),
        ("x", "abc", None),
        ("^a", "ba", None),
        ("b", "a\ud800b", (2, 3)),
        ("a", "", None),
        (r"\x00", "a\x00", (1, 2)),
    ],
)
def test_offsets_are_characters(source: str, text: str, span: tuple[int, int] | None) -> None:
    assert Pattern(source).find(text) == span


@pytest.mark.parametrize(
    ("source", "said", "offset"),
    [
        ("a(?=b)", "look-around", 1),
        ("(?<!a)b", "look-around", 0),
        (r"(a)\1", "reference back", 3),
        ("(?P<q>a)(?P=q)", "reference back", 8),
        ("(?>a)", "atomic", 0),
        ("ab++", "possessive", None),
        (r"a\Z", r"`\z`", 1),
        ("(", "missing )", None),
        ("a[", "missing ]", 1),
        ("a{3000}", "repetition", 1),
        (r"\p{Klingon}", "character class", None),
    ],
)
def test_what_can_not_be_had_is_explained(source: str, said: str, offset: int | None) -> None:
    with pytest.raises(PatternError) as caught:
        Pattern(source)
    assert said in caught.value.reason
    if offset is not None:
        assert caught.value.offset == offset
        assert f"character {offset + 1}" in str(caught.value)


@pytest.mark.parametrize("source", ["", "a*", "(a|)", "^", "$", r"\b|a?"])
def test_a_pattern_that_matches_every_prompt_is_refused(source: str) -> None:
    with pytest.raises(PatternError, match="empty text"):
        Pattern(source)


def test_patterns_are_bounded() -> None:
    with pytest.raises(PatternError, match="longer than"):
        Pattern("x" * (patterns.LONGEST + 1))
    with pytest.raises(PatternError, match="too large"):
        Pattern(r"\pL{900}" * 3)
    with pytest.raises(PatternError, match="not valid Unicode"):
        Pattern("a\ud800")


def test_an_adversarial_pattern_takes_linear_time() -> None:
    pattern = Pattern("(a+)+(a|aa)+$x")
    started = time.process_time()
    assert pattern.find("a" * 200_000 + "b") is None
    assert time.process_time() - started < 2.0


def test_many_patterns_over_hostile_text_take_linear_time() -> None:
    started = time.process_time()
    for index in range(30):
        assert Pattern(f"a.{{0,80}}b{index}").find_bytes(b"a" * 20_000) is None
    assert time.process_time() - started < 2.0


def test_patterns_made_of_the_same_have_one_key() -> None:
    assert Pattern("a").key == Pattern("a").key != Pattern("b").key
    assert Pattern.of_words("a", "b").key != Pattern.of_words("a").key


@pytest.mark.parametrize(
    "source", ["a[^b]c", r"\^a\$", "[$^]a", r"(?:^|[^\w])a", "(?:^|\\n)a", r"a(?:$|\W)", r"a(?:\s|$)"]
)
def test_what_a_line_feed_ends_can_be_looked_for_in_texts_joined(source: str) -> None:
    assert Pattern(source).joinable


@pytest.mark.parametrize(
    "source", ["^a", "a$", r"\Aa", r"a\z", "(?:^|[a-z])b", "(^|x)a", r"[a]^b", r"\Q[^\Ea", "(?m)^a"]
)
def test_what_looks_for_the_ends_of_a_text_can_not(source: str) -> None:
    assert not Pattern(source).joinable


def test_a_pattern_that_something_was_left_out_of_may_be_none() -> None:
    assert Pattern.loosened("a?") is None
    made = Pattern.loosened("a ?b")
    assert made is not None
    assert made.find("xab") == (1, 3)
