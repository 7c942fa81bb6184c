"""Private keys, tokens by standard, and assignments."""

import pytest

from narrows.masking.detector import Detector
from narrows.masking.detectors import secrets_generic
from unit.masking.detectors import matching, secret_variants

VARIANTS = 8
LEAST = 0.95


@pytest.mark.parametrize("row", secrets_generic.DETECTORS, ids=lambda row: row.name)
def test_a_row_finds_its_examples_and_passes_over_its_counterexamples(row: Detector) -> None:
    assert [text for text in row.examples if not matching.finds(row, text)] == []
    assert [text for text in row.counterexamples if matching.finds(row, text)] == []


def test_random_values_are_masked_wherever_they_are_written() -> None:
    rows = (secrets_generic.DETECTORS, secrets_generic.ASSIGNMENTS)
    masked = missed = 0
    texts = []
    for row in secrets_generic.DETECTORS:
        if matching.is_checked(row):
            continue
        found, lost = secret_variants.recall((row, *rows[1]), row, VARIANTS)
        masked, missed = masked + found, missed + len(lost)
        texts += lost
    assert masked >= LEAST * (masked + missed), texts
