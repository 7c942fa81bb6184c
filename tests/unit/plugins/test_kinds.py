"""What of an answer is believed."""

from typing import Any

import pytest

from narrows.model.span import Span
from narrows.plugins.kinds import analyzing, classifying
from narrows.ports.plugin import PluginFailed


def test_spans_carry_the_name_of_who_found_them() -> None:
    read = analyzing("names", {"PERSON"}).read
    assert read("ask Ada", [(4, 7, "PERSON", 0.9)]) == (Span(4, 7, "PERSON", 0.9, "names"),)
    assert read("ask Ada", []) == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((4, 8, "PERSON", 0.9), "does not have"),
        ((4, 4, "PERSON", 0.9), "does not have"),
        ((-1, 4, "PERSON", 0.9), "does not have"),
        ((0, 3, "CITY", 0.9), "not asked for"),
        ((0, 3, "PERSON", 1.1), "a score that is none"),
        ((0, 3, "PERSON", float("nan")), "a score that is none"),
    ],
)
def test_a_span_that_can_not_be_is_a_failure(row: Any, reason: str) -> None:
    with pytest.raises(PluginFailed, match=reason):
        analyzing("names", {"PERSON"}).read("ask Ada", [row])


def test_labels_that_are_sure_enough_are_given() -> None:
    read = classifying({"a", "b", "c"}, 0.5).read
    assert read("x", {"b": 0.5, "a": 1, "c": 0.49}) == ("a", "b")
    assert read("x", {}) == ()


@pytest.mark.parametrize("row", [{"z": 0.9}, {"a": -0.1}, {"a": 2}, {"a": float("nan")}])
def test_a_label_that_can_not_be_is_a_failure(row: dict[str, float]) -> None:
    with pytest.raises(PluginFailed):
        classifying({"a"}, 0.5).read("x", row)
