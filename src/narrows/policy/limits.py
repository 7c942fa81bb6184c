"""The limits of policies and of the gateway, as values that counters count for; and which of them a call has.

Restrictions add up: a call is under the limits of every policy that applies, and under the gateway's own, which apply
to every call that is not refused, whoever permits it. Knows nothing of what was counted.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from narrows.config.limits import BudgetSetting, ConcurrentSetting, RateSetting, SharedLimits
from narrows.model.limit_words import amount, words
from narrows.model.limits import (
    NO_LIMITS,
    AgentCap,
    Budget,
    Concurrency,
    CostCap,
    Counted,
    Limits,
    Rate,
    Scope,
    Unit,
    Window,
)

OBSERVED: Final = " (observed)"
GATEWAY: Final = "the gateway"
"""Whose the limits are that no policy has."""

_MICROS: Final = 1_000_000


class CallRates(msgspec.Struct, frozen=True, eq=False):
    """The enforced rates of calls by which a call can be refused before its model is known.

    It is refused if a rate of `always` is exhausted; or if `each` is not empty and every one of its members has an
    exhausted rate. `always` are the gateway's own rates and those of policies that apply to such a call whatever its
    model. `each` has the rates of every policy that could permit the call, where none of them permits it for certain
    and none is without a rate: whichever of them permits it, it is refused.
    """

    always: tuple[Rate, ...] = ()
    each: tuple[tuple[Rate, ...], ...] = ()


NO_RATES: Final = CallRates()
"""Where nothing can be refused so early."""


class Permitting(NamedTuple):
    """An enforcing policy that could permit a call. `surely`: whatever the call's model is."""

    limits: Limits
    surely: bool


def compile_limits(
    settings: SharedLimits, policy: str, zone: str, groups: tuple[str, ...] = (), *, observe: bool = False
) -> Limits:
    """The limits of a policy, or of the gateway, whose name is "". `zone` is that of budgets which name none; `groups`
    are the policy's, as globs of `issuer:group`. `observe`: its policy does."""
    observing = observe or settings.mode == "observe"
    rates = [_rate(rate, Unit.CALLS, policy, observe=observing) for rate in settings.calls]
    rates += [_rate(rate, Unit.TOKENS, policy, observe=observing) for rate in settings.tokens]
    concurrent = settings.concurrent or ConcurrentSetting()
    declared = settings.agents == "declared"
    cap = AgentCap(policy, concurrent.agents, round(concurrent.window * _MICROS), declared, observing)
    cost = settings.max_cost
    limits = Limits(
        budgets=tuple(_budget(budget, policy, zone, groups, observe=observing) for budget in settings.budgets),
        rates=tuple(rates),
        concurrency=() if concurrent.calls is None else (Concurrency(policy, concurrent.calls, observing),),
        agents=(cap,) if declared or cap.limit is not None else (),
        costs=()
        if cost is None
        else (CostCap(policy, cost.limit, observing or cost.mode == "observe", cost.unpriced == "allow"),),
    )
    return NO_LIMITS if limits == NO_LIMITS else limits


def joined(several: Iterable[Limits]) -> Limits:
    """All of them together; where there are none, that very object."""
    some = [limits for limits in several if limits is not NO_LIMITS]
    if len(some) < 2:
        return some[0] if some else NO_LIMITS
    return Limits(
        budgets=tuple(limit for limits in some for limit in limits.budgets),
        rates=tuple(limit for limits in some for limit in limits.rates),
        concurrency=tuple(limit for limits in some for limit in limits.concurrency),
        agents=tuple(limit for limits in some for limit in limits.agents),
        costs=tuple(limit for limits in some for limit in limits.costs),
    )


def call_rates(policies: Sequence[Permitting], own: Limits) -> CallRates:
    """What refuses a call that only these policies could permit. See CallRates."""
    rates = [_enforced(policy.limits) for policy in policies]
    always = [rate for policy, some in zip(policies, rates, strict=True) if policy.surely for rate in some]
    open_ = any(policy.surely for policy in policies) or not all(rates)
    found = CallRates((*_enforced(own), *always), () if open_ else tuple(rates))
    return found if found.always or found.each else NO_RATES


def exhausted(rates: CallRates, full: Callable[[Rate], bool]) -> Rate | None:
    """The rate that refuses a call, if one does; `full` says which are exhausted."""
    for rate in rates.always:
        if full(rate):
            return rate
    last = None
    for some in rates.each:
        last = next((rate for rate in some if full(rate)), None)
        if last is None:
            return None
    return last


def describe_limits(limits: Limits) -> tuple[str, ...]:
    """Every limit in plain words, with the policy it is of."""
    return tuple(_described(limit) for limit in each_limit(limits))


def named_budgets(limits: Limits) -> tuple[tuple[str, str], ...]:
    """Every budget in plain words: with the policy it is of, and without."""
    return tuple((f"{budget.policy or GATEWAY}: {words(budget)}", words(budget)) for budget in limits.budgets)


def each_limit(limits: Limits) -> tuple[Counted | CostCap, ...]:
    """All of them, one after the other."""
    return (*limits.budgets, *limits.rates, *limits.concurrency, *limits.agents, *limits.costs)


def _budget(setting: BudgetSetting, policy: str, zone: str, groups: tuple[str, ...], *, observe: bool) -> Budget:
    limit = setting.limit.count
    window = Window(setting.per, rolling=True) if setting.rolling else Window(setting.per, zone=setting.zone or zone)
    return Budget(
        policy,
        setting.limit.unit,
        window,
        setting.scope,
        limit,
        # The least amount that is at least so much of it.
        soft=None if setting.soft is None else -(-limit * setting.soft // 100),
        observe=observe or setting.mode == "observe",
        unpriced=setting.unpriced == "allow",
        groups=groups if setting.scope is Scope.GROUP else (),
    )


def _rate(setting: RateSetting, unit: Unit, policy: str, *, observe: bool) -> Rate:
    return Rate(policy, unit, setting.limit, setting.per.micros, observe or setting.mode == "observe")


def _enforced(limits: Limits) -> tuple[Rate, ...]:
    return tuple(rate for rate in limits.rates if rate.unit is Unit.CALLS and not rate.observe)


def _described(limit: Counted | CostCap) -> str:
    more = []
    if isinstance(limit, Budget) and limit.soft is not None:
        more.append(f"an event from {amount(limit.unit, limit.soft)} on")
    if isinstance(limit, Budget | CostCap) and limit.unpriced:
        more.append("models without a price count as free")
    said = "".join(f", {one}" for one in more)
    return f"{limit.policy or GATEWAY}: {words(limit)}{said}{OBSERVED if limit.observe else ''}"
