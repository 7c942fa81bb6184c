"""What has no price or no bound is refused where that is counted, and passes where it is not."""

from typing import Any

import msgspec
import pytest

from narrows.accounting.amounts import Terms
from narrows.model.limits import Budget, Concurrency, Unit
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reservation import Stage
from narrows.model.text import Opaque
from narrows.model.usage import Usage
from narrows.model.verdict import Note, Proceed
from unit.controls.limited import PRICE, Shelf, budget, limited, rate
from unit.controls.reserving import about, asked, held, refused

USD = budget(Unit.USD, 10_000)
TOKENS = budget(Unit.TOKENS, 1_000)
CALLS = budget(Unit.CALLS, 2)


def test_listing_models_counts_as_a_call_and_nothing_else() -> None:
    ledger = Shelf()
    this = about(limited(USD, TOKENS, CALLS), None, None, {"operation": "models", "model": None})
    _, reservation = held(ledger, this, Terms())
    assert ledger.asked[0].amounts == (1,)
    assert reservation.record is not None
    assert reservation.record.counters == ("research|calls|day|UTC|user|corp:alice",)


def test_no_price_refuses_where_money_is_limited() -> None:
    deny = refused(Shelf(), about(limited(USD)), Terms())
    assert deny.code is Code.PRICE_UNKNOWN
    assert "'gpt'" in deny.message
    assert deny.policy == "research"


def test_no_price_passes_as_free_where_the_budget_says_so() -> None:
    ledger = Shelf()
    guard, reservation = held(ledger, about(limited(budget(Unit.USD, 5, unpriced=True), CALLS)), Terms())
    assert ledger.asked[0].amounts == (1,)
    reservation.stage = Stage.ANSWERED
    guard.on_end(Outcome.DONE, Usage(1, 1))
    assert (reservation.settled, reservation.cost) == ((1,), None)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"parameters": frozenset({"server_tools"})}, "tools of its own"),
        ({"references": ("resp_1",)}, "conversation"),
        ({"opaque": (Opaque("$", "image/png", "00", 1),)}, "media_tokens"),
        ({"parameters": frozenset({"stored_files"})}, "files"),
        ({"parameters": frozenset({"stored_prompt"})}, "stored"),
    ],
)
@pytest.mark.parametrize("limit", [USD, TOKENS, budget(Unit.PROMPT_TOKENS, 5_000), rate(Unit.TOKENS, 5_000)])
def test_what_has_no_bound_is_refused(limit: Budget, facts: dict[str, Any], words: str) -> None:
    deny = refused(Shelf(), about(limited(limit), asked=facts))
    assert deny.code is Code.COST_UNBOUNDED
    assert words in deny.message


def test_what_has_no_bound_passes_where_only_calls_are_counted() -> None:
    held(Shelf(), about(limited(CALLS, Concurrency("p", 1)), None, None))


def test_declared_bounds_make_tools_and_media_countable() -> None:
    ledger = Shelf()
    price = msgspec.structs.replace(PRICE, tools=1_000_000_000)
    facts = {"parameters": frozenset({"server_tools"}), "opaque": (Opaque("$", "image/png", "00", 1),)}
    held(ledger, about(limited(USD, budget(Unit.TOKENS, 5_000)), asked=facts), Terms(price, media=700))
    assert ledger.asked[0].amounts == (800 + 100 + 1_000, 850)


def test_no_output_cap_has_no_bound() -> None:
    deny = refused(Shelf(), about(limited(TOKENS), cap=None))
    assert deny.code is Code.COST_UNBOUNDED
    assert "output" in deny.message
    deny = refused(Shelf(), about(limited(TOKENS)), Terms(PRICE, capped=False))
    assert deny.code is Code.COST_UNBOUNDED


def test_what_is_paid_by_the_call_needs_no_bound() -> None:
    ledger = Shelf()
    free = msgspec.structs.replace(PRICE.tiers[0][1], prompt=0, output=0, cached=0, cache_write=0, audio_prompt=0)
    price = msgspec.structs.replace(
        PRICE, tiers=((0, msgspec.structs.replace(free, audio_output=0)),), call=2_000_000_000
    )
    held(ledger, about(limited(USD), None, None), Terms(price))
    assert ledger.asked[0].amounts == (2_000,)


def test_an_observing_budget_that_can_not_count_is_left_out_and_noted() -> None:
    ledger = Shelf()
    this = about(limited(budget(Unit.USD, 5, observe=True), CALLS))
    _, verdict = asked(ledger, this, Terms())
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert verdict.call.notes == (Note(Code.PRICE_UNKNOWN, "research", "limits.budgets", "0.000005 usd / day / user"),)
    assert ledger.asked[0].amounts == (1,)
