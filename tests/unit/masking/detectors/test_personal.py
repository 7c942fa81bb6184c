import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.personal import DETECTORS
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
        ("password: hunter2 and more", "PASSWORD", ["hunter2"]),
        ('{"password": "correct horse", "x": 1}', "PASSWORD", ["correct horse"]),
        ("My password is S3cr3t! now", "PASSWORD", ["S3cr3t!"]),
        ("password = settings.password", "PASSWORD", []),
        ("Her date of birth is 3 May 1980 and", "DATE_OF_BIRTH", ["3 May 1980"]),
        ("PIN: 4821, ping 5000", "PIN", ["4821"]),
        ("a 74 year old man, aged 75", "AGE", ["74 year old", "75"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
