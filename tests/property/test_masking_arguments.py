"""However arguments are cut, masking them gives the same; JSON stays JSON; each text in it is masked as by itself.

`.ci/soak` runs this with thousands of examples and every shipped detector.
"""

import json
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking.arguments import ArgumentsStream, mask_arguments
from narrows.masking.context import before
from narrows.masking.engine import Engine
from narrows.masking.fields import FieldRule, FieldRules, Place
from narrows.masking.json_lexer import JsonLexer, Kind
from narrows.masking.masker import Masker
from narrows.masking.numbers import is_measured
from narrows.masking.plan import Plan, Rule
from narrows.masking.section import Section
from narrows.masking.table import DETECTORS
from narrows.model.names import named
from narrows.model.plan import Transform
from unit.masking import samples

KEY = b"a key for the hashes of the tests"
PLANS = (
    *(Plan((Rule(None, transform),), KEY) for transform in Transform),
    Plan((Rule(frozenset({"US_SSN", "CREDIT_CARD", "PROJECT"})),)),
)
RULES = (
    None,
    FieldRules(["password"]),
    FieldRules(["$.a[*].b", FieldRule("$['k 1']", Transform.PARTIAL), FieldRule("b", Transform.HASH)], key=KEY),
)

PIECES = (*samples.PIECES, *samples.NAMES, '"', "\\", "/", "\ud83d", "\ude00", "😀", "é", "true", "null")
STRINGS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=5).map("".join)
NUMBERS = st.one_of(
    st.sampled_from(
        ["4111111111111111", "-4111111111111111", "5e-10", "4111111111111111.5", "0.4111111111111111", "1234567"]
    ),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
KEYS = st.one_of(st.sampled_from(["a", "b", "k 1", "password", "PassWord", "bankAccount", "number", "value"]), STRINGS)
SPACES = st.sampled_from(["", "", "", " ", "\n\t", "  \r\n"])


@st.composite
def spelled(draw: st.DrawFn, text: str) -> str:
    """A string as some encoder might write it; surrogates of one character are never torn apart."""
    parts = []
    ways = draw(st.lists(st.integers(0, 3), min_size=len(text), max_size=len(text))) if len(text) < 60 else None
    for index, character in enumerate(text):
        way = ways[index] if ways is not None else 0
        if way == 1 or 0xD800 <= ord(character) < 0xE000:
            units = character.encode("utf-16-be", "surrogatepass").hex()
            parts += [f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)]
        elif way == 2 and character == "/":
            parts.append("\\/")
        else:
            parts.append(json.dumps(character, ensure_ascii=way == 3)[1:-1])
    return f'"{"".join(parts)}"'


@st.composite
def values(draw: st.DrawFn, depth: int = 3) -> str:
    kind = draw(st.integers(0, 5 if depth else 3))
    before, behind = draw(SPACES), draw(SPACES)
    if kind <= 1:
        text = draw(spelled(draw(STRINGS)))
    elif kind == 2:
        text = draw(NUMBERS)
    elif kind == 3:
        text = draw(st.sampled_from(["true", "false", "null"]))
    elif kind == 4:
        text = "[" + (",".join(draw(st.lists(values(depth - 1), max_size=3))) or draw(SPACES)) + "]"
    else:
        members = draw(st.lists(st.tuples(KEYS.flatmap(spelled), values(depth - 1)), max_size=3))
        text = "{" + (",".join(f"{draw(SPACES)}{key}{draw(SPACES)}:{value}" for key, value in members) or "\n") + "}"
    return before + text + behind


