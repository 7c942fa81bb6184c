import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.identity_asia_pacific import DETECTORS
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
        ("TFN 123 456 782.", "AU_TFN", ["123 456 782"]),
        ("Aadhaar 4991 1866 5246", "IN_AADHAAR", ["4991 1866 5246"]),
        ("NRIC S1234567D", "SG_NRIC_FIN", ["S1234567D"]),
        ("ID number 8001015009087", "ZA_ID", ["8001015009087"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
