"""What every shipped rule has to say for itself."""

import pytest

from narrows.policy.packs.rule import PackRule, Side
from narrows.policy.packs.shipped import PACKS

RULES = [rule for pack in PACKS for rule in pack.rules]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is_for_and_what_it_misses(rule: PackRule) -> None:
    assert all(text.endswith(".") and len(text) > 20 for text in (rule.purpose, rule.misses, rule.also_matches))
    assert rule.version >= 1
    assert rule.patterns
    assert len(rule.matches) >= 1
    assert len(rule.spares) >= 2
    assert bool(rule.roles) is (rule.side is Side.PROMPT)


def test_no_rule_of_phrases_claims_to_detect() -> None:
    for pack in PACKS:
        for text in (
            pack.name,
            pack.summary,
            *(rule.id for rule in pack.rules),
            *(rule.purpose for rule in pack.rules),
        ):
            assert "detect" not in text.lower()
