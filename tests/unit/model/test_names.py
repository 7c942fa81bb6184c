"""What a value is called."""

import pytest

from narrows.model.names import LONGEST_NAME, named


@pytest.mark.parametrize(
    ("key", "above", "name"),
    [
        ("password", "", "password"),
        ("password", "account", "password"),
        ("value", "ssn", "ssn"),
        ("value", "", ""),
        ("number", "card", "card number"),
        ("number", "", "number"),
        ("content", "messages", "messages"),
        ("messages", "", ""),
        ("role", "user_note", ""),
        ("k" * LONGEST_NAME, "", "k" * LONGEST_NAME),
        ("k" * (LONGEST_NAME + 1), "", ""),
        ("number", "k" * LONGEST_NAME, ""),
        ("", "", ""),
    ],
)
def test_a_value_is_called_after_what_says_most(key: str, above: str, name: str) -> None:
    assert named(key, above) == name
