"""The examples of the pack."""

from narrows.policy.packs import invisible_text
from unit.policy.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(invisible_text.PACK) == []
