"""Names in masks: entities, groups and globs; what was probably meant; and back to few names."""

import pytest

from narrows.config.entities import NOTHING, Vocabulary

SSN, ITIN, CARD, CVV = "US_SSN", "US_ITIN", "CREDIT_CARD", "CREDIT_CARD_CVV"
NAMES = Vocabulary(
    frozenset((SSN, ITIN, CARD, CVV)),
    {"US": frozenset((SSN, ITIN)), "PAYMENT": frozenset((CARD, CVV)), "PII": frozenset((SSN, ITIN, CARD))},
)


@pytest.mark.parametrize(
    ("name", "entities"),
    [
        (SSN, {SSN}),
        ("US", {SSN, ITIN}),
        ("US_*", {SSN, ITIN}),
        ("*CARD*", {CARD, CVV}),
        ("*", {SSN, ITIN, CARD, CVV}),
        ("us_ssn", set()),
        ("PA*", set()),
        ("", set()),
    ],
)
def test_a_name_stands_for_entities(name: str, entities: set[str]) -> None:
    assert NAMES.resolve(name) == entities


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("US_SSM", "did you mean `US_SSN`?"),
        ("us_ssn", "did you mean `US_SSN`?"),
        ("PAYMENTS", "did you mean `PAYMENT`?"),
        ("quite_else", "`narrows detectors list` shows them"),
    ],
)
def test_what_was_meant(name: str, hint: str) -> None:
    assert NAMES.hint(name) == hint


@pytest.mark.parametrize(
    ("entities", "names"),
    [
        ({SSN, ITIN, CARD, CVV}, ("PII", CVV)),
        ({SSN, ITIN}, ("US",)),
        ({CARD, CVV, SSN}, ("PAYMENT", SSN)),
        ({SSN}, (SSN,)),
        (set(), ()),
    ],
)
def test_the_largest_groups_first(entities: set[str], names: tuple[str, ...]) -> None:
    assert NAMES.summary(entities) == names
    assert frozenset().union(*(NAMES.resolve(name) for name in names)) == entities


def test_nothing_is_known_by_who_has_no_detectors() -> None:
    assert NOTHING.resolve("*") == frozenset()
    assert NOTHING.resolve(SSN) == frozenset()
