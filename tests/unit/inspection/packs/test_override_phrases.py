"""The examples of the pack."""

from narrows.inspection.packs import override_phrases
from unit.inspection.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(override_phrases.PACK) == []
