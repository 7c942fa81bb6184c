"""Whatever RE2 finds in a text, the gate over the widened pattern hits: it is never a miss that lets a text pass."""

import re2
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from narrows.matching.gate import Gate, GateRefused
from narrows.matching.widened import Widener
from narrows.policy.patterns import Pattern, PatternError, encode
from narrows.policy.words import loose_source, words_source
from soak import SOAK

# Few letters, so that texts meet patterns; among them those whose other case is not ASCII, or is one and ASCII.
LETTERS = (
    "abkKsS_1 \n-\0\u017f\u212a\u00e9\u00c9\u0130\u0131\u03c3\u03c2\u03a3\u0439\u0419\u6f22\ud800"
    "\U0001f600\U00010400\U00010428"
)
_PATTERN_LETTERS = [letter for letter in LETTERS if letter not in "\ud800"]
_CLASSES = (
    ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\pL", r"\PL", r"\p{Greek}", r"\P{^Lu}", r"\pN", r"\C",
    "[a-k]", "[^a-k]", "[a-k\u00e9]", "[^\u6f22]", r"[\w-]", r"[^\W_]", "[[:alpha:]]", "[^[:space:]]", "[[:^alpha:]]",
    r"[\pL\pM]", r"[]a]", r"[^]a]", r"[\]a]", r"[\x{430}-\x{44f}]", r"[\x61-\x{e9}]", "[s]", "[^k]",
    r"[\x00-\x{10ffff}]",
)  # fmt: skip
_ANCHORS = ("^", "$", r"\A", r"\z", r"\b", r"\B")


Sample = tuple[str, str]
"""A pattern, and a text that it mostly matches: few texts made at random meet a pattern made at random."""


def _spelled(letter: str) -> st.SearchStrategy[Sample]:
    quoted = "\\" + letter if letter.isascii() and not letter.isalnum() else letter
    spellings = (quoted, f"\\x{{{ord(letter):x}}}", f"\\Q{letter}\\E")
    return st.tuples(st.sampled_from(spellings), st.sampled_from((letter, letter, letter.swapcase(), letter.upper())))


def _of_class(source: str) -> st.SearchStrategy[Sample]:
    inside = [letter for letter in _PATTERN_LETTERS if re2.search(source.encode(), letter.encode())]
    return st.tuples(st.just(source), st.sampled_from([*inside, " "]))


def _counts(part: Sample) -> st.SearchStrategy[Sample]:
    counts = (("*", 2), ("+", 1), ("?", 1), ("*?", 0), ("+?", 3), ("??", 0), ("{0}", 0), ("{1}", 1), ("{2,}", 4))
    more = (("{0,3}?", 3), ("{17}", 17), ("{20,40}", 33), ("{,2}", 1), ("{2}", 2), ("{1,4}", 3), ("{0,20}", 20))
    return st.sampled_from((*counts, *more)).map(lambda count: (part[0] + count[0], part[1] * count[1]))


def _row(parts: list[Sample]) -> Sample:
    return "".join(pattern for pattern, _ in parts), "".join(text for _, text in parts)


def _either(parts: list[Sample]) -> Sample:
    return "|".join(pattern for pattern, _ in parts), parts[-1][1]


_LETTER = st.sampled_from(_PATTERN_LETTERS).flatmap(_spelled)
_CLASS = st.sampled_from(_CLASSES).flatmap(_of_class)
_ANCHOR = st.sampled_from(_ANCHORS).map(lambda anchor: (anchor, ""))
_LEAF = st.one_of(_LETTER, _LETTER, _CLASS, _CLASS, _CLASS.flatmap(_counts), _LETTER.flatmap(_counts), _ANCHOR)
_OPEN = st.sampled_from(("(", "(?:", "(?i:", "(?-i:", "(?s:", "(?m:", "(?P<n>", "(?U:", "(?is-m:"))
_FLAGS = st.sampled_from(("", "", "(?i)", "(?s)", "(?m)", "(?im)", "(?i-s)"))


