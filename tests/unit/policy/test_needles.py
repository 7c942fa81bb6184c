"""Words that every match of a pattern holds, and the patterns of which nothing can be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.policy.needles import LONGEST, needles
from narrows.policy.patterns import Pattern, PatternError


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"(?i)ignore (all |previous )+instructions", {"instructions"}),
        (r"\b(?:project|codename) nightjar\b", {" nightjar"}),
        (r"AKIA[0-9A-Z]{16}", {"akia"}),
        (r"\b(password|Secret)\b", {"password", "secret"}),
        (r"(?i:Foo)|bar\.baz", {"foo", "bar.baz"}),
        (r"((a|b)c)defg|(?P<name>xyz)", {"defg", "xyz"}),
        (r"x{0}abc", {"abc"}),
        (r"x{0,3}abc", {"abc"}),
        (r"abc{2,}d", {"abc"}),
        (r"abc+?defg", {"defg"}),
        (r"abcd?efg", {"abc"}),
        (r"(abc|)defg", {"defg"}),
        (r"(abcdef)*ghi", {"ghi"}),
        (r"[]a]bcd", {"bcd"}),
        (r"[^]a]bcd[[:alpha:]]", {"bcd"}),
        (r"[a\]bcde]fgh", {"fgh"}),
        (r"^\Aabc\z$", {"abc"}),
        ("caf\u00e9 au lait", {" au lait"}),
        ("a{b}c", {"a{b}c"}),
        ("x" * 40, {"x" * LONGEST}),
    ],
)
def test_words(pattern: str, words: set[str]) -> None:
    assert needles(pattern) == frozenset(words)


@pytest.mark.parametrize(
    "pattern",
    [
        r"ab?c",
        r"a|bcd",
        r"(abc)*",
        r"\d{3}-\d{2}",
        r"(?i)",
        "",
        r"\Qabc\E",
        r"\x41bc",
        r"abc\pN",
        r"ab{,3}cde",
        "(" * 5_000,
    ],
)
def test_nothing_is_sure(pattern: str) -> None:
    assert needles(pattern) is None


_ATOMS = st.sampled_from(["a", "b", "C", "ab", ".", r"\w", r"\s", "[ab]", "[^c]", r"\.", "k", "\u212a", "\u017f", "S"])
_REPEATS = st.sampled_from(["", "", "", "*", "+", "?", "{0}", "{0,2}", "{2}", "{1,}", "*?", "+?"])
_TEXTS = st.lists(st.sampled_from(["a", "b", "c", "A", "ab", ".", " ", "k", "s"]), max_size=8).map("".join)


def _grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    opened = st.sampled_from(["(", "(?:", "(?i:", "(?P<n>"])
    several = st.lists(st.lists(inner, max_size=3).map("".join), min_size=1, max_size=3).map("|".join)
    return st.builds(lambda start, body, times: f"{start}{body}){times}", opened, several, _REPEATS)


_PARTS = st.recursive(st.builds(str.__add__, _ATOMS, _REPEATS), _grouped, max_leaves=6)


@given(
    st.sampled_from(["", "(?i)"]), st.lists(_PARTS, min_size=1, max_size=4), st.lists(_TEXTS, min_size=20, max_size=20)
)
def test_every_match_holds_one(flags: str, parts: list[str], texts: list[str]) -> None:
    source = flags + "".join(parts)
    try:
        pattern = Pattern(source)
    except PatternError:
        return
    found = needles(source, shortest=1)
    for text in texts:
        if found is not None and pattern.find(text) is not None:
            assert any(word in text.lower() for word in found)
