import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.identity_nordic import DETECTORS
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
        ("personnummer 19670919-9530.", "SE_PERSONNUMMER", ["19670919-9530"]),
        ("hetu 131052-308T", "FI_PERSONAL_IDENTITY_CODE", ["131052-308T"]),
        ("fnr 15108695088", "NO_FODSELSNUMMER", ["15108695088"]),
        ("PESEL 44051401359", "PL_PESEL", ["44051401359"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
