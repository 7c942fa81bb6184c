"""What metrics say of limits on many calls: who was refused by them, what calls held and came to, and whose usage was
not believed.

It reads what the controls have noted, and what a reservation says in the end; it decides nothing.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from narrows.accounting.messages import BUDGETS
from narrows.engine.dead import OVER
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reservation import Reservation
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Note
from narrows.ports.telemetry import UNITS, Telemetry, Units

LIMITS: Final = frozenset(
    {
        Code.BUDGET_EXCEEDED,
        Code.RATE_LIMITED,
        Code.CONCURRENCY_EXCEEDED,
        Code.AGENTS_EXCEEDED,
        Code.AGENT_UNDECLARED,
        Code.COST_EXCEEDED,
        Code.COST_UNBOUNDED,
        Code.PRICE_UNKNOWN,
    }
)
"""The refusals of limits on many calls, and on cost."""

_PLACES: Final[Mapping[str, int]] = MappingProxyType({unit.value: place for place, unit in enumerate(UNITS)})


def noted(telemetry: Telemetry, notes: Sequence[Note]) -> None:
    """What observers would have refused, and which budgets have passed their soft thresholds."""
    for note in notes:
        if note.flagged and note.code is Code.BUDGET_EXCEEDED and note.rule == BUDGETS:
            telemetry.soft(note.policy, note.param or BUDGETS)
        else:
            telemetry.observed(note.policy, note.label)


def refused(telemetry: Telemetry, deny: Deny) -> None:
    """A call was refused, or its reply stopped."""
    if deny.code in LIMITS:
        telemetry.limited(deny.policy or "", deny.code.value)
    elif deny.code in OVER:
        telemetry.dead(deny.code.value)


def ended(telemetry: Telemetry, connection: str, held: Reservation, outcome: Outcome, usage: Usage | None) -> None:
    """A call that limits counted has settled; `usage` is what the upstream reported. A whole reply whose report does
    not say what it came to was not believed: its figures are nonsense, which readers leave out, or can't be true."""
    if usage is not None and outcome is Outcome.DONE and (usage.prompt is None or held.counted is not None):
        telemetry.implausible(connection)
    record = held.record
    if record is None:
        if held.cost is not None:
            telemetry.settled(connection, held.cost, (), (), ())
        return
    units = _units(record.counters)
    if held.settled:
        telemetry.settled(connection, held.cost, units, record.amounts, held.settled)
    else:
        telemetry.unknown(connection, units, record.amounts)


@lru_cache(maxsize=2_048)
def _units(names: tuple[str, ...]) -> Units:
    """The units that these counters count, each with where the first of it stands: all of one unit hold the same. A
    name says policy, then unit. A caller's names are the same for all its calls of one model."""
    places: dict[int, int] = {}
    for place, name in enumerate(names):
        places.setdefault(_PLACES[name.split("|", 2)[1]], place)
    return tuple(places.items())
