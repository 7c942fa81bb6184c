"""What rules that ask for approval become, and that a trigger is of what its rule says and of nothing else."""

from typing import Any

import pytest

from narrows.model.approval import Approvers, Condition, Escalation, Hours, Requirement
from narrows.model.plan import Action, Rule
from narrows.policy.asking import approvers, describe_condition, describe_requirement
from unit.policy.world import compiled, person, policy

SECOND = 1_000_000
MINUTE = 60 * SECOND


def rule(*before: dict[str, Any], name: str = "p", issuers: tuple[str, ...] = ("corp",), mode: str = "enforce",
         zone: str = "UTC", **match: Any) -> Rule:  # fmt: skip
    """The last of these rules on prompts, which asks."""
    entry = {"approve": {"words": ["x"], "by": ["security"], **match}}
    made = policy(name, who={"service_accounts": ["*"]}, mode=mode, prompts=[*before, entry])
    return compiled(made, issuers=issuers, own={"zone": zone}).policies[0].rules[-1]


def asked(*before: dict[str, Any], **more: Any) -> Requirement:
    found = rule(*before, **more).requirement
    assert found is not None
    return found


def condition(*before: dict[str, Any], mode: str = "enforce", zone: str = "UTC", **given: Any) -> Condition:
    made = policy("p", mode=mode, approvals=[*before, {"by": ["security"], **given}])
    return compiled(made, own={"zone": zone}).policies[0].approvals[-1]


def test_names() -> None:
    names = ("security", "user:ana", "group:user:x", "corp:leads", "user:corp:ana", "security")
    assert approvers(names, ("corp",)) == Approvers(("corp:leads", "corp:security", "corp:user:x"), ("corp:ana",))
    # With several issuers a bare name is nobody's.
    assert approvers(("security", "lab:x", "user:bob"), ("corp", "lab")) == Approvers(("lab:x",))


def test_what_a_rule_asks() -> None:
    made = rule(
        name="p", by=["security", "user:ana"], needed=2, hold=30.0, expires=7200.0, message="Ask Ana.",
        then={"by": ["leads"], "after": 600.0}, justification="required", break_glass=["oncall"],
        **{"in": ["user"]},
    )  # fmt: skip
    found = made.requirement
    assert made.action is Action.APPROVE
    assert made.message == "Ask Ana."
    assert found is not None
    assert found == Requirement(
        "p", "prompts[0]", found.trigger, Approvers(("corp:security",), ("corp:ana",)), 2, 30 * SECOND, 120 * MINUTE,
        Escalation(Approvers(("corp:leads",)), 10 * MINUTE), "Ask Ana.", True, Approvers(("corp:oncall",)), False,
    )  # fmt: skip
    assert len(found.trigger) == 64


def test_defaults() -> None:
    found = asked()
    assert (found.needed, found.hold, found.expires) == (1, 55 * SECOND, 60 * MINUTE)
    assert (found.then, found.glass, found.justification, found.message) == (None, None, False, None)
    assert rule().message == "The prompt needs approval by rule prompts[0] of policy p."


@pytest.mark.parametrize("more", [{"mode": "observe"}, {}])
def test_observing(more: dict[str, Any]) -> None:
    assert rule(**more).observe is asked(**more).observe is bool(more)
    assert condition(operations=["*"], **more).requirement.observe is bool(more)


def test_each_shipped_rule_asks_by_its_own_name() -> None:
    made = policy("p", prompts=[{"approve": {"packs": ["*"], "by": ["security"], "words": ["x"]}}])
    found = compiled(made).policies[0].rules
    assert len(found) > 5
    requirements = [each.requirement for each in found]
    assert [each.name for each in found] == [each.rule for each in requirements if each is not None]
    assert len({each.trigger for each in requirements if each is not None}) == len(found)


@pytest.mark.parametrize(
    "match",
    [
        {"words": ["y"]}, {"words": None, "pattern": "x"}, {"entities": ["US"]}, {"labels": ["toxic"]}, {"name": "n"},
        {"in": ["user"]}, {"history": True}, {"views": False}, {"threshold": 0.6}, {"message": "m"}, {"needed": 2},
        {"by": ["leads"]}, {"by": ["user:security"]}, {"hold": 54.0}, {"expires": 60.0}, {"justification": "required"},
        {"break_glass": ["oncall"]}, {"then": {"by": ["leads"], "after": 60.0}}, {"packs": ["template-tokens"]},
    ],
)  # fmt: skip
def test_a_trigger_changes_with_all_that_the_rule_says(match: dict[str, Any]) -> None:
    made = policy("p", prompts=[{"approve": {"words": ["x"], "by": ["security"], **match}}])
    found = compiled(made).policies[0].rules[0].requirement
    assert found is not None
    assert found.trigger != asked().trigger


