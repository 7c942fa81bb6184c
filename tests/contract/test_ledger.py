"""What every implementation of the Ledger port must do, whether it answers at once or later."""

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from contract.shared_ledger import AFTER, FINE, USUAL, SharedLedger
from narrows.config.schema import Recording
from narrows.model.limits import Budget, Per, Rate, Scope, Unit, Window
from narrows.model.reservation import Answer, Counter, Granted, Refused, Settled, Wanted
from narrows.ports.ledger import Ledger, LedgerUnavailable
from narrows.stores.sqlite.journal import SqliteJournal
from narrows.stores.sqlite.ledger import SqliteLedger
from unit.stores.sqlite.accounts import at_once, counter, wanted
from unit.stores.sqlite.records import NOW, StillClock, call_id

Start = Callable[[], AbstractAsyncContextManager[Ledger]]

DAY = 86_400_000_000
MINUTE = 60_000_000


def sqlite(directory: Path) -> Start:
    @asynccontextmanager
    async def start() -> AsyncIterator[Ledger]:
        clock = StillClock()
        journal = SqliteJournal(directory, Recording(durability="normal"), clock)
        ledger = SqliteLedger(directory, journal, clock)
        await journal.start()
        await ledger.start()
        try:
            yield ledger
        finally:
            await ledger.stop()
            await journal.stop()

    return start


def shared(directory: Path, fates: Sequence[str] = USUAL) -> Start:
    @asynccontextmanager
    async def start() -> AsyncIterator[Ledger]:
        directory.mkdir()
        ledger = SharedLedger(directory / "shared.db", fates)
        await ledger.start()
        try:
            yield ledger
        finally:
            await ledger.stop()

    return start


IMPLEMENTATIONS = {"sqlite": sqlite, "shared": shared, "shared, all in doubt": partial(shared, fates=(AFTER, FINE))}


@pytest.fixture(params=list(IMPLEMENTATIONS))
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with IMPLEMENTATIONS[request.param](tmp_path / "data")() as ledger:
        yield ledger


async def ask(ledger: Ledger, *asked: Wanted) -> Sequence[Answer]:
    answers = ledger.reserve(asked)
    return await answers if inspect.isawaitable(answers) else answers


async def count(ledger: Ledger, *asked: Wanted) -> Sequence[Answer]:
    answers = ledger.count(asked)
    return await answers if inspect.isawaitable(answers) else answers


async def settle(ledger: Ledger, *settled: Settled) -> None:
    done = ledger.settle(settled)
    if done is not None:
        await done


def standing(ledger: Ledger, one: Counter, at: int = NOW) -> tuple[int, int]:
    (found,) = ledger.standing([one], at)
    assert found.counter is one
    assert list(ledger.taken([one], at)) == [found.used + found.held, found.resets]
    return found.used, found.held


async def test_what_is_granted_is_held_and_what_settles_is_used(ledger: Ledger) -> None:
    one = counter(limit=100)
    assert await ask(ledger, wanted(1, {one: 60})) == [Granted()]
    assert standing(ledger, one) == (0, 60)
    await settle(ledger, Settled(call_id(1), (25,)))
    assert standing(ledger, one) == (25, 0)


async def test_what_does_not_fit_is_refused_and_holds_nothing(ledger: Ledger) -> None:
    one = counter(limit=100)
    (first, second, third) = await ask(ledger, wanted(1, {one: 60}), wanted(2, {one: 41}), wanted(3, {one: 40}))
    assert (type(first), type(third)) == (Granted, Granted)
    assert isinstance(second, Refused)
    assert (second.counter, second.used, second.wanted) == (one, 0, 41)
    # One whose answer was lost is asked again with the others, and finds what was held behind it.
    assert second.held in (60, 100)
    assert standing(ledger, one) == (0, 100)


async def test_of_several_counters_all_hold_or_none(ledger: Ledger) -> None:
    wide, narrow = counter("corp:alice", limit=1000), counter("corp:bob", limit=10)
    (answer,) = await ask(ledger, wanted(1, {wide: 500, narrow: 11}))
    assert isinstance(answer, Refused)
    assert answer.counter is narrow
    assert (standing(ledger, wide), standing(ledger, narrow)) == ((0, 0), (0, 0))


