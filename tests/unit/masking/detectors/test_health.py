import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.health import DETECTORS
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
        ("MRN: 00457812, NPI 1234567893", "MEDICAL_RECORD_NUMBER", ["00457812"]),
        ("MRN: 00457812, NPI 1234567893", "US_NPI", ["1234567893"]),
        ("NHS number 943 476 5919.", "UK_NHS", ["943 476 5919"]),
        ("Medicare 2123 45670 1", "AU_MEDICARE", ["2123 45670 1"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
