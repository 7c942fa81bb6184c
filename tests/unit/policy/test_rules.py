"""Entries under `prompts` become rules; what can't be used is told with its key."""

from typing import Any

import pytest

from narrows.config.entities import Vocabulary
from narrows.config.problem import Problem
from narrows.config.rules import PromptRule
from narrows.model.plan import Action, Rule
from narrows.model.text import Role
from narrows.policy.packs.rule import READ, Side
from narrows.policy.packs.shipped import PACKS, label
from narrows.policy.rules import PackPatterns, compile_rules
from unit.policy.world import policy, settings

VOCABULARY = Vocabulary(frozenset({"US_SSN", "US_ITIN"}), {"US": frozenset({"US_SSN", "US_ITIN"})})


def rules(*prompts: dict[str, Any], mode: str = "enforce") -> tuple[tuple[Rule, ...], list[Problem]]:
    problems: list[Problem] = []
    found = compile_rules(
        settings(policy("a", prompts=list(prompts), mode=mode)).policies[0], "policies[0]", VOCABULARY, problems
    )
    return found, problems


def test_each_action_and_what_it_looks_for() -> None:
    (allow, deny, flag), problems = rules(
        {"allow": {"words": ["weather", "trains"]}},
        {"deny": {"pattern": "x", "words": ["y"], "name": "both", "in": ["tool_call"], "history": True}},
        {"flag": {"entities": ["US"], "threshold": 0.9, "labels": ["toxic*"], "views": False, "mode": "observe"}},
    )
    assert problems == []
    assert (allow.action, allow.roles, allow.views) == (Action.ALLOW, frozenset({Role.USER}), False)
    assert (deny.name, deny.roles, deny.history, len(deny.matchers)) == (
        "both", frozenset({Role.TOOL_CALL}), True, 2,
    )  # fmt: skip
    assert (flag.entities, flag.threshold, flag.labels) == (VOCABULARY.entities, 0.9, ("toxic*",))
    assert (flag.observe, flag.views, flag.matchers) == (True, False, ())


def test_an_observing_policy_has_observing_rules() -> None:
    (rule,), _ = rules({"deny": {"pattern": "x"}}, mode="observe")
    assert rule.observe


@pytest.mark.parametrize(
    ("entry", "key", "said"),
    [
        ({"deny": {"pattern": "("}}, "policies[0].prompts[0].deny.pattern", "can't be used"),
        ({"flag": {"entities": ["US_SNN"]}}, "policies[0].prompts[0].flag.entities[0]", "no entity or group"),
        ({"flag": {"entities": ["X*"]}}, "policies[0].prompts[0].flag.entities[0]", "no entity matches"),
        (
            {"deny": {"words": [f"{number:04}{chr(120) * 190}" for number in range(1000)]}},
            "policies[0].prompts[0].deny.words",
            "can't be used",
        ),
    ],
)
def test_what_cannot_be_used_is_told_with_its_key(entry: dict[str, Any], key: str, said: str) -> None:
    _, problems = rules(entry)
    assert [problem.key for problem in problems] == [key]
    assert said in problems[0].message


def test_every_setting_of_a_rule_is_read() -> None:
    assert set(PromptRule.__struct_fields__) == {action.value for action in Action}


class TestPacks:
    """Each shipped rule that an entry names is a rule of its own, named with its version."""

    def test_a_pack_and_what_else_the_entry_looks_for(self) -> None:
        found, problems = rules({"deny": {"packs": ["template-tokens"], "words": ["x"], "mode": "observe"}})
        assert problems == []
        assert [rule.name for rule in found] == ["prompts[0]", "template-tokens/chat-template-tokens@1"]
        assert found[1].message == "The prompt is denied by rule template-tokens/chat-template-tokens@1 of policy a."
        assert found[1].observe
        assert found[1].roles == READ
        assert any(matcher.find("<|im_start|>system") for matcher in found[1].matchers)

    def test_globs_name_packs_and_rules(self) -> None:
        everything = [label(pack, rule) for pack in PACKS for rule in pack.rules if rule.side is Side.PROMPT]
        assert [rule.name for rule in rules({"flag": {"packs": ["*"]}})[0]] == everything
        (tags,) = rules({"flag": {"packs": ["invisible-text/tag-*", "invisible-text/tag-characters"]}})[0]
        assert tags.name == "invisible-text/tag-characters@1"

    def test_the_roles_of_a_rule_can_be_narrowed_only(self) -> None:
        (rule,), _ = rules({"flag": {"packs": ["template-tokens"], "in": ["system", "tool_result"]}})
        assert rule.roles == frozenset({Role.TOOL_RESULT})
        assert rules({"flag": {"packs": ["template-tokens"], "in": ["system"]}})[0] == ()

    def test_a_rule_that_two_entries_name_has_two_names(self) -> None:
        found, _ = rules({"flag": {"packs": ["*"]}}, {"deny": {"packs": ["template-tokens"]}})
        assert len({rule.name for rule in found}) == len(found)
        assert found[-1].name == "template-tokens/chat-template-tokens@1 (prompts[1])"
        assert found[-1].action is Action.DENY

    @pytest.mark.parametrize(
        ("name", "said", "hint"),
        [
            ("override-phrase", "there is no pack", "override-phrases"),
            ("zzz", "there is no pack", "narrows packs list"),
            ("reply-links", "on the other side only", "`responses`"),
        ],
    )
    def test_what_there_is_not_is_told(self, name: str, said: str, hint: str) -> None:
        _, (problem,) = rules({"flag": {"packs": ["template-tokens", name]}})
        assert problem.key == "policies[0].prompts[0].flag.packs[1]"
        assert said in problem.message
        assert hint in (problem.hint or "")

    def test_patterns_are_compiled_once_for_all_policies(self) -> None:
        packs = PackPatterns()
        (rule, *_) = PACKS[0].rules
        assert packs.of(rule) is packs.of(rule)


def test_what_only_a_plug_in_finds_is_no_business_of_rules() -> None:
    problems: list[Problem] = []
    wanting = policy("a", prompts=[{"deny": {"entities": ["US_SSN"]}}, {"flag": {"entities": ["US"]}}])
    found = compile_rules(settings(wanting).policies[0], "policies[0]", VOCABULARY, problems, plugged={"US_ITIN"})
    assert [problem.key for problem in problems] == ["policies[0].prompts[1].flag.entities"]
    assert problems[0].message == "a plug-in finds US_ITIN, and rules on prompts ask none"
    assert "refuses the prompt" in (problems[0].hint or "")
    assert len(found) == 2
