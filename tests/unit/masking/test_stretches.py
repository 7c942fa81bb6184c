"""A field that goes on after its end is masked by itself and behind what was said before."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from narrows.masking.arguments import ArgumentsStream
from narrows.masking.detector import MOST_CONTEXT
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.rows import MOST_LEAD
from narrows.masking.stretches import CONTEXT, Ended, Stretch, gone_on, joined
from narrows.model.plan import Transform
from unit.masking.samples import engine

MASKER = Masker(engine(), Plan((Rule(frozenset({"US_SSN", "CREDIT_CARD", "EMAIL_ADDRESS"}), Transform.REDACT),)))
WORDS = st.lists(
    st.sampled_from(["078-05-1120", "4111 1111 1111 1111", "ada@example.org", "078-", "05-1120", "4111 1111 ", "ada@",
                     "example.org", " ", "x", "1", "[US_SSN]", "\n"]), max_size=8,
).map("".join)  # fmt: skip


def ended(text: str) -> tuple[str, Ended]:
    stretch = Stretch(MASKER.stream())
    return stretch.feed(text) + stretch.finish(), stretch.ended


def pieces(text: str, cuts: list[int]) -> list[str]:
    marks = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(marks)]


@given(WORDS, WORDS, st.lists(st.integers(0, 60), max_size=6))
def test_what_the_caller_puts_together_is_masked(first: str, second: str, cuts: list[int]) -> None:
    before, known = ended(first)
    stretch = gone_on(MASKER, known.said, MASKER.stream())
    out = ""
    for piece in pieces(second, cuts):
        out += stretch.feed(piece)
        together = before + out
        if not stretch.breaks:
            assert MASKER.stream().feed(together) == together[: len(MASKER.stream().feed(together))]
    out += stretch.finish()
    if not stretch.breaks:
        assert MASKER.mask(before + out).text == before + out
        assert MASKER.mask(out).text == out


@given(WORDS, WORDS, st.lists(st.integers(0, 60), max_size=6))
def test_it_breaks_only_where_something_goes_over_the_gap(first: str, second: str, cuts: list[int]) -> None:
    before, known = ended(first)
    stretch = gone_on(MASKER, known.said, MASKER.stream())
    out = "".join([*(stretch.feed(piece) for piece in pieces(second, cuts)), stretch.finish()])
    apart = MASKER.mask(second).text
    if MASKER.mask(before + apart).text == before + apart:
        assert not stretch.breaks
        assert out == apart


def test_of_json_it_knows_how_far_it_came() -> None:
    for text, in_object, complete in [('{"a": 1} ', False, True), ('[{"a', True, False), ("abc", False, False)]:
        stretch = Stretch(ArgumentsStream(MASKER))
        assert stretch.feed(text) + stretch.finish() == text
        assert stretch.ended == Ended(text, in_object, complete)
    assert ended("abc")[1] == Ended("abc")


def test_what_is_kept_is_bounded() -> None:
    assert len(ended("word " * 1000)[1].said) <= CONTEXT + len("word ")


def test_no_detector_looks_further_back() -> None:
    assert MOST_LEAD + MOST_CONTEXT <= CONTEXT


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_parts_of_a_whole_are_masked_together(texts: list[str]) -> None:
    alone = [MASKER.mask(text).text for text in texts]
    outs, findings = joined(MASKER, alone)
    together = "".join(outs)
    assert together == MASKER.mask("".join(alone)).text
    assert MASKER.mask(together).text == together
    assert bool(findings) == (outs != alone)


def test_a_part_stays_in_its_place_unless_something_goes_over_to_the_next() -> None:
    masker = Masker(engine(), Plan((Rule(frozenset({"US_BANK_NUMBER", "US_SSN"}), Transform.REDACT),)))
    assert joined(masker, ["my account is ", "1234567890", "."])[0] == ["my account is ", "[US_BANK_NUMBER]", "."]
    assert joined(masker, ["see 078-", "05-1120", "."])[0] == ["see [US_SSN].", "", ""]
