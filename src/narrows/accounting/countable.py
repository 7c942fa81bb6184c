"""Whether limits can count a call: what needs a price, or a bound, and has none is refused, or left out and noted where
the limit only observes. Pure.
"""

from collections.abc import Sequence

from narrows.accounting import messages
from narrows.accounting.amounts import PLACES, Worst
from narrows.model.call import Call
from narrows.model.limits import Budget, CostCap, Rate, Unit
from narrows.model.reservation import Counter
from narrows.model.verdict import Deny, Note

Chosen = tuple[tuple[Counter, ...], tuple[int, ...], tuple[Note, ...]]
"""Counters, where their amounts stand in a vector, and notes."""


def within(caps: Sequence[CostCap], held: Worst, call: Call) -> Deny | tuple[Note, ...]:
    """Whether the call may cost what it may come to."""
    notes: tuple[Note, ...] = ()
    cost = held.vector[PLACES[Unit.USD]]
    for cap in caps:
        deny: Deny | None = None
        if cost is None:
            deny = _unknown(cap, held, call)
        elif cost > cap.limit:
            deny = messages.too_dear(cap, cost)
        if deny is None:
            continue
        if not cap.observe:
            return deny
        notes += (messages.observed(cap, deny.code),)
    return notes


def _unknown(limit: Budget | CostCap | Rate, held: Worst, call: Call) -> Deny | None:
    """Why a limit can't count the call; None where it lets pass what has no price."""
    if not isinstance(limit, Rate) and held.unpriced and (isinstance(limit, CostCap) or limit.unit is Unit.USD):
        return None if limit.unpriced else messages.unpriced(limit, call.connection, call.model)
    return messages.unbounded(limit, held.reason)


def countable(counters: Sequence[Counter], places: Sequence[int], held: Worst, call: Call) -> Deny | Chosen:
    """The counters in which the call counts for something, and notes on those that observe and can't count it."""
    notes: tuple[Note, ...] = ()
    some: list[Counter] = []
    where: list[int] = []
    for counter, place in zip(counters, places, strict=True):
        amount = held.vector[place]
        if amount:
            some.append(counter)
            where.append(place)
            continue
        limit = counter.limit
        if amount is None and isinstance(limit, Budget | Rate):
            deny = _unknown(limit, held, call)
            if deny is None:
                continue
            if not limit.observe:
                return deny
            notes += (messages.observed(limit, deny.code),)
    return tuple(some), tuple(where), notes
