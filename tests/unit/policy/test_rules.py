"""Entries under `prompts` become rules; what can't be used is told with its key."""

from typing import Any

import pytest

from narrows.config.entities import Vocabulary
from narrows.config.problem import Problem
from narrows.config.rules import PromptRule
from narrows.model.plan import Action, Rule
from narrows.model.text import Role
from narrows.policy.rules import compile_rules
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
        ({"deny": {"words": ["x" * 200] * 1000}}, "policies[0].prompts[0].deny.words", "can't be used"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_key(entry: dict[str, Any], key: str, said: str) -> None:
    _, problems = rules(entry)
    assert [problem.key for problem in problems] == [key]
    assert said in problems[0].message


def test_every_setting_of_a_rule_is_read() -> None:
    assert set(PromptRule.__struct_fields__) == {action.value for action in Action}