def _more(part: st.SearchStrategy[Sample]) -> st.SearchStrategy[Sample]:
    row = st.lists(part, min_size=1, max_size=4).map(_row)
    group = st.builds(
        lambda start, flags, inner: (f"{start}{flags}{inner[0]})", inner[1]),
        _OPEN,
        _FLAGS,
        st.lists(row, min_size=1, max_size=7).map(_either),
    )
    return st.one_of(row, group, group.flatmap(_counts))


_SAMPLES = st.builds(
    lambda flags, branches: (flags + branches[0], branches[1]),
    _FLAGS,
    st.lists(st.recursive(_LEAF, _more, max_leaves=10), min_size=1, max_size=2).map(_either),
)
_AROUND = st.text(st.sampled_from(LETTERS), max_size=4)


def _gate(source: str) -> Gate | None:
    """The gate of a pattern; None where it is always asked."""
    widened = Widener().widen(source)
    if widened is None:
        return None
    try:
        return Gate.compile(tuple((7, each) for each in widened))
    except GateRefused:
        return None


def _check(pattern: Pattern, gate: Gate, texts: list[str]) -> bool:
    """Whether RE2 found anything, and so the gate hit: text by text, and all of them joined."""
    found = [pattern.occurs(encode(text)) for text in texts]
    for text, occurs in zip(texts, found, strict=True):
        assert not occurs or gate.scan(encode(text)), text
    assert not any(found) or gate.scan(encode("\n".join(texts)))
    return any(found)


@settings(max_examples=120 * SOAK, deadline=None)
@given(_SAMPLES, _AROUND, _AROUND, st.text(st.sampled_from(LETTERS), max_size=30))
@example((r"(?:^|\n)a$", "\na"), "", "", "a")
@example((r"(?i)\bsk\b", "\u017f\u212a"), " ", "", "\u017fk")
@example((r"(?i)\x{430}|\x{3c2}\x{3a3}", "\u03c3\u03c3"), "", "", "\u0410")
@example(("a{20,40}$", "a" * 30), "", "\n", "b")
@example(("a.{3}b", "a" + "\U0001f600" * 3 + "b"), "", "", "")
@example(("a[^b]{0,5}c.d", "a" + "\u6f22" * 5 + "c\u00e9d"), "", "", "")
def test_what_re2_finds_the_gate_hits(sample: Sample, before: str, behind: str, other: str) -> None:
    source, made = sample
    try:
        pattern = Pattern(source)
    except PatternError:
        assume(False)
    gate = _gate(source)
    assume(gate is not None)
    found = _check(pattern, gate, [made, made.swapcase(), other])
    found |= _check(pattern, gate, [other, before + made + behind, made + behind])
    event("found" if found else "not found")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("abkKsS1 _-.\u017f\u212a\u00e9\u03c3\u0439\u6f22"), min_size=1, max_size=8).filter(
        lambda word: word.strip()), min_size=1, max_size=12),
    st.lists(st.text(st.sampled_from(" \n\u00a0.a\u0301_"), max_size=3), min_size=1, max_size=12),
    st.booleans(),
)  # fmt: skip
def test_words_are_hit_whatever_their_case_and_what_stands_beside(
    words: list[str], between: list[str], upper: bool
) -> None:
    text = "".join(gap + word for gap, word in zip(between, words, strict=False))
    text = text.upper() if upper else text
    for source in (words_source(words), loose_source(words)):
        pattern = None if source is None else Pattern.loosened(source)
        gate = None if source is None else _gate(source)
        if pattern is not None and gate is not None:
            _check(pattern, gate, [text, text.swapcase(), text.replace(" ", "")])


def test_no_other_case_of_any_character_is_missed() -> None:
    """Every character for which RE2 knows another spelling, against that spelling."""
    everything = "".join(chr(code) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000)
    cased = re2.compile(rb"(?i)[\p{Lu}\p{Lt}]")
    others = [found.group().decode() for found in cased.finditer(everything.encode())]
    assert len(others) > 2_500
    widener = Widener()
    for character in others:
        spelled = {each.decode() for each in widener.letter(character, fold=True).spelled}
        for other in {character.lower(), character.upper(), character.title(), character.casefold()}:
            if len(other) == 1 and re2.search(f"(?i)\\x{{{ord(character):x}}}".encode(), other.encode()):
                assert other in spelled, (character, other)
