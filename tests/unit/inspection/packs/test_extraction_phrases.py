"""The examples of the pack."""

from narrows.inspection.packs import extraction_phrases
from unit.inspection.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(extraction_phrases.PACK) == []
