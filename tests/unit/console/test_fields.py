"""Fields that several routes take."""

import pytest

from narrows.console.fields import field_wrong, reason_of, span_of
from narrows.console.problems import FieldError, Problem, Refused


def test_a_reason_is_trimmed_and_an_empty_one_is_none() -> None:
    assert reason_of("  two\nlines ") == "two\nlines"
    assert reason_of("  ") is None
    assert reason_of(None) is None
    with pytest.raises(Refused):
        reason_of("bell \a")


@pytest.mark.parametrize("text", ["", "0s", "-1h", "2h", "later", "1 hour"])
def test_a_span_that_is_none_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(Refused) as refused:
        span_of("for", text, 3600.0)
    assert refused.value.errors[0].field == "for"


def test_a_span_is_exact() -> None:
    assert span_of("for", "90m", 7200.0) == 5_400_000_000


def test_one_field_is_named() -> None:
    refused = field_wrong("reason", "is missing")
    assert (refused.problem, refused.errors) == (Problem.FIELD_INVALID, (FieldError("reason", "is missing"),))
