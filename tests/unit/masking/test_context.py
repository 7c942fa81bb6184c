"""Names stand before values as they would in a text."""

import pytest

from narrows.masking.context import before


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("password", "password"),
        ("dateOfBirth", "date Of Birth"),
        ("date_of_birth", "date_of_birth"),
        ("card-cvv", "card-cvv"),
        ("X-Api-Key", "X-Api-Key"),
        ("SSNumber", "SS Number"),
        ("zip_code", "zip code"),
        ("patient.id", "patient id"),
        ("bankAccount number", "bank Account number"),
        ("生年月日", "生年月日"),
    ],
)
def test_a_name_is_shown_as_detectors_ask_for_it(name: str, shown: str) -> None:
    assert before(name) == f'"{shown}": "'
    assert before(name, quoted=False) == f'"{shown}": '


def test_no_name_is_no_context() -> None:
    assert before("") == ""
