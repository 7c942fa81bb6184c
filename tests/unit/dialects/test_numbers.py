"""Numbers of requests: their literals, and lists of them that are one text."""

from typing import Any

import pytest
from msgspec import Raw

from narrows.dialects.numbers import FEW, literal, long_source


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (4111, "4111"),
        (-1, "-1"),
        (0.5, "0.5"),
        (1e300, "1e300"),
        (Raw(b"1.50"), "1.50"),
        (True, "true"),
        (False, "false"),
        (None, None),
        ("1", None),
        ([1], None),
    ],
)
def test_a_number_is_spelled_as_it_is_sent(value: Any, spelled: str | None) -> None:
    assert literal(value) == spelled


def test_only_many_numbers_alone_are_one_text() -> None:
    assert long_source([1] * FEW) is None
    assert long_source([1] * (FEW + 1)) == "[1,1,1,1,1]"
    assert long_source([[0.5, 1], [Raw(b"2.50")]]) is None
    assert long_source([[0.5] * 200]) is not None
    for other in ([], [[]], [None] * 9, [1, 2, 3, 4, "5"], [1, 2, 3, 4, None], [1, 2, 3, 4, {}], ["1"] * 9, [True] * 9):
        assert long_source(other) is None
