"""The examples of the pack."""

from narrows.policy.packs import extraction_phrases
from unit.policy.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(extraction_phrases.PACK) == []
