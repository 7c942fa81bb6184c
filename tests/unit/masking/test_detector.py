from dataclasses import FrozenInstanceError

import pytest

from narrows.masking.detector import CONTEXT, Detector


def test_a_row_is_certain_and_looks_to_the_left_unless_it_says_otherwise() -> None:
    row = Detector(name="pin", entity="PIN", pattern=r"[0-9]{4}")
    assert (row.score, row.keyword_score, row.left, row.right) == (1.0, 1.0, CONTEXT, 0)


def test_a_row_never_changes() -> None:
    row = Detector(name="pin", entity="PIN", pattern=r"[0-9]{4}")
    with pytest.raises(FrozenInstanceError):
        row.entity = "OTHER"  # type: ignore[misc]
