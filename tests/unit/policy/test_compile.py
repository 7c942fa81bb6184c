"""Policies become a PolicySet, or every pattern that can't be used is told with its key."""

import pytest

from narrows.config.describe import revision
from narrows.config.problem import ConfigError
from narrows.model.text import Role
from unit.policy.world import compiled, denying, policy, settings


def test_the_revision_is_the_configurations() -> None:
    assert compiled(policy("a")).revision == revision(settings(policy("a")))


def test_every_bad_pattern_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        compiled(
            policy("a", prompts=[denying("fine"), denying("(?=x)")]),
            policy("b", prompts=[denying("x", name="r"), denying("a*")]),
        )
    found = {problem.key: problem.message for problem in caught.value.problems}
    assert list(found) == [
        "policies[0].prompts[1].deny.pattern",
        "policies[1].prompts[1].deny.pattern",
    ]
    assert "look-around" in found["policies[0].prompts[1].deny.pattern"]


def test_policies_about_the_same_people_share_a_clause() -> None:
    policies = compiled(
        policy("a"), policy("b"), policy("c", who={"groups": ["corp:research"]}), policy("d", who={"groups": ["x"]})
    )
    assert [item.clause for item in policies.policies] == [0, 0, 0, 1]


def test_connections_are_resolved() -> None:
    assert compiled(policy("a", may={"connections": ["*l*"]})).policies[0].connections == {"claude", "local"}


def test_rules() -> None:
    rules = (
        compiled(
            policy(
                "a",
                prompts=[
                    denying("x"),
                    denying("y", name="named", message="no", mode="observe") | {},
                    denying("z", **{"in": ["user"]}),
                ],
            )
        )
        .policies[0]
        .rules
    )
    assert [rule.name for rule in rules] == ["prompts[0]", "named", "prompts[2]"]
    assert [rule.observe for rule in rules] == [False, True, False]
    assert rules[1].message == "no"
    assert "prompts[0] of policy a" in rules[0].message
    assert rules[2].roles == {Role.USER}


@pytest.mark.parametrize(("mode", "limits"), [("observe", "enforce"), ("enforce", "observe"), ("observe", "observe")])
def test_limits_observe_where_the_policy_or_they_do(mode: str, limits: str) -> None:
    item = compiled(policy("a", mode=mode, limits={"prompt_tokens": 5, "mode": limits})).policies[0]
    assert item.prompt_tokens is not None
    assert item.prompt_tokens.observe
    assert item.output_tokens is None
