"""Rules on replies: names resolved, modes joined, what the engine is to find, and what is wrong in its place."""

from typing import Any

import msgspec
import pytest

from narrows.config.plugins import AnalyzerSettings
from narrows.config.problem import ConfigError
from narrows.model.plan import ROW, Action, ReplyRule
from narrows.policy.compile import compile_policies
from narrows.policy.policyset import PolicySet
from narrows.policy.reply_rules import describe_reply_rule, wanted
from unit.policy.world import VOCABULARY, compiled, person, policy, settings


def ruled(*entries: dict[str, Any], **more: Any) -> PolicySet:
    return compiled(policy("a", responses=entries, **more))


def rules(*entries: dict[str, Any], **more: Any) -> tuple[ReplyRule, ...]:
    return ruled(*entries, **more).replies


def test_what_is_left_out_has_its_default() -> None:
    (rule,) = rules({"deny": {"entities": ["US"]}})
    assert rule == ReplyRule(
        "responses[0]",
        "a",
        Action.DENY,
        "The reply is denied by rule responses[0] of policy a.",
        entities=frozenset(("US_SSN", "US_ITIN")),
        threshold=0.5,
    )
    assert rule.stops


def test_what_flags_or_observes_stops_nothing() -> None:
    flags, observes = rules({"flag": {"words": ["x"]}}, {"deny": {"words": ["x"], "mode": "observe"}})
    assert (flags.action, flags.observe, flags.stops) == (Action.FLAG, False, False)
    assert (observes.action, observes.observe, observes.stops) == (Action.DENY, True, False)


def test_what_a_policy_observes_its_rules_do() -> None:
    (rule,) = rules({"deny": {"words": ["x"]}}, mode="observe")
    assert not rule.stops


def test_a_rule_looks_for_its_pattern_and_its_words_in_rows_that_no_policy_can_name() -> None:
    both, same, other = rules(
        {"deny": {"name": "one", "pattern": "a", "words": ["b"]}},
        {"flag": {"name": "two", "pattern": "a"}},
        {"flag": {"name": "three", "words": ["a"]}},
    )
    assert len(both.rows) == 2
    assert same.rows < both.rows
    assert not other.rows & both.rows, "a word is another thing than a pattern"
    assert all(row.startswith(ROW) and row not in VOCABULARY.entities for row in both.rows)


def test_the_engine_is_told_once_of_what_two_rules_look_for() -> None:
    entries = [{"deny": {"pattern": "a", "words": ["b"]}}, {"flag": {"name": "two", "pattern": "a"}}]
    config = settings(policy("a", responses=entries), policy("b", responses=entries))
    rows = wanted(config)
    assert [(row.key, row.pattern, row.words) for row in rows] == [
        ("policies[0].responses[0].deny.pattern", "a", ()),
        ("policies[0].responses[0].deny.words", None, ("b",)),
    ]
    assert {row.name for row in rows} == rules(*entries)[0].rows


def test_words_are_not_one_another_where_they_are_joined() -> None:
    one, two = rules({"deny": {"words": ["ab", "c"]}}, {"flag": {"name": "two", "words": ["a", "bc"]}})
    assert one.rows != two.rows


def test_what_can_not_be_judged_is_refused_where_it_stands() -> None:
    with pytest.raises(ConfigError) as caught:
        ruled({"deny": {"entities": ["US_SSNN"]}})
    assert [problem.key for problem in caught.value.problems] == ["policies[0].responses[0].deny.entities[0]"]


def test_entities_that_plug_ins_find_are_entities_like_others() -> None:
    config = settings(policy("a", responses=[{"deny": {"entities": ["PIN"]}}]))
    row = AnalyzerSettings(name="people", plugin="x", entities=("PIN",))
    config = msgspec.structs.replace(config, detectors=msgspec.structs.replace(config.detectors, analyzers=(row,)))
    policies = compile_policies(config, VOCABULARY)
    (rule,) = policies.replies
    assert rule.entities == policies.read_entities == {"PIN"}


