import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.identity_americas import DETECTORS
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
        ("SIN 046 454 286.", "CA_SIN", ["046 454 286"]),
        ("CPF 390.533.447-05", "BR_CPF", ["390.533.447-05"]),
        ("12.ABC.345/01DE-35", "BR_CNPJ", ["12.ABC.345/01DE-35"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
