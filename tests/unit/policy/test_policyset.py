"""Plans are shared and cached by what they depend on; the caller's own strings never make a new one."""

from narrows.model.principal import Scope
from narrows.policy import policyset
from unit.policy.world import account, compiled, person, policy


def test_the_same_kind_of_call_has_the_same_plan() -> None:
    policies = compiled(policy("a", may={"models": ["gpt*", "o1"]}))
    first = policies.plan(person("research"), "openai", "chat", "gpt-4")
    assert policies.plan(person("research", "x", subject="bob"), "openai", "chat", "gpt-5") is first
    assert policies.plan(person("research"), "openai", "chat", "o1") is not first
    assert policies.plan(person("research"), "openai", "chat", "no").refusal is not None


def test_a_callers_models_do_not_fill_the_cache() -> None:
    policies = compiled(policy("a", may={"models": ["gpt*"]}))
    alice = person("research")
    for number in range(2_000):
        policies.plan(alice, "openai", "chat", f"gpt-{number}")
        policies.plan(alice, "openai", "chat", f"{number}")
    assert len(policies._plans) == 2
    assert len(policies._scopes) == 1


def test_principals_do_not_fill_the_cache() -> None:
    policies = compiled(policy("a"))
    for number in range(policyset.PRINCIPALS * 3):
        policies.plan(person("research", subject=str(number)), "openai", "chat", "gpt")
    assert len(policies._principals) <= policyset.PRINCIPALS * 2
    assert len(policies._standings) == 1
    assert len(policies._plans) == 1


def test_a_principal_at_the_address_of_a_dead_one_is_judged_anew() -> None:
    policies = compiled(policy("a"))
    for number in range(policyset.PRINCIPALS * 4):
        group = "research" if number % 2 else "sales"
        allowed = policies.plan(person(group), "openai", "chat", "gpt").refusal is None
        assert allowed is (group == "research")


def test_models_that_may_be_used() -> None:
    policies = compiled(
        policy("a", may={"models": ["gpt*"], "operations": ["chat", "models"]}),
        policy("list", may={"models": ["listed"], "operations": ["models", "count_tokens"]}),
        policy("elsewhere", may={"connections": ["claude"], "models": ["claude*"]}),
        policy("watch", mode="observe", may={"models": ["watched"]}),
        policy("none", may={"models": None}),
    )
    usable = policies.usable(person("research"), "openai")
    assert [usable(name) for name in ("gpt-4", "listed", "claude-3", "watched", "")] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert policies.usable(person("research"), "claude")("claude-3")
    assert not policies.usable(person("sales"), "openai")("gpt-4")


def test_where_only_observing_policies_cover_everything_may_be_used() -> None:
    policies = compiled(policy("watch", mode="observe", may={"models": ["gpt*"]}))
    assert policies.usable(person("research"), "openai")("anything")
    assert not policies.usable(person("research"), "claude")("anything")


def test_policies_about_a_principal_are_in_their_order() -> None:
    policies = compiled(
        policy("a", who={"users": ["alice"]}),
        policy("b"),
        policy("c", who={"users": ["alice"]}),
        policy("d", who={"service_accounts": ["*"]}),
    )
    about = policies.about(policies.clauses(person("research")))
    assert [item.name for item in about] == ["a", "b", "c"]
    assert [item.name for item in policies.about(policies.clauses(account("ci")))] == ["d"]


def test_plans_known_by_the_models_name_are_few_and_those_that_would_be_made() -> None:
    written = (policy("a", may={"models": ["gpt*"]}), policy("b", may={"models": ["*-mini"]}))
    policies, alice = compiled(*written), person("research")
    names = [f"{start}{number}{end}" for number in range(40) for start in ("gpt-", "o") for end in ("", "-mini")]
    plans = [policies.plan(alice, "openai", "chat", name) for name in names]
    assert [policies.plan(alice, "openai", "chat", name) for name in names] == plans
    for name, plan in zip(names[:8], plans, strict=False):
        assert compiled(*written).plan(alice, "openai", "chat", name) == plan
    assert len({plan.policies for plan in plans}) == 4
    assert len(policies._standing(alice, None).asked) <= policyset.ASKED


def test_one_principal_with_two_kinds_of_credential_has_two_standings() -> None:
    policies = compiled(policy("a", who={"groups": ["research"], "credential": ["grant"]}))
    alice = person("research")
    for kind, allowed in (("oidc", False), ("grant", True), ("oidc", False), (None, False), ("grant", True)):
        assert (policies.plan(alice, "openai", "chat", "gpt", kind).refusal is None) is allowed
        assert policies.usable(alice, "openai", kind)("gpt") is allowed
        assert policies.clauses(alice, kind) == ((0,) if allowed else ())


def test_a_scope_is_made_ready_once() -> None:
    policies = compiled(policy("a"))
    assert policies.reach(Scope(("a",), (), ("b",))) is policies.reach(Scope(("a",), (), ("b",)))
    assert policies.reach(Scope(("a",), (), ("b",))) is not policies.reach(Scope(("a",), ("c",), ("b",)))
