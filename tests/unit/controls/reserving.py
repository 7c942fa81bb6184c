"""Calls that reserve, for the tests of that control."""

from typing import Any

import msgspec

from narrows.accounting.amounts import Terms
from narrows.controls.reserve import Reserve
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.reservation import Reservation
from narrows.model.verdict import Deny, Proceed
from narrows.ports.control import Guard
from unit.controls.calls import call
from unit.controls.limited import NOW, Shelf, accounts


def about(plan: Plan, bound: int | None = 100, cap: int | None = 50, asked: dict[str, Any] | None = None) -> Call:
    """A call with a prompt of at most so many tokens and an output of at most so many, which has just come."""
    this = call(plan, asked=asked, prompt_tokens=20, prompt_bound=bound, output_cap=cap)
    return msgspec.structs.replace(this, at=NOW)


def asked(ledger: Shelf, this: Call, terms: Terms | None = None) -> tuple[Guard, Proceed | Deny]:
    """The guard and what it says of the request."""
    guard = Reserve(accounts(ledger, terms)).begin(this)
    assert guard is not None
    verdict = guard.on_request(this)
    assert isinstance(verdict, Proceed | Deny)
    return guard, verdict


def held(ledger: Shelf, this: Call, terms: Terms | None = None) -> tuple[Guard, Reservation]:
    """The guard and what the call holds."""
    guard, verdict = asked(ledger, this, terms)
    assert isinstance(verdict, Proceed)
    assert verdict.reservation is not None
    return guard, verdict.reservation


def refused(ledger: Shelf, this: Call, terms: Terms | None = None) -> Deny:
    """The refusal, after which nothing may be held."""
    guard, verdict = asked(ledger, this, terms)
    assert isinstance(verdict, Deny)
    guard.on_end(Outcome.REFUSED, None)
    assert not ledger.held
    return verdict