async def test_what_is_asked_twice_is_held_once_and_what_settled_is_not_held_again(ledger: Ledger) -> None:
    one = counter(limit=100)
    for _ in range(3):
        assert await ask(ledger, wanted(1, {one: 60})) == [Granted()]
    assert standing(ledger, one) == (0, 60)
    await settle(ledger, Settled(call_id(1), (10,)))
    await settle(ledger, Settled(call_id(1), (10,)))
    assert await ask(ledger, wanted(1, {one: 60})) == [Granted()]
    assert standing(ledger, one) == (10, 0)


async def test_what_was_refused_may_be_asked_again(ledger: Ledger) -> None:
    one = counter(limit=100)
    await ask(ledger, wanted(1, {one: 100}))
    assert isinstance((await ask(ledger, wanted(2, {one: 1})))[0], Refused)
    await settle(ledger, Settled(call_id(1)))
    assert await ask(ledger, wanted(2, {one: 1})) == [Granted()]


async def test_more_than_was_held_never_settles_nor_less_than_nothing(ledger: Ledger) -> None:
    one = counter(limit=100)
    await ask(ledger, wanted(1, {one: 60}), wanted(2, {one: 40}))
    await settle(ledger, Settled(call_id(1), (10**30,)), Settled(call_id(2), (-5,)), Settled("call_nobody", (7,)))
    assert standing(ledger, one) == (60, 0)


async def test_no_amounts_settle_as_nothing(ledger: Ledger) -> None:
    one, running = counter(limit=100), at_once(1)
    await ask(ledger, wanted(1, {one: 60, running: 1}))
    await settle(ledger, Settled(call_id(1)))
    assert (standing(ledger, one), standing(ledger, running)) == ((0, 0), (0, 0))


async def test_what_nobody_knows_the_outcome_of_runs_no_more_but_holds_its_budgets(ledger: Ledger) -> None:
    one, running = counter(limit=100), at_once(1)
    await ask(ledger, wanted(1, {one: 60, running: 1}))
    await settle(ledger, Settled(call_id(1), unknown=True))
    assert (standing(ledger, one), standing(ledger, running)) == ((0, 60), (0, 0))
    assert isinstance((await ask(ledger, wanted(2, {one: 41})))[0], Refused)
    await settle(ledger, Settled(call_id(1), unknown=True))
    assert standing(ledger, one) == (0, 60)
    await settle(ledger, Settled(call_id(1), (60,)))
    assert standing(ledger, one) == (60, 0)


async def test_an_unknown_outcome_that_no_budget_counts_is_over(ledger: Ledger) -> None:
    running = at_once(1)
    await ask(ledger, wanted(1, {running: 1}))
    await settle(ledger, Settled(call_id(1), unknown=True))
    assert standing(ledger, running) == (0, 0)
    assert await ask(ledger, wanted(2, {running: 1})) == [Granted()]


async def test_what_runs_at_once_is_free_when_it_ends(ledger: Ledger) -> None:
    two = at_once(2)
    first, second, third = await ask(ledger, *(wanted(number, {two: 1}) for number in (1, 2, 3)))
    assert (type(first), type(second), type(third)) == (Granted, Granted, Refused)
    await settle(ledger, Settled(call_id(1), (1,)))
    assert await ask(ledger, wanted(3, {two: 1})) == [Granted()]


async def test_a_window_begins_anew_and_a_settlement_stays_in_the_window_of_its_reservation(ledger: Ledger) -> None:
    one = counter(limit=100)
    await ask(ledger, wanted(1, {one: 90}))
    assert await ask(ledger, wanted(2, {one: 90}, NOW + DAY)) == [Granted()]
    await settle(ledger, Settled(call_id(1), (80,)))
    assert standing(ledger, one) == (80, 0)
    assert standing(ledger, one, NOW + DAY) == (0, 90)


async def test_a_clock_that_is_set_back_finds_what_was_used(ledger: Ledger) -> None:
    one = counter(limit=100)
    await ask(ledger, wanted(1, {one: 90}))
    await settle(ledger, Settled(call_id(1), (90,)))
    await ask(ledger, wanted(2, {one: 90}, NOW + DAY))
    assert isinstance((await ask(ledger, wanted(3, {one: 11})))[0], Refused)


async def test_an_edited_limit_counts_what_was_counted(ledger: Ledger) -> None:
    before, after = counter(limit=100), counter(limit=50)
    await ask(ledger, wanted(1, {before: 80}))
    (answer,) = await ask(ledger, wanted(2, {after: 1}))
    assert isinstance(answer, Refused)
    assert (answer.used, answer.held) == (0, 80)


