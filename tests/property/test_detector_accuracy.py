"""How well the tables find what is in a public corpus that nobody here wrote: spans and labels must agree exactly.

The engine is measured; on a part of the corpus the plain oracle must find the same.
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from narrows.masking.detectors.groups import DETECTORS
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.section import Section
from unit.masking.reference import find

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "pii_dev.jsonl"

STRUCTURED = {
    "CREDIT_CARD": "CREDIT_CARD",
    "EMAIL_ADDRESS": "EMAIL_ADDRESS",
    "IBAN_CODE": "IBAN_CODE",
    "IP_ADDRESS": "IP_ADDRESS",
    "PHONE_NUMBER": "PHONE_NUMBER",
    "URL": "DOMAIN_NAME",
    "US_DRIVER_LICENSE": "US_DRIVER_LICENSE",
    "US_SSN": "US_SSN",
    "ZIP_CODE": "ZIP_CODE",
}
"""The corpus' labels by our entities, of those that have a form: not names, places, titles and weekdays."""


@cache
def _masker() -> Masker:
    return Masker(Engine([Section(DETECTORS)]))


def _documents() -> list[dict[str, Any]]:
    if not CORPUS.exists():
        pytest.skip("the labelled corpus ../shared/data/pii_dev.jsonl is not at hand")
    return [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


def _f1(entities: set[str], hits: Counter[str], found: Counter[str], labelled: Counter[str]) -> float:
    hit, all_found, all_labelled = (sum(count[entity] for entity in entities) for count in (hits, found, labelled))
    return 2 * hit / (all_found + all_labelled)


def test_structured_entities_are_found_exactly() -> None:
    hits, found, labelled, strays = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for document in _documents():
        gold = {(span["start"], span["end"], span["type"]) for span in document["spans"]}
        ours = {
            (one.start, one.end, STRUCTURED.get(one.entity, one.entity))
            for one in _masker().mask(document["text"]).findings
        }
        hits.update(label for _, _, label in ours & gold)
        found.update(label for _, _, label in ours)
        labelled.update(label for _, _, label in gold)
        strays.update(
            label for start, end, label in ours if not any(left < end and start < right for left, right, _ in gold)
        )
    assert hits["CREDIT_CARD"] == labelled["CREDIT_CARD"] > 0
    everything = set(STRUCTURED.values())
    assert _f1(everything - {"ZIP_CODE", "US_DRIVER_LICENSE"}, hits, found, labelled) >= 0.97
    assert _f1(everything, hits, found, labelled) >= 0.93
    assert sum(strays.values()) <= 3, f"found where the corpus has nothing at all: {strays}"


@pytest.mark.parametrize("part", range(3))
def test_the_engine_masks_what_the_oracle_finds(part: int) -> None:
    texts = [document["text"] for document in _documents() if document["text"].isascii()]
    for text in texts[part::9]:
        masked = [False] * len(text)
        for row in DETECTORS:
            for one in find(text, row):
                masked[one.start : one.end] = [True] * (one.end - one.start)
        engine = [False] * len(text)
        for finding in _masker().mask(text).findings:
            engine[finding.start : finding.end] = [True] * (finding.end - finding.start)
        assert engine == masked, text
