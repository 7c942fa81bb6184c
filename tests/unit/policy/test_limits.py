"""Limits of policies and of the gateway: what becomes of each setting, which of them a call has, what refuses early."""

from typing import Any

import pytest

from narrows.model.limits import (
    NO_LIMITS,
    AgentCap,
    Budget,
    Concurrency,
    CostCap,
    Limits,
    Per,
    Rate,
    Scope,
    Unit,
    Window,
)
from narrows.policy.limits import (
    NO_RATES,
    CallRates,
    Permitting,
    call_rates,
    describe_limits,
    each_limit,
    exhausted,
    joined,
)
from unit.policy.world import account, compiled, limiting, person, policy

MINUTE = 60_000_000


def limits_of(*issuers: str, who: dict[str, Any] | None = None, mode: str = "enforce", **limits: Any) -> Limits:
    made = policy("p", who=who, mode=mode, limits=limiting(**limits))
    return compiled(made, issuers=issuers or ("corp",)).policies[0].limits


def test_a_policy_without_limits_holds_that_very_object() -> None:
    assert limits_of() is NO_LIMITS
    assert limits_of(prompt_tokens=5, output_tokens=6) is NO_LIMITS
    assert limits_of(concurrent={"window": 5.0}) is NO_LIMITS
    assert compiled(policy("a")).own is NO_LIMITS


def test_budgets() -> None:
    first, second = limits_of(
        budgets=["5 usd / day / user", {"limit": {"count": 3, "unit": "calls"}, "per": "week", "scope": "end user"}]
    ).budgets
    assert first == Budget("p", Unit.USD, Window(Per.DAY), Scope.USER, 5_000_000)
    assert second == Budget("p", Unit.CALLS, Window(Per.WEEK), Scope.END_USER, 3)


def test_the_zone_is_the_budgets_own_or_the_gateways() -> None:
    usd = {"limit": {"count": 5, "unit": "usd"}, "scope": "user"}
    limits = limiting(
        budgets=[
            {**usd, "per": "day"},
            {**usd, "per": "week", "zone": "Asia/Tokyo"},
            {**usd, "per": "month", "rolling": True},
        ]
    )
    policies = compiled(
        policy("p", limits=limits), own={"zone": "Europe/Berlin", **limiting(budgets=limits["budgets"])}
    )
    for some in (policies.policies[0].limits, policies.own):
        assert [budget.window for budget in some.budgets] == [
            Window(Per.DAY, zone="Europe/Berlin"),
            Window(Per.WEEK, zone="Asia/Tokyo"),
            Window(Per.MONTH, rolling=True),
        ]


@pytest.mark.parametrize(
    ("limit", "percent", "amount"), [(100, 80, 80), (3, 80, 3), (10, 1, 1), (7, 50, 4), (5, 100, 5)]
)
def test_a_soft_threshold_is_never_below_its_share(limit: int, percent: int, amount: int) -> None:
    setting = {"limit": {"count": limit, "unit": "calls"}, "per": "day", "scope": "user", "soft": percent}
    (budget,) = limits_of(budgets=[setting]).budgets
    assert budget.soft == amount


def test_groups_are_globs_of_whole_names() -> None:
    who = {"groups": ["research", "b-*"]}
    budgets = ["5 usd / day / group", "5 usd / day / user"]
    group, user = limits_of(who=who, budgets=budgets).budgets
    assert (group.groups, user.groups) == (("corp:b-*", "corp:research"), ())
    named = {"groups": ["one:a", "two:b"]}
    assert limits_of("one", "two", who=named, budgets=budgets).budgets[0].groups == ("one:a", "two:b")


def test_rates_and_what_runs_at_once() -> None:
    limits = limits_of(
        calls=["60 / minute", {"limit": 5, "per": "second", "mode": "observe"}],
        tokens=["9 / hour"],
        concurrent={"calls": 8, "agents": 3, "window": 60.0},
        max_cost="0.50 usd",
    )
    assert limits == Limits(
        rates=(
            Rate("p", Unit.CALLS, 60, MINUTE),
            Rate("p", Unit.CALLS, 5, 1_000_000, observe=True),
            Rate("p", Unit.TOKENS, 9, 60 * MINUTE),
        ),
        concurrency=(Concurrency("p", 8),),
        agents=(AgentCap("p", 3, MINUTE),),
        costs=(CostCap("p", 500_000),),
    )