async def test_what_only_observes_lets_pass_and_is_told(ledger: Ledger) -> None:
    budget = Budget("p", Unit.USD, Window(Per.DAY), Scope.USER, 10, soft=5, observe=True)
    one = Counter(counter().name, budget, "corp:alice")
    (answer,) = await ask(ledger, wanted(1, {one: 6}))
    assert answer == Granted(soft=(one,))
    (answer,) = await ask(ledger, wanted(2, {one: 6}))
    assert answer == Granted(over=(one,))
    assert standing(ledger, one) == (0, 12)


async def test_a_rate_is_smooth_and_forgets(ledger: Ledger) -> None:
    rate = Rate("p", Unit.CALLS, 2, MINUTE)
    one = Counter("p|calls|rate|user|corp:alice", rate, "corp:alice")
    await ask(ledger, wanted(1, {one: 1}, NOW), wanted(2, {one: 1}, NOW))
    await settle(ledger, Settled(call_id(1), (1,)), Settled(call_id(2), (1,)))
    assert isinstance((await ask(ledger, wanted(3, {one: 1}, NOW + MINUTE // 2)))[0], Refused)
    assert await ask(ledger, wanted(3, {one: 1}, NOW + 2 * MINUTE)) == [Granted()]


def calls(limit: int) -> Counter:
    rate = Rate("p", Unit.CALLS, limit, MINUTE)
    return Counter("p|calls|rate|user|corp:alice", rate, "corp:alice")


async def test_what_is_counted_twice_counts_once(ledger: Ledger) -> None:
    one = calls(3)
    first, second = wanted(1, {one: 1}), wanted(2, {one: 1})
    assert await count(ledger, first, second) == [Granted(), Granted()]
    for _ in range(3):
        assert await count(ledger, second) == [Granted()]
    assert standing(ledger, one) == (2, 0)


async def test_what_is_counted_is_counted_in_its_order_while_there_is_room(ledger: Ledger) -> None:
    one = calls(2)
    first, second, third = await count(ledger, *(wanted(number, {one: 1}) for number in (1, 2, 3)))
    assert (type(first), type(second), type(third)) == (Granted, Granted, Refused)
    assert standing(ledger, one) == (2, 0)
    assert not ledger.has_room((one,), NOW)
    free = ledger.free(one, NOW)
    assert isinstance(third, Refused)
    assert free == third.free
    assert free is not None
    assert await count(ledger, wanted(3, {one: 1}, free)) == [Granted()]


async def test_of_several_rates_all_count_or_none(ledger: Ledger) -> None:
    wide, narrow = calls(9), Counter("p|calls|rate|user|corp:bob", Rate("p", Unit.CALLS, 0, MINUTE), "corp:bob")
    assert isinstance((await count(ledger, wanted(1, {wide: 1, narrow: 1})))[0], Refused)
    assert (standing(ledger, wide), standing(ledger, narrow)) == ((0, 0), (0, 0))
    assert ledger.has_room((wide,), NOW)


async def test_ids_that_are_counted_are_not_those_that_are_reserved(ledger: Ledger) -> None:
    one, running = calls(3), at_once(1)
    assert await count(ledger, wanted(1, {one: 1})) == [Granted()]
    assert await ask(ledger, wanted(1, {running: 1})) == [Granted()]
    assert standing(ledger, running) == (0, 1)
    await settle(ledger, Settled(call_id(1)))
    assert (standing(ledger, one), standing(ledger, running)) == ((1, 0), (0, 0))


async def test_an_answer_that_nobody_waits_for_is_let_go_by_settling(ledger: Ledger) -> None:
    one = counter(limit=100)
    ledger.reserve([wanted(1, {one: 100})])
    await settle(ledger, Settled(call_id(1)))
    assert standing(ledger, one) == (0, 0)
    assert await ask(ledger, wanted(2, {one: 100})) == [Granted()]


@pytest.mark.parametrize("name", list(IMPLEMENTATIONS))
async def test_one_that_has_stopped_grants_nothing(name: str, tmp_path: Path) -> None:
    async with IMPLEMENTATIONS[name](tmp_path / "data")() as ledger:
        pass
    with pytest.raises(LedgerUnavailable):
        await ask(ledger, wanted(1, {counter(): 1}))
    await settle(ledger, Settled(call_id(1), (1,)))
