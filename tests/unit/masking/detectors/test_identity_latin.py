import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.identity_latin import DETECTORS
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
        ("DNI 12.345.678-Z;", "ES_NIF", ["12.345.678-Z"]),
        ("CF: RSSMRA85T10A562S.", "IT_FISCAL_CODE", ["RSSMRA85T10A562S"]),
        ("NIR 2 95 10 99 126 111 93 de", "FR_NIR", ["2 95 10 99 126 111 93"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
