"""What every table of detectors must hold: its rows find their examples and pass over their counterexamples."""

from collections.abc import Sequence

import pytest

from narrows.masking.detector import Detector
from unit.masking.reference import find


def examples(table: Sequence[Detector]) -> list[object]:
    return [pytest.param(row, text, id=f"{row.name}: {text[:40]}") for row in table for text in row.examples]


def counterexamples(table: Sequence[Detector]) -> list[object]:
    return [pytest.param(row, text, id=f"{row.name}: {text[:40]}") for row in table for text in row.counterexamples]


def values(table: Sequence[Detector], text: str, entity: str) -> list[str]:
    """What the rows of one entity find in a text, each value once, in order of place."""
    spans = {(one.start, one.end) for row in table if row.entity == entity for one in find(text, row)}
    outer = [
        (start, end)
        for start, end in spans
        if not any((left, right) != (start, end) and left <= start and end <= right for left, right in spans)
    ]
    return [text[start:end] for start, end in sorted(outer)]
