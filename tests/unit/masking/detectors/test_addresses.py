import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.addresses import DETECTORS
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
        ("to PSC 6293, Box 8158\nAPO AP 04336.", "STREET_ADDRESS", ["PSC 6293, Box 8158\nAPO AP 04336"]),
        ("P.O. Box 149, Apt. 1", "STREET_ADDRESS", ["P.O. Box 149"]),
        ("at 350 Fifth Ave Suite 3301, NY", "STREET_ADDRESS", ["350 Fifth Ave Suite 3301"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
