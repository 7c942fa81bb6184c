import pytest

from narrows.masking import standins
from narrows.masking.fields import (
    ENTITY,
    LONGEST_NAME,
    FieldRefused,
    FieldRule,
    FieldRules,
)
from narrows.masking.findings import HOLD, Finding
from narrows.model.plan import Transform

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("rule", "path", "covered"),
    [
        ("$.customer.ssn", "$.customer.ssn", True),
        ("$.customer.ssn", "$.customer.ssn.parts[0]", True),
        ("$.customer.ssn", "$.customer", False),
        ("$.customer.ssn", "$.customer.SSN", False),
        ("$.customer.ssn", "$.x.customer.ssn", False),
        ("$.items[*].account_no", "$.items[12].account_no", True),
        ("$.items[*].account_no", "$.items.first.account_no", True),
        ("$.items[*].account_no", "$.items.account_no", False),
        ("$.items.*", "$.items[3]", True),
        ("$.items[0]", "$.items[0].a", True),
        ("$.items[0]", "$.items[1]", False),
        ("$.items[0]", "$.items['0']", False),
        ("$['odd key'][0]", "$['odd key'][0]", True),
        ('$["odd key"]', "$['odd key']", True),
        (r"$['it\'s \\ \u00e9 \ud83d\ude00']", r"$['it\'s \\ é 😀']", True),
        ("$.naïve.ключ", "$.naïve.ключ", True),
        ("$.a-b", "$['a-b']", True),
        ("password", "$.password", True),
        ("password", "$.a[3].PassWord[0].x", True),
        ("PASSWORD", "$.password", True),
        ("password", "$.passwords", False),
        ("password", "$", False),
        ("straße", "$.STRASSE", True),
        ("account no", "$['Account No']", True),
        ("'user.email'", "$.a['user.email']", True),
        ('"it\'s"', r"$['it\'s']", True),
    ],
)
def test_a_rule_covers_its_place_and_what_is_below(rule: str, path: str, covered: bool) -> None:
    assert FieldRules([rule]).matches(path) is covered


def test_rules_share_beginnings_without_mixing() -> None:
    rules = FieldRules(["$.a.b", "$.a[*].c", "$.*.d.e"])
    paths = ["$.a.b", "$.a.x.c", "$.a.b.c", "$.a.d.e", "$.x.d.e"]
    assert all(rules.matches(path) for path in paths)
    assert not any(rules.matches(path) for path in ["$.a.c", "$.x.b", "$.a.d", "$.a.x.e", "$.x.y.c"])


def test_the_strictest_of_several_rules_holds() -> None:
    rules = FieldRules(
        [
            FieldRule("$.a.b", Transform.PARTIAL),
            FieldRule("b", Transform.BLOCK),
            FieldRule("B", Transform.PARTIAL),
            FieldRule("$.a.*", Transform.REDACT),
        ]
    )
    assert rules.rule("$.a.b") == FieldRule("b", Transform.BLOCK)
    assert rules.rule("$.a.c") == FieldRule("$.a.*")
    assert rules.rule("$.c") is None


def test_a_place_is_left_again() -> None:
    place = FieldRules(["$.a[*].x", "y"]).place()
    seen = []
    for step in ("a", 0, "x"):
        place.down(step)
        seen.append(place.rule is not None)
    for _ in range(2):
        place.up()
        seen.append(place.rule is not None)
    for step in (1, "y"):
        place.down(step)
        seen.append(place.rule is not None)
    assert seen == [False, False, True, False, False, False, True]


@pytest.mark.parametrize(
    ("rule", "offset", "reason"),
    [
        ("", 0, "a name or a path"),
        ("$", 1, "whole document"),
        ("$a", 1, "expected '.' or '['"),
        ("$.", 2, "expected a name"),
        ("$.a..b", 3, "not supported"),
        ("$.a.1", 4, "expected a name"),
        ("$.a[", 4, "an index"),
        ("$.a[01]", 4, "an index"),
        ("$.a[-1]", 4, "an index"),
        ("$.a[?(@.x)]", 4, "an index"),
        ("$.a['b]", 4, "an index"),
        ("$.a['b'", 7, "expected ']'"),
        (r"$.a['b\x']", 6, "unknown escape"),
        ("customer.ssn", 8, "begins with $"),
        ("items[*]", 5, "begins with $"),
        (" name", 0, "in quotes"),
        ("x" * (LONGEST_NAME + 1), 0, "more than"),
        ("$." + "x" * (LONGEST_NAME + 1), 0, "more than"),
    ],
)
def test_a_bad_rule_says_what_is_wrong_and_where(rule: str, offset: int, reason: str) -> None:
    with pytest.raises(FieldRefused, match=reason.replace("$", r"\$").replace("[", r"\[")) as refused:
        FieldRules([rule])
    assert refused.value.offset == offset
    assert refused.value.rule == rule
    assert isinstance(refused.value, ValueError)


def test_hashing_needs_a_key() -> None:
    with pytest.raises(ValueError, match="16 to 64"):
        FieldRules([FieldRule("a", Transform.HASH)])


@pytest.mark.parametrize("transform", list(Transform))
@pytest.mark.parametrize("value", ["x", "four", "a longer value 1234", "[US_SSN]", "x" * 100, "y" * (HOLD + 1)])
def test_a_value_is_one_finding_and_masked_once(transform: Transform, value: str) -> None:
    rules = FieldRules([FieldRule("a", transform)], key=KEY)
    rule = rules.rule("$.a")
    assert rule is not None
    stream = rules.stream(rule)
    masked = "".join([stream.feed(character) for character in value]) + stream.finish()
    whole = rules.stream(rule)
    assert whole.finish(value) == masked
    assert value not in masked
    assert whole.findings == stream.findings
    (found,) = stream.findings
    beyond = len(value) > HOLD
    expected = max(transform, Transform.REDACT) if beyond else transform
    assert found == Finding(0, len(value), ENTITY, "a", 1.0, expected)
    again = rules.stream(rule)
    assert again.finish(masked) == masked
    assert again.findings == []


def test_stand_ins_are_those_of_the_transform() -> None:
    def masked(transform: Transform, value: str) -> str:
        rules = FieldRules([FieldRule("a", transform)], key=KEY)
        return rules.stream(FieldRule("a", transform)).finish(value)

    assert masked(Transform.REDACT, "hunter22x") == "[FIELD]"
    assert masked(Transform.BLOCK, "hunter22x") == "[FIELD]"
    assert masked(Transform.PARTIAL, "hunter22x") == "********r22x"
    assert masked(Transform.PARTIAL, "hunter2") == "[FIELD]"
    assert masked(Transform.HASH, "a") != masked(Transform.HASH, "b")
    assert len(masked(Transform.HASH, "a")) == len("[FIELD:]") + standins.HASH_LENGTH


def test_a_stand_in_of_another_transform_is_masked() -> None:
    """Nobody keeps a value visible by giving it the look of a stand-in."""
    rules = FieldRules([FieldRule("a", Transform.REDACT)])
    assert rules.stream(FieldRule("a")).finish("********1234") == "[FIELD]"


def test_an_empty_value_is_none() -> None:
    rules = FieldRules(["a"])
    stream = rules.stream(FieldRule("a"))
    assert stream.finish() == ""
    assert stream.findings == []
    assert rules
    assert not FieldRules([])