def test_declared_agents() -> None:
    assert limits_of(agents="declared").agents == (AgentCap("p", None, 5 * MINUTE, declared=True),)
    assert limits_of(agents="declared", concurrent={"agents": 2}).agents == (
        AgentCap("p", 2, 5 * MINUTE, declared=True),
    )
    assert limits_of(concurrent={"calls": 2}).agents == ()


EVERY = {
    "budgets": ["5 usd / day / user"],
    "calls": ["5 / minute"],
    "tokens": ["5 / minute"],
    "concurrent": {"calls": 1, "agents": 1},
    "max_cost": "5 usd",
}


def test_each_observes_where_the_policy_or_the_limits_do() -> None:
    assert not any(limit.observe for limit in each_limit(limits_of(**EVERY)))
    for observing in (limits_of(**EVERY, mode="observe"), limits_of(**{**EVERY, "mode": "observe"})):
        assert len(each_limit(observing)) == 6
    own = compiled(policy("a"), own=limiting(**EVERY, mode="observe")).own
    assert all(limit.observe for limit in each_limit(own))
    made = compiled(policy("p", mode="observe", limits=limiting(**EVERY))).policies[0].limits
    assert all(limit.observe for limit in each_limit(made))
    one = {"limit": {"count": 5, "unit": "usd"}, "per": "day", "scope": "user", "mode": "observe"}
    assert [budget.observe for budget in limits_of(budgets=[one, "5 usd / week / user"]).budgets] == [True, False]
    assert limits_of(max_cost={"limit": 5, "mode": "observe"}).costs[0].observe


def test_unpriced_models_may_pass() -> None:
    free = {"limit": {"count": 5, "unit": "usd"}, "per": "day", "scope": "user", "unpriced": "allow"}
    limits = limits_of(budgets=[free, "5 usd / week / user"], max_cost={"limit": 5, "unpriced": "allow"})
    assert [budget.unpriced for budget in limits.budgets] == [True, False]
    assert limits.costs[0].unpriced


def test_joined() -> None:
    one, two = limits_of(**EVERY), limits_of(calls=["9 / hour"])
    assert joined([]) is NO_LIMITS
    assert joined([NO_LIMITS, NO_LIMITS]) is NO_LIMITS
    assert joined([NO_LIMITS, one, NO_LIMITS]) is one
    both = joined([one, two])
    assert set(each_limit(both)) == {*each_limit(one), *each_limit(two)}
    assert len(each_limit(both)) == 7


def test_a_plan_has_the_limits_of_every_policy_and_the_gateways() -> None:
    policies = compiled(
        policy("a", limits=limiting(calls=["1 / minute"])),
        policy("b", limits=limiting(calls=["2 / minute"]), who={"users": ["alice"]}),
        policy("c", limits=limiting(calls=["3 / minute"]), may={"models": ["o1"]}),
        policy("watch", limits=limiting(calls=["4 / minute"]), mode="observe"),
        own=limiting(calls=["5 / minute"]),
    )
    plan = policies.plan(person("research"), "openai", "chat", "gpt")
    assert [(rate.policy, rate.limit, rate.observe) for rate in plan.limits.rates] == [
        ("a", 1, False),
        ("b", 2, False),
        ("watch", 4, True),
        ("", 5, False),
    ]
    assert policies.limited


def test_the_gateways_own_limits_enforce_where_policies_only_observe() -> None:
    policies = compiled(policy("watch", mode="observe"), own=limiting(calls=["5 / minute"]))
    plan = policies.plan(person("research"), "openai", "chat", "gpt")
    assert not plan.enforced
    assert plan.limits is policies.own
    assert not plan.limits.rates[0].observe


def test_a_plan_without_limits_holds_that_very_object() -> None:
    policies = compiled(policy("a"), policy("b", limits=limiting(calls=["1 / minute"]), who={"groups": ["sales"]}))
    assert policies.plan(person("research"), "openai", "chat", "gpt").limits is NO_LIMITS
    assert policies.plan(person("sales", "research"), "openai", "chat", "gpt").limits is not NO_LIMITS
    assert policies.plan(person("other"), "openai", "chat", "gpt").limits is NO_LIMITS
    assert not compiled(policy("a")).limited


