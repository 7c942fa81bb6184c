"""A lookout tells of all that it finds, wherever it lies over something else, and however the text comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking.engine import Engine, Source
from narrows.masking.lookout import Lookout, SpottingLookout
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.section import Section
from narrows.masking.spotted import wanted
from narrows.model.span import Span
from unit.masking.samples import detector

ENGINE = Engine(
    [
        Section(
            (
                detector("inner", "secret"),
                detector("outer", "top secret plan"),
                detector("after", "plan b"),
                detector("long", "begin", body="a-z "),
            )
        )
    ]
)
EVERYTHING = Plan((Rule(frozenset({"INNER", "OUTER", "AFTER", "LONG"})),))
LOOKOUT = Lookout(ENGINE, EVERYTHING)


def entities(text: str) -> set[str]:
    return {finding.entity for finding in LOOKOUT.mask(text).findings}


def test_what_overlaps_is_told_one_by_one() -> None:
    text = "a top secret plan b"
    assert entities(text) == {"INNER", "OUTER", "AFTER"}
    assert len(Masker(ENGINE, EVERYTHING).mask(text).findings) == 1


def test_a_clean_text_has_nothing() -> None:
    assert LOOKOUT.mask("nothing").findings == ()


def test_what_plug_ins_found_is_told_beside_the_rest() -> None:
    engine = Engine([Section((detector("inner", "secret"),))], others=[Source("people", "PERSON")])
    lookout = Lookout(engine, Plan((Rule(frozenset({"INNER", "PERSON"})),)))
    text = "a secret Name"
    spans = {text: (Span(2, 13, "PERSON", 1.0, "people"),)}
    spotting = SpottingLookout(lookout, wanted(lookout), spans, strict=False)
    assert {finding.entity for finding in spotting.mask(text).findings} == {"INNER", "PERSON"}
    assert {finding.entity for finding in spotting.mask("another secret Name").findings} == {"INNER"}


@pytest.mark.parametrize("filler", [10, 5000])
def test_what_stands_in_something_longer_than_is_held(filler: int) -> None:
    assert entities(f"begin {'x' * filler} secret") == {"LONG", "INNER"}


@given(st.lists(st.integers(1, 30), max_size=8), st.sampled_from([20, 4500]))
def test_a_stream_tells_the_same(sizes: list[int], filler: int) -> None:
    text = f"so top secret plan b, begin {'x ' * filler}top secret plan b. secret"
    stream = LOOKOUT.stream()
    at = 0
    for size in sizes:
        stream.feed(text[at : at + size])
        at += size
    stream.finish(text[at:])
    assert {finding.entity for finding in stream.findings} == entities(text)
