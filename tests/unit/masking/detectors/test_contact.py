import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors.contact import DETECTORS
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
        ("<john.doe+x@mail.example.co.uk>, next", "EMAIL_ADDRESS", ["john.doe+x@mail.example.co.uk"]),
        ("write to a@b.com.", "EMAIL_ADDRESS", ["a@b.com"]),
        ("我的邮箱是foo@bar.com的", "EMAIL_ADDRESS", ["foo@bar.com"]),
        ("mail='x_y@z.org';", "EMAIL_ADDRESS", ["x_y@z.org"]),
        ("a@b..com", "EMAIL_ADDRESS", []),
        ("müller.özgür.şıç@example.com", "EMAIL_ADDRESS", ["müller.özgür.şıç@example.com"]),
        ("写信给用户@例.中国", "EMAIL_ADDRESS", ["写信给用户@例.中国"]),
        ("Austin, TX 78701-1234.", "ZIP_CODE", ["78701-1234"]),
        ("PLZ: 10115 Berlin", "ZIP_CODE", ["10115"]),
    ],
)
def test_exactly_the_value_is_masked(text: str, entity: str, found: list[str]) -> None:
    assert values(DETECTORS, text, entity) == found
