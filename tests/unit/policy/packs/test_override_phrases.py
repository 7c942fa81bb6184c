"""The examples of the pack."""

from narrows.policy.packs import override_phrases
from unit.policy.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(override_phrases.PACK) == []
