"""The examples of the pack."""

from narrows.inspection.packs import enumeration_phrases
from unit.inspection.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(enumeration_phrases.PACK) == []
