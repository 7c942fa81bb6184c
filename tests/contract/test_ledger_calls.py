"""Calls under limits, from their judgement to their ending, on a ledger that answers late and loses its connection."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from contract.shared_ledger import AFTER, BEFORE, FINE, TRIES, USUAL, SharedLedger
from narrows.accounting.accounts import Accounts
from narrows.controls.reserve import Reserve
from narrows.controls.throttle import Throttle
from narrows.engine.chain import Chain
from narrows.model.limits import AgentCap, Concurrency, Unit
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reservation import Stage
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Hold
from narrows.ports.control import Wait
from unit.controls.limited import SECOND, accounts, budget, limited, rate
from unit.controls.reserving import about
from unit.engine.world import World

AGENTS = AgentCap("p", 2, 300 * SECOND)
USAGE = Usage(prompt=30, completion=20)
LOST = (BEFORE,) * TRIES + (AFTER,) * TRIES


@asynccontextmanager
async def gate(directory: Path, fates: Sequence[str] = USUAL) -> AsyncIterator[tuple[SharedLedger, Accounts]]:
    ledger = SharedLedger(directory / "shared.db", fates)
    await ledger.start()
    try:
        yield ledger, accounts(ledger)
    finally:
        await ledger.stop()


class Under:
    """Calls under one plan, through the controls that count."""

    def __init__(self, books: Accounts, plan: Plan) -> None:
        self.plan = plan
        controls = (Throttle(books), Reserve(books))
        snapshot = World().snapshots.current
        self.snapshot = msgspec.structs.replace(snapshot, controls=controls, reply_controls=controls)

    def begin(self, number: int) -> Chain:
        return Chain(self.snapshot, msgspec.structs.replace(about(self.plan), id=f"call_{number}"))

    async def judged(self, number: int) -> tuple[Chain, Deny | Hold | None]:
        chain = self.begin(number)
        verdict = chain.judge()
        assert isinstance(verdict, Wait), "it answers late"
        return chain, await chain.wait(verdict)


def end(chain: Chain, outcome: Outcome = Outcome.DONE) -> None:
    if chain.reservation is not None:
        chain.reservation.stage = Stage.ANSWERED
    chain.end(outcome, USAGE if outcome is Outcome.DONE else None)


def held(ledger: SharedLedger, books: Accounts, plan: Plan) -> list[tuple[int, int]]:
    """Used and held of each budget."""
    this = about(plan)
    found = Reserve(books).under(plan)
    assert found is not None
    bill, _ = found.known(this)
    return [(one.used, one.held) for one in ledger.standing(bill.counters[: bill.budgets], 0)]


async def test_a_call_is_counted_reserved_and_settled(tmp_path: Path) -> None:
    plan = limited(budget(Unit.TOKENS, 1_000), rate(Unit.CALLS, 5), Concurrency("p", 1), AGENTS)
    async with gate(tmp_path) as (ledger, books):
        under = Under(books, plan)
        chain, refusal = await under.judged(1)
        assert refusal is None
        assert chain.reservation is not None
        assert chain.reservation.record is not None
        assert chain.reservation.record.amounts == (150,)
        assert held(ledger, books, plan) == [(0, 150)]
        assert dict(chain.reservation.headers)[b"x-ratelimit-remaining-tokens"] == b"850"
        _, refusal = await under.judged(2)
        assert isinstance(refusal, Deny)
        assert refusal.code is Code.CONCURRENCY_EXCEEDED
        end(chain)
        await ledger.idle()
        assert held(ledger, books, plan) == [(50, 0)]
        assert chain.reservation.settled == (50,)
        chain, refusal = await under.judged(3)
        assert refusal is None


@pytest.mark.parametrize("fates", [USUAL, (AFTER, FINE), (BEFORE, AFTER, AFTER, FINE)])
async def test_many_at_once_never_pass_a_budget_whatever_becomes_of_connections(
    fates: Sequence[str], tmp_path: Path
) -> None:
    plan = limited(budget(Unit.TOKENS, 1_000), rate(Unit.CALLS, 100))
    async with gate(tmp_path, fates) as (ledger, books):
        under = Under(books, plan)
        calls = await asyncio.gather(*(under.judged(number) for number in range(40)))
        granted = [chain for chain, refusal in calls if refusal is None]
        refused = {refusal.code for _, refusal in calls if isinstance(refusal, Deny)}
        assert len(granted) == 6, "each may come to 150 of 1,000"
        assert refused == {Code.BUDGET_EXCEEDED}
        assert ledger.transactions < 20, "what one turn of the loop asks is one transaction"
        for chain, _ in calls:
            end(chain)
        await ledger.idle()
        assert held(ledger, books, plan) == [(300, 0)]


async def test_what_nobody_waits_for_any_more_is_let_go(tmp_path: Path) -> None:
    plan = limited(budget(Unit.TOKENS, 150))
    async with gate(tmp_path) as (ledger, books):
        under = Under(books, plan)
        chain = under.begin(1)
        verdict = chain.judge()
        assert isinstance(verdict, Wait)
        waiting = asyncio.ensure_future(chain.wait(verdict))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        chain.end(Outcome.CLIENT_GONE, None)
        await ledger.idle()
        assert held(ledger, books, plan) == [(0, 0)]
        _, refusal = await under.judged(2)
        assert refusal is None


async def test_a_database_that_is_away_refuses_and_what_it_may_have_held_is_let_go(tmp_path: Path) -> None:
    plan = limited(budget(Unit.TOKENS, 150))
    async with gate(tmp_path, (*LOST, FINE, FINE, FINE)) as (ledger, books):
        under = Under(books, plan)
        for number in (1, 2):
            chain, refusal = await under.judged(number)
            assert isinstance(refusal, Deny)
            assert refusal.code is Code.LEDGER_UNAVAILABLE
            assert chain.reservation is None
            if number == 1:
                # The first time nothing was done.
                assert held(ledger, books, plan) == [(0, 0)]
                continue
            assert held(ledger, books, plan) == [(0, 150)], "it was done, and nobody was told"
            chain.end(Outcome.REFUSED, None)
            await ledger.idle()
        assert held(ledger, books, plan) == [(0, 0)]


async def test_a_settlement_is_tried_until_it_is_done(tmp_path: Path) -> None:
    plan = limited(budget(Unit.TOKENS, 150))
    async with gate(tmp_path, (FINE, *LOST, FINE)) as (ledger, books):
        chain, refusal = await Under(books, plan).judged(1)
        assert refusal is None
        end(chain)
        await ledger.idle()
        assert held(ledger, books, plan) == [(50, 0)]
