"""The adapter with the real Presidio; a spaCy model is made here, since none can be assumed to be installed."""

from typing import Any

import pytest

pytest.importorskip("presidio_analyzer", reason="the extra narrows[presidio] is not installed")

import spacy

from narrows.plugins.presidio import Presidio
from narrows.ports.analyzer import Wanted

TEXT = "Ada Lovelace of London pays with 4111 1111 1111 1111"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that names two things."""
    directory = tmp_path_factory.mktemp("model")
    made = spacy.blank("en")
    ruler: Any = made.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Ada Lovelace"}, {"label": "GPE", "pattern": "London"}])
    made.to_disk(directory)
    return str(directory)


def found(wanted: Wanted) -> set[tuple[str, str]]:
    return {(span.entity, TEXT[span.start : span.end]) for span in Presidio(wanted).analyze(TEXT)}


def test_without_a_model_its_patterns_are_asked() -> None:
    assert found(Wanted(frozenset({"CREDIT_CARD"}))) == {("CREDIT_CARD", "4111 1111 1111 1111")}
    assert "PERSON" not in Presidio(Wanted(frozenset({"CREDIT_CARD"}))).entities


def test_with_a_model_it_finds_names_and_places(model: str) -> None:
    wanted = Wanted(frozenset({"PERSON", "LOCATION"}), "en", {"model": model})
    assert found(wanted) == {("PERSON", "Ada Lovelace"), ("LOCATION", "London")}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"model": "no_such_model"}, "'no_such_model' is not installed"),
        ({"modle": "x"}, "unknown option 'modle'; there are model, recognizers"),
        ({"recognizers": "Nobody"}, "no recognizer 'Nobody'"),
    ],
)
def test_options_that_can_not_be_used_are_refused_and_nothing_is_downloaded(
    options: dict[str, str], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Presidio(Wanted(frozenset({"PERSON"}), "en", options))


def test_more_recognizers_are_loaded_by_name() -> None:
    assert "IN_PAN" in Presidio(Wanted(frozenset(), "en", {"recognizers": "InPanRecognizer"})).entities
