"""The examples of the pack."""

from narrows.policy.packs import template_tokens
from unit.policy.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(template_tokens.PACK) == []
