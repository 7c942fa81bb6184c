"""The examples of the pack."""

from narrows.inspection.packs import invisible_text
from unit.inspection.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(invisible_text.PACK) == []
