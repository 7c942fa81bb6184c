"""Of which time a reservation is, and what the time that a reply takes comes to."""

import pytest

from narrows.accounting.windows import DAY
from narrows.controls.reserve import SOON, Reserve
from narrows.model.limits import Unit
from narrows.model.verdict import Proceed
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
