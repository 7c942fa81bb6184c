"""However a text is cut into chunks, masking it gives the same; nothing goes out early; masking twice changes nothing.

All of it holds behind a context, too, of which nothing goes out.

`.ci/soak` runs this with thousands of examples and every shipped detector.
"""

# ruff: noqa: RUF001 — letters that look alike are what this is about

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking.detector import Detector
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.section import Section
from narrows.masking.table import DETECTORS
from narrows.model.plan import Transform
from unit.masking import samples

KEY = b"a key for the hashes of the tests"
PLANS = (
    *(Plan((Rule(None, transform),), KEY) for transform in Transform),
    Plan((Rule(None, threshold=0.5), Rule(frozenset({"EMAIL_ADDRESS"}), Transform.HASH)), KEY),
    Plan((Rule(None, Transform.PARTIAL, allow=frozenset({"ann.lee@example.co.uk", "zebra"})),)),
    Plan((Rule(frozenset({"US_SSN", "CREDIT_CARD", "PROJECT"})),)),
)

ANYTHING = st.text(max_size=30)
NEAR = st.text(alphabet="0123456789 -.@a[]*_\u200bп４", max_size=40)
TEXTS = st.lists(st.one_of(st.sampled_from(samples.PIECES), ANYTHING, NEAR), max_size=9).map("".join)
CUTS = st.one_of(
    st.lists(st.integers(0, 4000), max_size=12), st.integers(1, 7).map(lambda step: list(range(0, 9000, step)))
)


@cache
def sample_engine() -> Engine:
    return samples.engine()


BEFORE = st.one_of(
    st.just(""),
    st.sampled_from(
        [
            '"password": "',
            '"account": ',
            "口座: ",
            '"[US_SSN]": "',
            "account [US_SSN]: ",
            "ghp_",
            "4111 1111 ",
            "\u200b",
        ]
    ),
    st.text(max_size=8),
    st.sampled_from(samples.PIECES),
)


def check(masker: Masker, text: str, cuts: list[int], before: str = "") -> None:
    whole = masker.mask(text, before)
    stream, sent = masker.stream(before), ""
    for left, right in pairwise([0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]):
        sent += stream.feed(text[left:right])
        assert whole.text.startswith(sent)
    assert sent + stream.finish() == whole.text
    assert tuple(stream.findings) == whole.findings
    assert masker.mask(whole.text, before).text == whole.text


@given(TEXTS, CUTS, st.sampled_from(PLANS))
def test_every_split_gives_the_masked_whole(text: str, cuts: list[int], plan: Plan) -> None:
    check(Masker(sample_engine(), plan), text, cuts)


@given(TEXTS, CUTS, st.sampled_from(PLANS), BEFORE)
def test_every_split_gives_the_masked_whole_behind_a_context(
    text: str, cuts: list[int], plan: Plan, before: str
) -> None:
    check(Masker(sample_engine(), plan), text, cuts, before)


@given(TEXTS)
def test_a_context_is_seen_as_the_text_before_it_would_be(text: str) -> None:
    """Of a context that nothing can begin in, the findings are those of the joined text."""
    masker, before = Masker(sample_engine()), "account: "
    joined = masker.mask(before + text)
    assert before + masker.mask(text, before).text == joined.text


@given(st.lists(st.sampled_from([*samples.PIECES, *samples.NAMES]), min_size=1, max_size=9).map("".join))
def test_nothing_that_goes_out_belongs_to_a_finding(text: str) -> None:
    """Character by character: what has gone out, put back in its place, touches no finding of the whole text."""
    masker = Masker(sample_engine())
    findings, stream, sent = masker.mask(text).findings, masker.stream(), ""
    for at, character in enumerate(text):
        sent += stream.feed(character)
        begun = [finding for finding in findings if finding.start <= at]
        outside = at + 1 - sum(min(finding.end, at + 1) - finding.start for finding in begun)
        labels = sum(len(f"[{finding.entity}]") for finding in stream.findings)
        assert len(sent) - labels <= outside
        assert len(stream.findings) <= len(begun)


SHIPPED_PIECES = tuple(
    piece
    for row in DETECTORS
    for piece in (*row.examples[:2], *row.counterexamples[:1], *row.keywords[:1])
    if len(piece) < 400
)
SHIPPED_TEXTS = st.lists(
    st.one_of(
        st.sampled_from(SHIPPED_PIECES), st.sampled_from(samples.PIECES), NEAR, st.sampled_from((" ", "\n", ": "))
    ),
    max_size=8,
).map("".join)

SHIPPED_BEFORE = st.one_of(
    st.just(""), st.sampled_from([keyword for row in DETECTORS for keyword in row.keywords]).map('"{}": "'.format)
)


@cache
def shipped_engine(step: int) -> Engine:
    rows = [row for index, row in enumerate(DETECTORS) if index % step == 0 or row.body]
    return Engine([Section(rows)])


@given(SHIPPED_TEXTS, CUTS, st.sampled_from(Transform), SHIPPED_BEFORE)
def test_some_of_the_shipped_detectors_are_exact_on_every_split(
    text: str, cuts: list[int], how: Transform, before: str
) -> None:
    check(Masker(shipped_engine(9), Plan((Rule(None, how),), KEY)), text, cuts, before)


@pytest.mark.parametrize("row", DETECTORS[::9], ids=lambda row: row.name)
def test_a_name_that_says_nothing_changes_nothing(row: Detector) -> None:
    masker = Masker(shipped_engine(9))
    for text in (*row.examples, *row.counterexamples):
        for context in ('"note": "', '"note": '):
            assert masker.mask(text, context) == masker.mask(text)


@pytest.mark.soak
@given(SHIPPED_TEXTS, CUTS, st.sampled_from(Transform), SHIPPED_BEFORE)
def test_all_of_the_shipped_detectors_are_exact_on_every_split(
    text: str, cuts: list[int], how: Transform, before: str
) -> None:
    check(Masker(shipped_engine(1), Plan((Rule(None, how),), KEY)), text, cuts, before)
