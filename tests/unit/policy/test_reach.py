"""What somebody reaches, told as people read it."""

from narrows.model.principal import Scope
from narrows.policy.policyset import PolicySet
from narrows.policy.reach import Way, always_with, terms, ways
from unit.policy.world import account, compiled, denying, limiting, person, policy

OFFERED = {"openai": ("chat", "embeddings", "models"), "claude": ("chat", "count_tokens"), "local": ("chat",)}


def test_operations_that_are_permitted_alike_are_one_way() -> None:
    policies = compiled(
        policy("a", may={"connections": ["openai", "claude"], "models": ["gpt*", "gpt-4o"], "operations": ["*"]}),
        policy("b", may={"models": ["o1"], "operations": ["chat"]}),
        policy("c", who={"groups": ["other"]}, may={"connections": ["local"]}),
    )
    assert ways(policies, person("research"), "oidc", OFFERED) == (
        Way("openai", ("chat",), (("gpt*",), ("o1",)), ("a", "b")),
        Way("openai", ("embeddings", "models"), (("gpt*",),), ("a",)),
        Way("claude", ("chat", "count_tokens"), (("gpt*",),), ("a",)),
    )
    assert ways(policies, person("sales"), "oidc", OFFERED) == ()
    assert ways(policies, account("bot"), "service_account", OFFERED) == ()


def test_a_connection_that_is_only_observed_is_open() -> None:
    policies = compiled(policy("watch", mode="observe", may={"models": ["gpt*"]}))
    assert ways(policies, person("research"), "oidc", OFFERED) == (
        Way("openai", ("chat",), (("*",),), (), ("watch",), enforced=False),
        Way("openai", ("embeddings", "models"), (("*",),), (), (), enforced=False),
    )


def test_a_credentials_kind_and_scope_narrow_what_is_reached() -> None:
    policies = compiled(
        policy("grants", who={"groups": ["research"], "credential": ["grant"]}, may={"models": ["gpt-4*", "o1", "a*z"]})
    )
    alice = person("research")
    assert ways(policies, alice, "oidc", OFFERED) == ()
    scope = Scope(("open*",), ("gpt-4o*", "o*", "b*", "*-mini"), ("chat",))
    (way,) = ways(policies, alice, "grant", OFFERED, scope)
    assert way.named == ("gpt-4o*", "gpt-4* & *-mini", "o1")
    assert way.permits("openai", "chat", "gpt-4-mini")
    assert not way.permits("openai", "chat", "gpt-4")
    assert not way.permits("claude", "chat", "gpt-4o")
    assert ways(policies, alice, "grant", OFFERED, Scope(("claude",), ("*",), ("*",))) == ()


def test_terms_are_those_of_the_policies_that_take_part() -> None:
    policies = compiled(
        policy(
            "a",
            limits=limiting(prompt_tokens=100, budgets=["5 usd / day / user"], calls=["6 / minute"]),
            may={"justification": "required"},
            prompts=[denying("x")],
            mask=[{"entities": ["US_SSN"]}],
        ),
        policy("watch", mode="observe", limits=limiting(output_tokens=7)),
        policy("other", who={"groups": ["other"]}),
    )
    first, second = terms(policies, ways(policies, person("research"), "oidc", OFFERED))
    assert (first.policy, first.observe, first.justification, first.rules) == ("a", False, True, 1)
    assert first.limits == ("prompt_tokens 100", "5 usd / day / user", "6 calls / minute")
    assert first.masks == ("mask[0] redacts US_SSN in prompt and response",)
    assert (second.policy, second.observe, second.limits) == ("watch", True, ("output_tokens 7 (observed)",))


def always(policies: PolicySet) -> dict[str, tuple[str, ...]]:
    """Of each policy those that surely apply with it."""
    return {one.name: always_with(policies.policies, one, OFFERED) for one in policies.policies}


def test_a_wider_policy_surely_applies_too() -> None:
    policies = compiled(
        policy("narrow", may={"models": ["gpt-4o"]}),
        policy("wide", may={"connections": ["*"], "models": ["gpt*"], "operations": ["*"]}),
        policy("none", may={"models": None}),
    )
    assert always(policies) == {
        "narrow": ("narrow", "wide"),
        "wide": ("wide",),
        "none": ("none", "narrow", "wide"),
    }