def test_a_trigger_is_of_nothing_else() -> None:
    trigger = asked().trigger
    assert asked({"deny": {"words": ["z"]}}).trigger == trigger  # its place
    assert asked(mode="observe").trigger == trigger
    assert asked(by=["corp:security"]).trigger == trigger  # the same group
    assert asked(hold=55.0, justification="optional", threshold=0.5).trigger == trigger  # what holds anyway
    assert asked(zone="Asia/Tokyo").trigger == trigger
    assert asked(name="q").trigger != trigger  # another policy's rule


def test_a_trigger_of_entities_is_of_what_they_are() -> None:
    by_group = asked(words=None, entities=["US"])
    by_names = asked(words=None, entities=["US", "US_SSN"])
    assert by_group.trigger != by_names.trigger
    assert by_group.trigger != asked(words=None, entities=["PAYMENT"]).trigger


def test_a_condition() -> None:
    made = condition(
        name="late", models=["gpt-5*"], operations=["chat"], connections=["openai"], cost=500_000, prompt_tokens=20_000,
        outside={"days": ["mon-fri"], "hours": "09:00-18:00"}, first_use=True, networks=["10.0.0.0/8"],
        elsewhere=["10.1.0.0/16"], zone="Europe/Berlin",
    )  # fmt: skip
    assert made == Condition(
        made.requirement, ("gpt-5*",), ("chat",), ("openai",), 500_000, 20_000,
        Hours(frozenset(range(5)), 540, 1080, "Europe/Berlin"), True, ("10.0.0.0/8",), ("10.1.0.0/16",),
    )  # fmt: skip
    assert made.requirement.rule == "late"
    assert condition({"operations": ["x"], "by": ["a"]}, operations=["*"]).requirement.rule == "approvals[1]"


def test_a_conditions_trigger_has_its_zone() -> None:
    def trigger(gateways: str = "UTC", **outside: Any) -> str:
        return condition(outside={"days": ["mon-fri"], **outside}, zone=gateways).requirement.trigger

    assert trigger() == trigger(zone="UTC") == trigger(days=["mon-wed", "thu", "fri"])
    assert trigger("Asia/Tokyo") != trigger()
    assert trigger("Asia/Tokyo") == trigger("Europe/Berlin", zone="Asia/Tokyo")
    assert trigger(days=["mon"]) != trigger()


def test_a_plan_has_the_conditions_and_the_wish_for_reasons_of_every_policy_that_applies() -> None:
    ask = [{"by": ["security"], "operations": ["*"], "name": "n"}]
    policies = compiled(
        policy("a", approvals=ask, may={"justification": "required", "operations": ["chat", "models"]}),
        policy("b", approvals=ask),
        policy("c", approvals=ask, may={"justification": "required", "models": ["other"]}),
        policy("w", approvals=ask, may={"justification": "required"}, mode="observe"),
    )
    plan = policies.plan(person("research"), "openai", "chat", "gpt")
    assert [each.requirement.policy for each in plan.approvals] == ["a", "b", "w"]
    assert (plan.justification, plan.justification_watchers) == (("a",), ("w",))
    assert plan.asks
    listing = policies.plan(person("research"), "openai", "models", None)
    assert listing.justification == listing.justification_watchers == ()  # whoever lists models need not say why
    assert not compiled(policy("a")).plan(person("research"), "openai", "chat", "gpt").asks
    asking = policy("a", prompts=[{"approve": {"words": ["x"], "by": ["security"]}}])
    assert compiled(asking).plan(person("research"), "openai", "chat", "gpt").asks


def test_in_plain_words() -> None:
    assert describe_requirement(asked()) == "p: prompts[0] asks corp:security, within 1 hour"
    then = {"by": ["leads"], "after": 600.0}
    said = describe_requirement(
        asked(by=["security", "user:ana"], needed=2, then=then, break_glass=["oncall"], justification="required",
              mode="observe")
    )  # fmt: skip
    assert said == (
        "p: prompts[0] asks corp:security or corp:ana, 2 of them, after 10 minutes corp:leads, too, within 1 hour"
        "; corp:oncall may release it alone; the caller must say why (observed)"
    )
    made = condition(
        models=["gpt-5*", "o1"], operations=["chat"], cost=500_000, prompt_tokens=20_000,
        outside={"days": ["mon-fri"], "hours": "22:00-06:30"}, first_use=True, networks=["10.0.0.0/8"],
        elsewhere=["10.1.0.0/16"],
    )  # fmt: skip
    assert describe_condition(made) == (
        "p: approvals[0] asks corp:security, within 1 hour, for models gpt-5* o1, for operations chat, over 0.5 usd"
        ", over 20000 prompt tokens, outside mon tue wed thu fri 22:00-06:30 UTC, at first use of a model"
        ", from 10.0.0.0/8, from elsewhere than 10.1.0.0/16"
    )