DOCUMENTS = values()
GARBAGE = st.sampled_from(
    [
        "{", "}", "[", "]", ",", ":", '"', "'", "\\", "\\u", "\\u00", "\\ud83d", "\\ude00", "x", "4", "-", "4111 ",
        "1111 1111 1111", " ", "\n", "NaN", "//", "{}", "[1]", '"a"', "[US_SSN]", "[FIELD]", "[C", "********1234",
        "tru", "123-45-6789", "\x00", "é", '{"a":', "password: hunter22", "\\u0034111111111111111",
    ]
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A document that is cut off, or with something in it or behind it that does not belong there."""
    text = draw(DOCUMENTS)
    at = draw(st.integers(0, len(text)))
    match draw(st.integers(0, 3)):
        case 0:
            return text[:at]
        case 1:
            return text + draw(GARBAGE) + draw(STRINGS)
        case 2:
            return text[:at] + "".join(draw(st.lists(GARBAGE, min_size=1, max_size=3))) + text[at:]
        case _:
            return text[:at] + text[at + draw(st.integers(1, 3)) :]


ANY_TEXT = st.one_of(DOCUMENTS, broken(), broken(), st.lists(st.one_of(GARBAGE, STRINGS), max_size=6).map("".join))
CUTS = st.one_of(
    st.lists(st.integers(0, 3000), max_size=12), st.integers(1, 7).map(lambda step: list(range(0, 9000, step)))
)


@cache
def sample_engine() -> Engine:
    return samples.engine()


@cache
def shipped_engine(step: int) -> Engine:
    return Engine([Section([row for index, row in enumerate(DETECTORS) if index % step == 0 or row.body])])


class Members(list[tuple[str, Any]]):
    """An object with all its members, equal keys too."""


class Literal(str):
    __slots__ = ()


def parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=Members, parse_int=Literal, parse_float=Literal, parse_constant=Literal)


def expected(tree: Any, masker: Masker, rules: FieldRules, place: Place, name: str = "") -> Any:
    """The document with every string, key and scalar masked by itself, behind its name."""
    if isinstance(tree, Members):
        members = Members()
        for key, value in tree:
            place.down(key)
            members.append((masker.mask(key).text, expected(value, masker, rules, place, named(key, name))))
            place.up()
        return members
    if isinstance(tree, list):
        elements = []
        for index, value in enumerate(tree):
            place.down(index)
            elements.append(expected(value, masker, rules, place, name))
            place.up()
        return elements
    literal = {True: "true", False: "false", None: "null"}[tree] if tree is None or isinstance(tree, bool) else tree
    if place.rule is not None:
        stream = rules.stream(place.rule)
        masked = stream.finish(literal) if tree is not None else literal
    elif isinstance(tree, Literal) and is_measured(tree):
        masked = literal
    else:
        quoted = isinstance(tree, str) and not isinstance(tree, Literal)
        masked = masker.mask(literal, before(name, quoted=quoted)).text
    if masked == literal:
        return tree
    return masked


def check(masker: Masker, text: str, cuts: list[int], rules: FieldRules | None = None) -> None:
    whole = mask_arguments(masker, text, rules)
    stream, sent = ArgumentsStream(masker, rules), ""
    for left, right in pairwise([0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]):
        sent += stream.feed(text[left:right])
        assert whole.text.startswith(sent)
        begun = [(one.finding.start, one.finding.detector) for one in stream.findings]
        assert begun == [(one.finding.start, one.finding.detector) for one in whole.findings][: len(begun)]
    assert sent + stream.finish() == whole.text
    assert tuple(stream.findings) == whole.findings
    assert stream.blocked == whole.blocked


@given(ANY_TEXT, CUTS, st.sampled_from(PLANS), st.sampled_from(RULES))
def test_every_split_gives_the_masked_whole(text: str, cuts: list[int], plan: Plan, rules: FieldRules | None) -> None:
    check(Masker(sample_engine(), plan), text, cuts, rules)


@given(DOCUMENTS, st.sampled_from(PLANS), st.sampled_from(RULES))
def test_each_text_of_a_document_is_masked_as_by_itself(text: str, plan: Plan, rules: FieldRules | None) -> None:
    masker, compiled = Masker(sample_engine(), plan), rules or FieldRules([])
    masked = mask_arguments(masker, text, rules).text
    assert parsed(masked) == expected(parsed(text), masker, compiled, compiled.place())


@given(ANY_TEXT, st.sampled_from(PLANS), st.sampled_from(RULES))
def test_masking_twice_changes_nothing(text: str, plan: Plan, rules: FieldRules | None) -> None:
    masker = Masker(sample_engine(), plan)
    masked = mask_arguments(masker, text, rules).text
    assert mask_arguments(masker, masked, rules).text == masked


@given(ANY_TEXT)
def test_where_nothing_is_found_every_byte_stays(text: str) -> None:
    masked = mask_arguments(Masker(sample_engine(), PLANS[-1]), text)
    assert masked.findings or masked.text == text


@given(ANY_TEXT, st.sampled_from(PLANS))
def test_the_rest_that_is_no_json_is_masked_as_one_text(text: str, plan: Plan) -> None:
    masker, lexer = Masker(sample_engine(), plan), JsonLexer()
    tokens = lexer.finish(text)
    at = next((index for index, token in enumerate(tokens) if token.kind is Kind.TAIL), len(tokens))
    rest = "".join(token.text for token in tokens[at:])
    masked = mask_arguments(masker, text)
    if lexer.broken:
        alone = masker.mask(rest)
        last = masked.findings[len(masked.findings) - len(alone.findings) :]
        assert tuple(one.finding for one in last) == alone.findings
        assert {one.path for one in last} <= {"$"}
        # Read as one text from its beginning, the output must end as the rest does.
        everything = "".join(token.text for token in JsonLexer().finish("?" + masked.text))
        assert everything.endswith(alone.text)


@given(ANY_TEXT)
def test_the_tokens_are_the_text(text: str) -> None:
    assert "".join(token.source for token in JsonLexer().finish(text)) == text


@given(DOCUMENTS)
def test_what_is_json_is_read_as_json(text: str) -> None:
    lexer = JsonLexer()
    lexer.finish(text)
    assert lexer.complete


SHIPPED_PIECES = tuple(
    piece for row in DETECTORS for piece in (*row.examples[:2], *row.keywords[:1]) if len(piece) < 400
)


@st.composite
def shipped_texts(draw: st.DrawFn) -> str:
    leaves = st.lists(st.sampled_from(SHIPPED_PIECES), min_size=1, max_size=3).map(" ".join)
    names = ["password", "account", "n"]
    tree = draw(
        st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner))
    )
    text = json.dumps(tree, ensure_ascii=draw(st.booleans()))
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


def check_shipped(step: int, text: str, cuts: list[int], how: Transform) -> None:
    masker, none = Masker(shipped_engine(step), Plan((Rule(None, how),), KEY)), FieldRules([])
    check(masker, text, cuts)
    masked = mask_arguments(masker, text).text
    assert mask_arguments(masker, masked).text == masked
    lexer = JsonLexer()
    lexer.finish(text)
    if lexer.complete:
        assert parsed(masked) == expected(parsed(text), masker, none, none.place())


@given(shipped_texts(), CUTS, st.sampled_from(Transform))
def test_some_of_the_shipped_detectors_are_exact_on_every_split(text: str, cuts: list[int], how: Transform) -> None:
    check_shipped(9, text, cuts, how)


@pytest.mark.soak
@given(shipped_texts(), CUTS, st.sampled_from(Transform))
def test_all_of_the_shipped_detectors_are_exact_on_every_split(text: str, cuts: list[int], how: Transform) -> None:
    check_shipped(1, text, cuts, how)