def test_a_rule_that_asks_for_labels() -> None:
    (rule,) = rules({"deny": {"labels": ["topic:*", "tone:rude"]}})
    assert (rule.labels, rule.rows, rule.entities) == (("topic:*", "tone:rude"), frozenset(), frozenset())
    assert describe_reply_rule(rule, VOCABULARY) == (
        "a: responses[0] denies replies with the labels topic:*, tone:rude"
    )
    (_, packed) = rules({"deny": {"labels": ["x"], "packs": ["reply-links/link-with-data"]}})
    assert packed.labels == ()


def test_rules_of_every_policy_that_matches_apply() -> None:
    deny = [{"deny": {"words": ["x"]}}]
    set_ = compiled(
        policy("a", responses=deny), policy("b", responses=deny), policy("c", mode="observe", responses=deny)
    )
    plan = set_.plan(person("research"), "openai", "chat", "gpt")
    assert [(rule.policy, rule.stops) for rule in plan.replies] == [("a", True), ("b", True), ("c", False)]
    assert not plan.inspects, "they say nothing of what is sent"


def test_a_rule_in_words() -> None:
    deny, flag = rules({"deny": {"entities": ["US"], "words": ["x"]}}, {"flag": {"pattern": "x", "mode": "observe"}})
    assert describe_reply_rule(deny, VOCABULARY) == "a: responses[0] denies replies with US, its pattern or words"
    assert describe_reply_rule(flag, VOCABULARY) == "a: responses[1] flags replies with its pattern or words (observed)"


def test_a_rule_knows_whether_its_policy_lets_media_pass() -> None:
    deny = {"deny": {"words": ["x"]}}
    assert [rules(deny, media=media)[0].media for media in ("allow", "refuse")] == [True, False]


def test_each_shipped_rule_that_denies_is_a_rule_of_its_own() -> None:
    image, link = rules({"deny": {"packs": ["reply-links"]}})
    assert [(rule.name, rule.stops, len(rule.rows)) for rule in (image, link)] == [
        ("reply-links/image-with-data@2", True, 4),
        ("reply-links/link-with-data@2", True, 1),
    ]
    assert image.message == "The reply is denied by rule reply-links/image-with-data@2 of policy a."
    assert describe_reply_rule(link, VOCABULARY) == "a: reply-links/link-with-data@2 denies replies that match it"
    own, observed, again = rules(
        {
            "deny": {
                "name": "own",
                "words": ["x"],
                "entities": ["US"],
                "packs": ["reply-links/link*", "*/link-with-data"],
            }
        },
        {"deny": {"packs": ["reply-links/link-with-data"], "mode": "observe", "message": "No links."}},
    )
    assert (own.name, len(own.rows), own.shipped) == ("own", 1, False)
    assert (observed.name, observed.rows, observed.entities) == (link.name, link.rows, frozenset())
    assert again.name == "reply-links/link-with-data@2 (responses[1])"
    assert (again.message, again.observe, again.stops) == ("No links.", True, False)


def test_the_engine_is_told_of_the_patterns_of_shipped_rules_that_deny() -> None:
    rows = wanted(settings(policy("a", responses=[{"deny": {"packs": ["reply-links"]}}])))
    assert {row.key for row in rows} == {"policies[0].responses[0].deny.packs"}
    assert [row.line for row in rows] == [False, False, False, True, False]
    assert not any((row.pattern or "").startswith("(?m)") for row in rows)
    assert wanted(settings(policy("a", responses=[{"flag": {"packs": ["reply-links"]}}]))) == ()


def test_packs_that_flag_are_looked_for_elsewhere() -> None:
    assert rules({"flag": {"packs": ["reply-links"]}}) == ()
    (both,) = rules({"flag": {"packs": ["reply-links"], "words": ["x"]}})
    assert len(both.rows) == 1