ONE, TWO, OWN = (Rate(name, Unit.CALLS, 1, MINUTE) for name in ("one", "two", ""))
TOKENS, WATCHED = Rate("one", Unit.TOKENS, 1, MINUTE), Rate("one", Unit.CALLS, 1, MINUTE, observe=True)


def permitting(*rates: Rate, surely: bool = False) -> Permitting:
    return Permitting(Limits(rates=rates), surely)


@pytest.mark.parametrize(
    ("policies", "own", "expected"),
    [
        ([], (), CallRates()),
        ([], (OWN,), CallRates((OWN,))),
        ([permitting(ONE)], (OWN,), CallRates((OWN,), ((ONE,),))),
        ([permitting(ONE), permitting(TWO)], (), CallRates((), ((ONE,), (TWO,)))),
        ([permitting(ONE), permitting()], (), CallRates()),
        ([permitting(ONE), permitting(TOKENS)], (), CallRates()),
        ([permitting(ONE), permitting(WATCHED)], (), CallRates()),
        ([permitting(ONE, surely=True)], (OWN,), CallRates((OWN, ONE))),
        ([permitting(ONE, surely=True), permitting(TWO)], (), CallRates((ONE,))),
        ([permitting(surely=True), permitting(TWO)], (), CallRates()),
        ([permitting(ONE, TOKENS, WATCHED)], (), CallRates((), ((ONE,),))),
    ],
)
def test_the_rates_that_refuse_early(policies: list[Permitting], own: tuple[Rate, ...], expected: CallRates) -> None:
    found = call_rates(policies, Limits(rates=own))
    assert (found.always, found.each) == (expected.always, expected.each)
    assert (found is NO_RATES) is (not expected.always and not expected.each)


def test_what_is_exhausted() -> None:
    either = CallRates((OWN,), ((ONE,), (TWO,)))
    assert exhausted(either, lambda _: False) is None
    assert exhausted(either, lambda rate: rate is OWN) is OWN
    assert exhausted(either, lambda rate: rate is ONE) is None
    assert exhausted(either, lambda rate: rate in (ONE, TWO)) in (ONE, TWO)
    assert exhausted(NO_RATES, lambda _: True) is None


def test_rates_by_who_connection_and_operation() -> None:
    policies = compiled(
        policy("a", limits=limiting(calls=["1 / minute"]), may={"models": ["gpt*"]}),
        policy("b", limits=limiting(calls=["2 / minute"]), who={"service_accounts": ["*"]}),
        policy("elsewhere", may={"connections": ["claude"]}),
        policy("watch", limits=limiting(calls=["3 / minute"]), mode="observe"),
    )
    alice = person("research")
    rates = policies.rates(alice, "openai", "chat")
    assert [[rate.limit for rate in some] for some in rates.each] == [[1]]
    assert rates.always == ()
    assert policies.rates(person("research", subject="bob"), "openai", "chat") is rates
    assert policies.rates(alice, "claude", "chat") is NO_RATES
    assert policies.rates(alice, "openai", "embeddings") is NO_RATES
    sure = policies.rates(account("job"), "openai", "chat")
    assert ([rate.limit for rate in sure.always], sure.each) == ([2], ())


def test_in_plain_words() -> None:
    soft = {
        "limit": {"count": 5_000_000, "unit": "usd"},
        "per": "day",
        "scope": "user",
        "soft": 80,
        "unpriced": "allow",
    }
    limits = limits_of(**{**EVERY, "budgets": [soft]}, agents="declared")
    own = compiled(policy("a"), own=limiting(budgets=["9 tokens / rolling week / gateway"], mode="observe")).own
    assert describe_limits(joined([limits, own])) == (
        "p: 5 usd / day / user, an event from 4 usd on, models without a price count as free",
        "the gateway: 9 tokens / rolling week / gateway (observed)",
        "p: 5 calls / minute",
        "p: 5 tokens / minute",
        "p: 1 call at once",
        "p: 1 declared agent in 5 minutes",
        "p: 5 usd / call",
    )
