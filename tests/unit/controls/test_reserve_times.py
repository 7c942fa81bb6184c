"""Of which time a reservation is, and what the time that a reply takes comes to."""

import msgspec
import pytest

from narrows.accounting.amounts import Terms
from narrows.accounting.windows import DAY
from narrows.config.limits import ComputeWeight
from narrows.controls.reserve import SOON, Reserve
from narrows.model.limits import Unit
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reservation import Stage
from narrows.model.verdict import Deny, Proceed
from unit.controls.calls import event
from unit.controls.limited import SECOND, Shelf, Stopwatch, accounts, budget, limited, rate
from unit.controls.reserving import about

TOKENS = budget(Unit.TOKENS, 1_000)


@pytest.mark.parametrize(
    ("waited", "moved"), [(0, False), (SOON, False), (SOON + 1, True), (DAY, True), (-SECOND, True)]
)
def test_what_has_waited_counts_when_it_goes_on(*, waited: int, moved: bool) -> None:
    ledger, clock = Shelf(), Stopwatch()
    this = about(limited(TOKENS, rate(Unit.TOKENS, 500)))
    guard = Reserve(accounts(ledger, clock=clock)).begin(this)
    assert guard is not None
    clock.time += waited
    verdict = guard.on_request(this)
    assert (ledger.asked[0].at, ledger.asked[0].now) == (clock.time if moved else this.at, clock.time)
    assert isinstance(verdict, Proceed)
    assert verdict.reservation is not None
    assert verdict.reservation.record is not None
    assert verdict.reservation.record.at == (clock.time if moved else 0)


SECONDS = Terms(compute=ComputeWeight(models=("*",), output_token=1, second=10), longest=30 * SECOND)
UNITS = budget(Unit.COMPUTE, 1_000)
WORD = event("word ")


@pytest.mark.parametrize(
    ("plan", "stopped"),
    [
        (limited(UNITS), True),
        (limited(msgspec.structs.replace(UNITS, observe=True)), False),
        (limited(TOKENS), False),
        (limited(TOKENS, UNITS), True),
    ],
)
def test_a_reply_that_takes_longer_than_was_reserved_for_is_stopped(plan: Plan, *, stopped: bool) -> None:
    ledger, clock = Shelf(), Stopwatch()
    guard = Reserve(accounts(ledger, SECONDS, clock=clock)).begin(about(plan))
    assert guard is not None
    verdict = guard.on_request(about(plan))
    assert isinstance(verdict, Proceed)
    assert verdict.reservation is not None
    verdict.reservation.stage = Stage.ANSWERED
    clock.time += 30 * SECOND
    assert guard.on_event(WORD) is None
    clock.time += 1
    deny = guard.on_event(WORD)
    assert (deny is not None) is stopped
    if isinstance(deny, Deny):
        assert deny.code is Code.BUDGET_EXCEEDED
        assert "30 seconds" in deny.message
        assert deny.policy == UNITS.policy
    guard.on_end(Outcome.STOPPED, None)
    (settled,) = ledger.settled
    assert settled.amounts <= ledger.asked[0].amounts


def test_time_that_weighs_nothing_stops_no_reply() -> None:
    ledger, clock = Shelf(), Stopwatch()
    terms = Terms(compute=ComputeWeight(models=("*",), output_token=1), longest=30 * SECOND)
    guard = Reserve(accounts(ledger, terms, clock=clock)).begin(about(limited(UNITS)))
    assert guard is not None
    guard.on_request(about(limited(UNITS)))
    clock.time += DAY
    assert guard.on_event(WORD) is None
