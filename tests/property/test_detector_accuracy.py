"""How well the tables find what is in a public corpus that nobody here wrote: spans and labels must agree exactly."""

import json
from collections import Counter
from pathlib import Path

import pytest

from narrows.masking.detectors.groups import DETECTORS
from unit.masking.reference import find, resolve

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
"""Our entities by the corpus' labels, of those that have a form: not names, places, titles and weekdays."""


def _f1(entities: set[str], hits: Counter[str], found: Counter[str], labelled: Counter[str]) -> float:
    hit, all_found, all_labelled = (sum(count[entity] for entity in entities) for count in (hits, found, labelled))
    return 2 * hit / (all_found + all_labelled)


@pytest.mark.timeout(300)
def test_structured_entities_are_found_exactly() -> None:
    if not CORPUS.exists():
        pytest.skip("the labelled corpus ../shared/data/pii_dev.jsonl is not at hand")
    hits, found, labelled = Counter[str](), Counter[str](), Counter[str]()
    strays = Counter[str]()
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        text = document["text"]
        gold = {(span["start"], span["end"], span["type"]) for span in document["spans"]}
        ours = {
            (one.start, one.end, STRUCTURED.get(one.entity, one.entity))
            for one in resolve(finding for row in DETECTORS for finding in find(text, row))
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
