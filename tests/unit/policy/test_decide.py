"""The decision: permissions add up, restrictions add up, observing policies change nothing."""

from typing import Any

import pytest

from narrows.model.plan import Plan
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from unit.policy.world import account, compiled, denying, person, policy

ALICE = person("research")


def plan(
    *policies: dict[str, Any],
    who: Principal = ALICE,
    connection: str = "openai",
    operation: str = "chat",
    model: str | None = "gpt",
) -> Plan:
    return compiled(*policies).plan(who, connection, operation, model)


def code(decided: Plan) -> Code | None:
    return None if decided.refusal is None else decided.refusal.code


NARROW: dict[str, Any] = {"models": ["gpt-4o-mini*"], "operations": ["chat", "models"]}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"who": person("sales")}, Code.NOT_PERMITTED),
        ({"who": account("research")}, Code.NOT_PERMITTED),
        ({"connection": "claude", "operation": "x", "model": "x"}, Code.CONNECTION_NOT_ALLOWED),
        ({"connection": "nowhere"}, Code.CONNECTION_NOT_ALLOWED),
        ({"operation": "embeddings", "model": "x"}, Code.OPERATION_NOT_ALLOWED),
        ({"model": "gpt-4o"}, Code.MODEL_NOT_ALLOWED),
        ({"model": ""}, Code.MODEL_NOT_ALLOWED),
        ({"model": "GPT-4o-mini"}, Code.MODEL_NOT_ALLOWED),
        ({"model": "gpt-4o-mini-2024"}, None),
        ({"operation": "models", "model": None}, None),
    ],
)
def test_refusals_in_their_order(asked: dict[str, Any], expected: Code | None) -> None:
    assert code(plan(policy("a", may=NARROW), **asked)) is expected


def test_a_policy_without_models_permits_none() -> None:
    only_listing = policy("a", may={"models": None, "operations": ["chat", "models"]})
    assert code(plan(only_listing)) is Code.MODEL_NOT_ALLOWED
    assert code(plan(only_listing, operation="models", model=None)) is None


def test_who_and_may_must_match_in_one_policy() -> None:
    mine = policy("mine", may={"models": ["a"]})
    theirs = policy("theirs", who={"groups": ["sales"]}, may={"models": ["b"]})
    assert code(plan(mine, theirs, model="b")) is Code.MODEL_NOT_ALLOWED
    chat = policy("chat", may={"models": ["a"]})
    embed = policy("embed", may={"operations": ["embeddings"], "models": ["b"]})
    assert code(plan(chat, embed, model="b")) is Code.MODEL_NOT_ALLOWED


def test_refusals_name_what_is_permitted_and_nobody_elses() -> None:
    mine = policy("mine", may=NARROW)
    theirs = policy(
        "theirs",
        who={"groups": ["sales"]},
        may={"models": ["canary"], "connections": ["claude"], "operations": ["canary"]},
    )
    for asked, offered in (
        ({"connection": "claude"}, "openai"),
        ({"operation": "embeddings"}, "chat, models"),
        ({"model": "o1"}, "gpt-4o-mini*"),
    ):
        refusal = plan(mine, theirs, **asked).refusal  # type: ignore[arg-type]
        assert refusal is not None
        assert offered in refusal.message
        assert "canary" not in refusal.message
        assert "permitted: claude" not in refusal.message


def test_a_long_list_of_what_is_permitted_is_cut() -> None:
    refusal = plan(policy("a", may={"models": [f"m{number}" for number in range(40)]})).refusal
    assert refusal is not None
    assert "and 28 more" in refusal.message


def test_restrictions_of_every_matching_policy_apply() -> None:
    decided = plan(
        policy("a", limits={"output_tokens": 100}, prompts=[denying("x")]),
        policy("b", limits={"output_tokens": 50, "prompt_tokens": 9}, prompts=[denying("y")]),
        policy("other-model", may={"models": ["else"]}, limits={"output_tokens": 1}, prompts=[denying("z")]),
        policy("other-people", who={"groups": ["sales"]}, limits={"output_tokens": 1}),
    )
    assert decided.policies == ("a", "b")
    assert [(limit.policy, limit.value) for limit in decided.output_tokens] == [("a", 100), ("b", 50)]
    assert [limit.value for limit in decided.prompt_tokens] == [9]
    assert [(rule.policy, rule.name) for rule in decided.rules] == [("a", "prompts[0]"), ("b", "prompts[0]")]
    assert decided.inspects


