import re

import pytest

from narrows.masking import standins
from narrows.masking.fields import FieldRule, FieldRules
from narrows.masking.findings import HOLD
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.tokens import Tokens
from narrows.model.plan import Transform
from unit.masking.samples import engine

ENGINE = engine()
KEY = b"k" * 32
SSN, CARD = "078-05-1120", "4111 1111 1111 1111"
TOKENIZED = Plan((Rule(None, Transform.TOKEN),))


def masker(tokens: Tokens | None = None, plan: Plan = TOKENIZED) -> Masker:
    return Masker(ENGINE, plan) if tokens is None else Masker(ENGINE, plan).keyed(tokens)


def test_a_value_has_the_same_stand_in_each_time_and_another_for_another() -> None:
    first, second, bob = Tokens(KEY, "alice"), Tokens(KEY, "alice"), Tokens(KEY, "bob")
    token = first.stand_in("US_SSN", SSN)
    assert re.fullmatch(r"\[US_SSN:[bcdfghjkmnpqrstv]{12}\]", token)
    assert token == first.stand_in("US_SSN", SSN) == second.stand_in("US_SSN", SSN)
    others = [bob.stand_in("US_SSN", SSN), first.stand_in("US_SSN", "078051120"), first.stand_in("US_ITIN", SSN),
              Tokens(b"K" * 32, "alice").stand_in("US_SSN", SSN)]  # fmt: skip
    assert len({token, *others}) == 5
    assert first.originals.get(token) == SSN
    assert bob.originals.get(token) is None


@pytest.mark.parametrize(("one", "other"), [("a", "a:"), ("1:a", "a"), ("", "a")])
def test_principals_do_not_run_into_values(one: str, other: str) -> None:
    assert Tokens(KEY, one).stand_in("A", "x") != Tokens(KEY, other).stand_in("A", "x")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 to 64"):
        Tokens(b"short", "alice")


def test_half_a_character_has_a_stand_in_and_no_way_back() -> None:
    tokens = Tokens(KEY, "alice")
    assert tokens.originals.get(tokens.stand_in("FIELD", "\ud83d")) is None
    assert tokens.originals.get(tokens.stand_in("FIELD", "😀")) == "😀"


def test_a_text_gets_stand_ins_and_masking_it_again_changes_nothing() -> None:
    tokens = Tokens(KEY, "alice")
    text = f"my ssn is {SSN}, again {SSN}, card {CARD}."
    masked = masker(tokens).mask(text).text
    ssn, card = tokens.stand_in("US_SSN", SSN), tokens.stand_in("CREDIT_CARD", CARD)
    assert masked == f"my ssn is {ssn}, again {ssn}, card {card}."
    assert len(tokens.originals) == 2
    for again in (masker(tokens), masker(), Masker(ENGINE)):
        assert again.mask(masked).text == masked
        assert again.mask(masked).findings == ()


def test_what_is_kept_is_the_value_as_it_was_written() -> None:
    tokens, spelled = Tokens(KEY, "alice"), "\uff1078-05\u200b-1120"
    masked = masker(tokens).mask(f"ssn {spelled} ok").text
    (match,) = standins.tokens(masked)
    assert tokens.originals.get(match.group()) == spelled


def test_without_a_call_there_is_no_way_back_so_it_is_redacted() -> None:
    assert masker().mask(f"ssn {SSN}").text == "ssn [US_SSN]"
    stream = masker().stream()
    assert stream.feed(f"ssn {SSN} ") + stream.finish() == "ssn [US_SSN] "


def test_the_strictest_of_several_rules_wins() -> None:
    def masked(transform: Transform) -> str:
        plan = Plan((Rule(None, Transform.TOKEN), Rule(None, transform)), KEY)
        return masker(Tokens(KEY, "alice"), plan).mask(SSN).text

    token = Tokens(KEY, "alice").stand_in("US_SSN", SSN)
    assert [masked(one) for one in Transform] == [token, token, token, "[US_SSN]", "[US_SSN]"]


def test_what_is_too_long_to_be_held_is_redacted() -> None:
    tokens = Tokens(KEY, "alice")
    key = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 2] * (HOLD // 64 + 1))
    key += "\n-----END PRIVATE KEY-----"
    masked = Masker(ENGINE, TOKENIZED).keyed(tokens).mask(key)
    assert [finding.entity for finding in masked.findings] == ["PRIVATE_KEY"]
    assert masked.text == "[PRIVATE_KEY]"
    assert len(tokens.originals) == 0


def test_a_value_that_a_field_rule_covers_has_a_stand_in_which_the_rule_leaves_alone() -> None:
    tokens = Tokens(KEY, "alice")
    plain = FieldRules([FieldRule("password", Transform.TOKEN)])
    rules = plain.keyed(tokens)
    (rule,) = rules._names.values()
    token = rules.stream(rule).finish("hunter2")
    assert token == tokens.stand_in("FIELD", "hunter2")
    assert tokens.originals.get(token) == "hunter2"
    assert plain.stream(rule).finish("hunter2") == "[FIELD]"
    for transform in Transform:
        stricter = FieldRules([FieldRule("password", transform)], key=KEY)
        assert stricter.stream(FieldRule("password", transform)).finish(token) == token
