import re
from itertools import product

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking import patterns
from narrows.masking.patterns import (
    MOST_COUNTED,
    OTHER,
    Bounds,
    Chars,
    PatternRefused,
    bits,
    parse,
    parse_class,
    prefixes,
    render,
    render_gate,
)  # fmt: skip

ADMISSIBLE = (
    "abc",
    "a|bc|bcB",
    "a?b?c",
    "(?:ab){1,3}c",
    "[a-c]{2,4}b",
    "(?:a|bc){0,2}(?:c|ab)",
    "a(?:b(?:c)?)?",
    "(?i:aB)c",
    "[^a]b",
    "(?:a{1,2}b?){2}",
)


def language(pattern: str, alphabet: str = "abcB", most: int = 7) -> set[str]:
    compiled = re.compile(pattern)
    words = ("".join(letters) for size in range(most + 1) for letters in product(alphabet, repeat=size))
    return {word for word in words if compiled.fullmatch(word)}


def rendered(node: patterns.Node) -> str:
    return re.sub(r"\\xff", "é", render(node))


@pytest.mark.parametrize("pattern", ADMISSIBLE)
def test_what_is_rendered_matches_what_was_written(pattern: str) -> None:
    assert language(rendered(parse(pattern)), most=5) == language(pattern, most=5)


@pytest.mark.parametrize("pattern", ADMISSIBLE)
def test_the_prefixes_are_all_beginnings_of_the_language_and_nothing_else(pattern: str) -> None:
    whole = language(pattern)
    begun = prefixes(parse(pattern))
    assert begun is not None
    expected = {word[:size] for word in whole for size in range(1, len(word) + 1)}
    assert language(rendered(begun)) == expected


@pytest.mark.parametrize("pattern", ADMISSIBLE)
def test_lengths_first_and_last_characters_and_alphabet_are_those_of_the_language(pattern: str) -> None:
    node, words = parse(pattern), language(pattern, most=7) - {""}
    assert patterns.length(node)[1] == max(map(len, words))
    assert {word[0] for word in words} == {letter for letter in "abcB" if patterns.first(node) >> ord(letter) & 1}
    assert {word[-1] for word in words} <= {letter for letter in "abcB" if patterns.last(node) >> ord(letter) & 1}
    assert {letter for word in words for letter in word} <= {
        letter for letter in "abcB" if patterns.alphabet(node) >> ord(letter) & 1
    }


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("^a", "anchor"),
        (r"\ba", "anchor"),
        ("a$", "anchor"),
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        ("(a)", "captures"),
        (r"(?P<x>a)", "captures"),
        ("a+", "upper bound"),
        ("a{3,}", "upper bound"),
        ("a{1,1001}", "more than 1000"),
        ("é", "not ASCII"),
        ("[à-ü]", "not ASCII"),
        ("a++", "stream"),
        ("(?>a)", "stream"),
        ("(", "regular expression"),
        ("[\x00]", "no character"),
    ],
)
def test_what_can_not_be_matched_exactly_is_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(PatternRefused, match=re.escape(why)):
        parse(pattern)


def test_a_back_reference_is_refused_even_where_captures_are_allowed() -> None:
    with pytest.raises(PatternRefused, match="back-reference"):
        parse(r"(a)\1", bounds=Bounds(repeat=64, captures=True))


def test_an_organisations_pattern_gets_bounds_and_plain_groups() -> None:
    node = parse(r"(ab)+c*", bounds=Bounds(repeat=64, captures=True))
    assert patterns.length(node) == (2, 192)


def test_a_negated_class_holds_what_is_not_ascii_and_neither_edge_nor_wall() -> None:
    assert parse("[^a]") == Chars(patterns.UNIVERSE & ~bits("a"))
    assert parse(r"\S") == Chars(patterns.UNIVERSE & ~bits(patterns.SPACES))
    assert patterns.UNIVERSE >> OTHER & 1
    assert not patterns.UNIVERSE & bits(patterns.EDGE + patterns.WALL)


def test_case_is_ignored_where_the_pattern_says_so() -> None:
    assert parse("(?i:a)b") == patterns.Chain((Chars(bits("aA")), Chars(bits("b"))))
    assert parse("[b-d]", ignore_case=True) == Chars(bits("bcdBCD"))


def test_the_inside_of_a_class_is_read_as_a_set() -> None:
    assert parse_class("0-9_") == bits("0123456789_")
    assert parse_class("") == 0
    assert parse_class("^0") == patterns.UNIVERSE & ~bits("0")
    with pytest.raises(PatternRefused):
        parse_class("a](?:b")


@given(st.integers(min_value=4, max_value=(1 << 129) - 1).map(lambda mask: mask & ~3 or 4))
def test_a_class_is_rendered_alike_for_re2(mask: int) -> None:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    compiled = re2.compile(patterns.render_class(mask).encode(), options)
    for code in range(128):
        assert bool(compiled.fullmatch(bytes([code]))) == bool(mask >> code & 1)
    assert bool(compiled.fullmatch(b"\xff")) == bool(mask >> OTHER & 1)


@pytest.mark.parametrize("source", ["a{3,300}b", "(?:ab|c){0,40}d", "x{2,20}", "x{50}", "[a-c]{33,34}z"])
def test_a_gate_hits_wherever_the_pattern_does_and_counts_few_repeats(source: str) -> None:
    node = parse(source)
    exact, loose = re.compile(render(node).encode()), re.compile(render_gate(node).encode())
    for size in (0, 1, 2, 3, 20, 33, 34, 40, 50, 300, 301):
        for text in (b"a" * size + b"b", b"ab" * size + b"d", b"c" * size + b"z", b"x" * size):
            assert exact.search(text) is None or loose.search(text) is not None
    assert all(int(high) <= MOST_COUNTED for high in re.findall(r",(\d+)\}", loose.pattern.decode()))
