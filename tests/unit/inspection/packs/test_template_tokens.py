"""The examples of the pack."""

from narrows.inspection.packs import template_tokens
from unit.inspection.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(template_tokens.PACK) == []
