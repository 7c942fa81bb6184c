"""What a provider says when it refuses is told, whatever it is, and cut to what a person reads."""

import pytest

from narrows.client.failure import refusal


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"error": "access_denied"}, "idp refuses: access_denied"),
        ({"error": "access_denied", "error_description": "not yours"}, "idp refuses: access_denied (not yours)"),
        ({}, "idp refuses: no reason given"),
        ({"error": 1, "error_description": [2]}, "idp refuses: no reason given"),
    ],
)
def test_it_is_told(answer: dict[str, object], told: str) -> None:
    assert refusal("idp", answer) == told


def test_it_is_cut() -> None:
    assert len(refusal("idp", {"error": "e" * 9999, "error_description": "d" * 9999})) < 500