def test_permissions_add_up() -> None:
    decided = plan(policy("a", may={"parameters": ["n"]}), policy("b", may={"parameters": ["store"]}))
    assert decided.parameters == {"n", "store"}


def test_media_is_refused_by_any_inspecting_policy_that_does_not_allow_it() -> None:
    inspecting = policy("a", prompts=[denying("x")])
    allowing = policy("b", prompts=[denying("x")], media="allow")
    assert not plan(inspecting).media
    assert plan(inspecting).media_refusers == ("a",)
    assert plan(allowing).media
    assert not plan(inspecting, allowing).media
    assert not plan(policy("c")).inspects


def test_a_rule_that_observes_does_not_refuse_media() -> None:
    decided = plan(policy("a", prompts=[denying("x", mode="observe")]))
    assert not decided.inspects
    assert decided.media
    assert decided.media_watchers == ("a",)


def watching(name: str = "watch", **more: Any) -> dict[str, Any]:
    return policy(name, mode="observe", **more)


def test_an_observing_policy_adds_notes_only() -> None:
    enforced = policy("a", limits={"output_tokens": 100})
    narrow = watching(may={"models": ["other"]}, limits={"output_tokens": 1}, prompts=[denying("x")])
    decided = plan(enforced, narrow)
    assert decided.refusal is None
    assert decided.enforced
    assert decided.policies == ("a",)
    assert [(note.code, note.policy) for note in decided.notes] == [(Code.MODEL_NOT_ALLOWED, "watch")]
    assert [limit.policy for limit in decided.output_tokens] == ["a"]
    assert decided.rules == ()


def test_an_observing_policy_that_matches_has_its_limits_and_rules_observed() -> None:
    decided = plan(policy("a"), watching(limits={"output_tokens": 1}, prompts=[denying("x")]))
    assert decided.notes == ()
    assert decided.observed == ("watch",)
    assert [(limit.policy, limit.observe) for limit in decided.output_tokens] == [("watch", True)]
    assert [rule.observe for rule in decided.rules] == [True]
    assert decided.observed_parameters == frozenset()
    assert not decided.inspects
    assert decided.media_watchers == ("watch",)


def test_an_observing_policy_never_permits_where_others_enforce() -> None:
    decided = plan(policy("a", may={"models": ["mine"]}), watching())
    assert code(decided) is Code.MODEL_NOT_ALLOWED
    assert decided.observed == ("watch",)


def test_only_observing_policies_let_everything_pass_with_notes() -> None:
    decided = plan(watching(may={"models": ["other"]}), watching("second", may={"operations": ["embeddings"]}))
    assert decided.refusal is None
    assert not decided.enforced
    assert [(note.code, note.policy) for note in decided.notes] == [(Code.MODEL_NOT_ALLOWED, "watch")]
    assert decided.policies == ()


def test_observing_policies_are_judged_together() -> None:
    decided = plan(watching(may={"models": ["other"]}), watching("second"))
    assert decided.notes == ()
    assert decided.observed == ("second",)


def test_an_observing_policy_of_other_people_or_connections_changes_nothing() -> None:
    others = watching(who={"groups": ["sales"]})
    elsewhere = watching("elsewhere", may={"connections": ["claude"]})
    assert code(plan(others, who=person("nobody"))) is Code.NOT_PERMITTED
    assert code(plan(others, elsewhere)) is Code.CONNECTION_NOT_ALLOWED
    assert plan(policy("a"), others, elsewhere).observed == ()


def test_an_operation_only_observed_elsewhere_is_noted() -> None:
    decided = plan(policy("a"), watching(may={"operations": ["embeddings"]}))
    assert [(note.code, note.policy) for note in decided.notes] == [(Code.OPERATION_NOT_ALLOWED, "watch")]
