import pytest

from narrows.masking.masker import Masker
from narrows.masking.plan import Chosen, Plan, Rule
from narrows.model.plan import Transform
from unit.masking.samples import engine

ENGINE = engine()
TEXT = "card 4111 1111 1111 1111, ssn 078-05-1120, mail ann@example.com"


def only(*entities: str) -> frozenset[str]:
    return frozenset(entities)


def test_plans_with_different_entities_share_one_engine() -> None:
    cards = Masker(ENGINE, Plan((Rule(only("CREDIT_CARD")),)))
    people = Masker(ENGINE, Plan((Rule(only("US_SSN", "EMAIL_ADDRESS")),)))
    assert cards.mask(TEXT).text == "card [CREDIT_CARD], ssn 078-05-1120, mail ann@example.com"
    assert people.mask(TEXT).text == "card 4111 1111 1111 1111, ssn [US_SSN], mail [EMAIL_ADDRESS]"


def test_an_entity_nobody_finds_is_refused() -> None:
    with pytest.raises(ValueError, match="UNICORN"):
        Chosen(ENGINE, Plan((Rule(only("UNICORN")),)))


def test_a_plan_without_rules_lets_everything_through() -> None:
    masker = Masker(ENGINE, Plan(()))
    assert masker.mask(TEXT).text == TEXT
    assert masker.stream().feed("078-05-1120") == "078-05-1120"


def test_rules_add_up_and_the_strictest_transform_wins() -> None:
    mild = Rule(None, Transform.PARTIAL)
    strict = Rule(only("US_SSN"), Transform.BLOCK)
    masked = Masker(ENGINE, Plan((mild, strict))).mask(TEXT)
    assert masked.text == "card ********1111, ssn [US_SSN], mail ********ecom"
    assert masked.blocked
    assert not Masker(ENGINE, Plan((mild,))).mask(TEXT).blocked


def test_each_rule_has_its_own_threshold() -> None:
    rules = (Rule(None, Transform.PARTIAL), Rule(None, Transform.BLOCK, threshold=0.95))
    masked = Masker(ENGINE, Plan(rules)).mask("4111 1111 1111 1111 and 078-05-1120")
    assert [finding.transform for finding in masked.findings] == [Transform.PARTIAL, Transform.BLOCK]


def test_a_value_is_allowed_only_where_every_rule_allows_it() -> None:
    allowing = Rule(only("EMAIL_ADDRESS"), allow=only("ann@example.com"))
    assert Masker(ENGINE, Plan((allowing,))).mask(TEXT).text == TEXT
    assert "[EMAIL_ADDRESS]" in Masker(ENGINE, Plan((allowing, Rule(only("EMAIL_ADDRESS"))))).mask(TEXT).text
    both = Plan((allowing, Rule(only("EMAIL_ADDRESS"), Transform.BLOCK, allow=only("ANN@example.com"))))
    assert Masker(ENGINE, both).mask(TEXT).text == TEXT


def test_hashing_needs_a_key() -> None:
    with pytest.raises(ValueError, match="16 to 64"):
        Plan((Rule(None, Transform.HASH),), key=b"short")


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(Plan((Rule(None, Transform.HASH),), key=b"secret secret secret"))
