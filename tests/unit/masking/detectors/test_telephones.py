import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.telephones import DETECTORS
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
        ("to +44 20 7946 0958 2 times", "PHONE_NUMBER", ["+44 20 7946 0958"]),
        ("(212) 555-0199 or 212.555.0199 x123", "PHONE_NUMBER", ["(212) 555-0199", "212.555.0199 x123"]),
        ("fax 0048 22 345 67 89.", "PHONE_NUMBER", ["0048 22 345 67 89"]),
        ("Phone:\n467 3395\n\nE-mail", "PHONE_NUMBER", ["467 3395"]),
        ("between 2019-2020 and 2020-12-31 12:30:59", "PHONE_NUMBER", []),
        ("the call took 1234567 cycles", "PHONE_NUMBER", []),
        ("call 10.20.30.40 now", "PHONE_NUMBER", []),
        ("tel:+33-1-84-17-61-18;ext", "PHONE_NUMBER", ["+33-1-84-17-61-18"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
