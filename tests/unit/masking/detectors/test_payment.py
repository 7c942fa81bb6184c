import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.payment import DETECTORS
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
        ("id4111111111111111x", "CREDIT_CARD", ["4111111111111111"]),
        ("4111111111111111 12/27", "CREDIT_CARD", ["4111111111111111"]),
        ("4111 1111 1111 1111 123", "CREDIT_CARD", ["4111 1111 1111 1111"]),
        ("12 4111-1111-1111-1111, 3782 822463 10005.", "CREDIT_CARD", ["4111-1111-1111-1111", "3782 822463 10005"]),
        ("card_number=5555555555554444&x=1", "CREDIT_CARD", ["5555555555554444"]),
        ("4111 1111 1111 1112", "CREDIT_CARD", []),
        ('{"cvv": "123", "zip": "4567"}', "CREDIT_CARD_CVV", ["123"]),
        ("IBAN GB82 WEST 1234 5698 7654 32 AND MORE", "IBAN_CODE", ["GB82 WEST 1234 5698 7654 32"]),
        ("account no. 12345678, sort code 20-00-00", "US_BANK_NUMBER", ["12345678"]),
        ("account no. 12345678, sort code 20-00-00", "UK_SORT_CODE", ["20-00-00"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
