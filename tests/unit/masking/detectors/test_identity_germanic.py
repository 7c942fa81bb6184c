import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.identity_germanic import DETECTORS
from unit.masking.detectors.rows import counterexamples, examples, values
from unit.masking.reference import find


@pytest.mark.parametrize(("row", "text"), examples(DETECTORS))
def test_an_example_is_found(row: Detector, text: str) -> None:
    assert list(find(text, row))


@pytest.mark.parametrize(("row", "text"), counterexamples(DETECTORS))
def test_a_counterexample_is_not(row: Detector, text: str) -> None:
    assert list(find(text, row)) == []


@pytest.mark.parametrize(
    ("text", "entity", "found"),
    [
        ("Steuer-IdNr. 86 095 742 719,", "DE_TAX_ID", ["86 095 742 719"]),
        ("BSN 1112.22.333", "NL_BSN", ["1112.22.333"]),
        ("NISS: 85.07.30-033 28", "BE_NRN", ["85.07.30-033 28"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
