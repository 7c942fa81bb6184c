"""What every analyzer holds, whatever the text: it finds what is wanted and nothing else, at places the text has."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.model.span import Span
from narrows.ports.analyzer import Analyzer, Wanted
from unit.plugins.parrot import Parrot


def presidio(wanted: Wanted) -> Analyzer:
    pytest.importorskip("presidio_analyzer", reason="the extra narrows[presidio] is not installed")
    from narrows.plugins.presidio import Presidio

    return Presidio(wanted)


ANALYZERS: dict[str, tuple[Callable[[Wanted], Any], str, str]] = {
    "parrot": (Parrot, "PERSON", "ask Ada, and Grace"),
    "presidio": (presidio, "CREDIT_CARD", "pays with 4111 1111 1111 1111"),
}
every_analyzer = pytest.mark.parametrize("kind", ANALYZERS)
texts = st.lists(
    st.sampled_from(
        ["Ada", "in London", "4111 1111 1111 1111", "a@b.org", "\n", "\x00", "é", "\U0001f600", "李", "Dr."]
    )
).map(" ".join)


@every_analyzer
def test_it_finds_what_it_says_and_only_what_is_wanted(kind: str) -> None:
    make, entity, text = ANALYZERS[kind]
    analyzer = make(Wanted(frozenset({entity})))
    assert entity in analyzer.entities
    assert {span.entity for span in analyzer.analyze(text)} == {entity}
    assert analyzer.analyze("") == []


@every_analyzer
@settings(max_examples=50, deadline=None)
@given(text=texts)
def test_spans_are_places_of_the_text(kind: str, text: str) -> None:
    make, entity, _ = ANALYZERS[kind]
    for span in make(Wanted(frozenset({entity}))).analyze(text, "en"):
        assert isinstance(span, Span)
        assert 0 <= span.start < span.end <= len(text)
        assert span.entity == entity
        assert 0 <= span.score <= 1
