import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.identity_us import DETECTORS
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
        ("SSN:054-28-6917,", "US_SSN", ["054-28-6917"]),
        ("user_ssn=054286917", "US_SSN", ["054286917"]),
        ("666-12-3456", "US_SSN", []),
        ("my driver's license number is 6940579", "US_DRIVER_LICENSE", ["6940579"]),
        ("passport A12345678 of", "US_PASSPORT", ["A12345678"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
