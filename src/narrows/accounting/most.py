"""What somebody could spend at most: the sum of the budgets that surely bind all that they may do. Pure.

A call counts in every enforced budget of every policy that permits it, and in the gateway's own. So all calls together
come to no more than a budget allows that applies to each of them; and where none does, to no more than the sum over
policies of what each one's budgets allow. What is told is never too little; it may be more than can really be spent.

A budget that only observes binds nothing, nor does one of each model or of each end user: there can be any number of
them. One that others share binds, too: it could be spent by one alone.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from narrows.accounting.counters import Subjects, counters_for
from narrows.model.limits import Budget, Limits, Per, Scope, Unit
from narrows.model.principal import Principal

_SECONDS: Final = {Per.MINUTE: 60, Per.HOUR: 3_600, Per.DAY: 86_400, Per.WEEK: 604_800, Per.MONTH: 2_592_000}
_PERIODS: Final = {Per.DAY: 86_400, Per.MONTH: 31 * 86_400}
_WEEKS: Final = {Per.DAY: 1, Per.MONTH: 6}
_CHANGE: Final = 3_600
"""Seconds by which a day may be longer where clocks are changed."""

_ANY_NUMBER: Final = frozenset({Scope.MODEL, Scope.END_USER})


class Spending(msgspec.Struct, frozen=True):
    """What one policy's calls are counted in. `always` are the policies that surely permit all of them, itself first;
    `connections` are those that it permits."""

    policy: str
    budgets: tuple[Budget, ...]
    always: tuple[str, ...]
    connections: tuple[str, ...]


class Most(msgspec.Struct, frozen=True):
    """The most in one calendar day or month; `limit` None: nothing binds it. `by` are the budgets that say so.
    `unpriced`: a model without a price passes some of them, and is counted for nothing."""

    unit: Unit
    per: Per
    limit: int | None
    by: tuple[Budget, ...] = ()
    unpriced: bool = False


class _Bound(msgspec.Struct, frozen=True):
    limit: int
    budget: Budget


def binding(budgets: Sequence[Budget], principal: Principal) -> tuple[Budget, ...]:
    """Those that count what this principal does, in force."""
    return tuple(
        budget
        for budget in budgets
        if not budget.observe and counters_for(Limits((budget,)), Subjects(principal, "any")).reserved
    )


def most(
    principal: Principal, spending: Sequence[Spending], own: Sequence[Budget], unit: Unit, per: Per, zone: str
) -> Most:
    """The most of a unit that comes together in a calendar day or month of `zone`. `spending` has every policy by which
    they may do anything; `own` are the gateway's budgets."""
    if not spending:
        return Most(unit, per, 0)
    connections = tuple({name for one in spending for name in one.connections})
    whole = _least(binding(own, principal), connections, unit, per, zone)
    bounds: dict[str, _Bound | None] = {
        one.policy: _least(binding(one.budgets, principal), one.connections, unit, per, zone) for one in spending
    }
    shares: dict[str, _Bound] = {}
    for one in spending:
        found = _cheapest(one, bounds)
        if found is None:
            return _told(unit, per, () if whole is None else (whole,))
        shares[found[0]] = found[1]
    together = sum(share.limit for share in shares.values())
    if whole is not None and whole.limit <= together:
        return _told(unit, per, (whole,))
    return _told(unit, per, tuple(shares.values()))


def _told(unit: Unit, per: Per, bounds: tuple[_Bound, ...]) -> Most:
    limit = sum(bound.limit for bound in bounds) if bounds else None
    budgets = tuple(bound.budget for bound in bounds)
    return Most(unit, per, limit, budgets, any(budget.unpriced for budget in budgets))


def _cheapest(one: Spending, bounds: Mapping[str, _Bound | None]) -> tuple[str, _Bound] | None:
    """Of the policies that surely permit all that this one does, that which binds it most."""
    known = [(name, bound) for name in one.always if (bound := bounds.get(name)) is not None]
    return min(known, key=lambda found: found[1].limit, default=None)


def _least(budgets: Sequence[Budget], connections: Sequence[str], unit: Unit, per: Per, zone: str) -> _Bound | None:
    bounds = [
        _Bound(
            budget.limit * _windows(budget, per, zone) * (len(connections) if budget.scope is Scope.CONNECTION else 1),
            budget,
        )
        for budget in budgets
        if budget.unit is unit and budget.scope not in _ANY_NUMBER
    ]
    return min(bounds, key=lambda bound: bound.limit, default=None)


def _windows(budget: Budget, per: Per, zone: str) -> int:
    """How many of its windows can have a part in one such period, at most."""
    window = budget.window
    length = _PERIODS[per] + (_CHANGE if zone != "UTC" else 0)
    size = _SECONDS[window.per]
    if window.rolling:
        return -(-length // size)
    # A window of another zone begins within the period; months and weeks of one begin at no fixed distance.
    other = 0 if window.zone == zone else 1
    if window.per is Per.WEEK:
        return _WEEKS[per] + other
    if window.per is Per.MONTH:
        return 1 + other
    if window.per is Per.DAY:
        return (1 if per is Per.DAY else 31) + other
    return -(-length // size) + other
