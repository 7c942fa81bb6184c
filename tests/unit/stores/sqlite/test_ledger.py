"""The ledger on SQLite: what a start finds, what the file has while calls run, and what is asked of it."""

import asyncio
import itertools
import sqlite3
from pathlib import Path

import pytest

from narrows.accounting import book
from narrows.model.limits import Per, Window
from narrows.model.reservation import Granted, Settled
from narrows.ports.ledger import LedgerUnavailable
from narrows.stores.sqlite.ledgerfile import FILE_NAME, Sums
from unit.stores.sqlite.accounts import UNKNOWN, Ledgered, at_once, counter, ledgered, wanted
from unit.stores.sqlite.records import StillClock, call_id, opened

OTHERS = itertools.count(1_000_000)
ALICE, BOB = counter("corp:alice"), counter("corp:bob", Window(Per.HOUR, rolling=True))


async def test_a_clean_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        for number in range(1, 21):
            await gate.open(wanted(number, {ALICE: 100, BOB: 10}))
            gate.close(number, number, 1)
    async with ledgered(tmp_path) as gate:
        assert (gate.used(ALICE), gate.used(BOB)) == ((210, 0), (20, 0))


async def test_what_ran_when_the_gate_stopped_is_held_and_settles_at_the_bound(tmp_path: Path) -> None:
    clock = StillClock()
    async with ledgered(tmp_path, clock) as gate:
        await gate.open(wanted(1, {ALICE: 100}))
    async with ledgered(tmp_path, clock) as gate:
        assert gate.used(ALICE) == (0, 100)
        clock.time += UNKNOWN - 1
        await gate.ledger.tick()
        assert gate.used(ALICE) == (0, 100)
        clock.time += 1
        await gate.ledger.tick()
        assert gate.used(ALICE) == (100, 0)
    async with ledgered(tmp_path, clock) as gate:
        assert gate.used(ALICE) == (100, 0)


async def test_an_unknown_outcome_of_a_running_gate_settles_at_the_bound(tmp_path: Path) -> None:
    clock = StillClock()
    one = at_once(1)
    async with ledgered(tmp_path, clock) as gate:
        await gate.open(wanted(1, {ALICE: 100, BOB: 7, one: 1}))
        gate.close(1)
        assert (gate.used(ALICE), gate.used(BOB), gate.used(one)) == ((0, 100), (0, 7), (0, 0))
        await flushed(gate)
        clock.time += UNKNOWN
        await gate.ledger.tick()
        assert (gate.used(ALICE), gate.used(BOB)) == ((100, 0), (7, 0))


async def test_an_intent_that_was_never_written_leaves_nothing(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        gate.ledger.reserve([wanted(1, {ALICE: 100})])
        gate.ledger.settle([Settled(call_id(1))])
        gate.ledger.reserve([wanted(2, {ALICE: 50})])
        await gate.ledger.tick()
    async with ledgered(tmp_path) as gate:
        assert gate.used(ALICE) == (0, 0)


async def test_the_file_never_has_what_the_log_has_not(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        await gate.open(wanted(1, {ALICE: 100}))
        gate.close(1, 40, record=False)
        await gate.ledger.tick()
        await gate.ledger.tick()
        assert gate.used(ALICE) == (40, 0)
        assert kept(tmp_path) == {}
    async with ledgered(tmp_path) as gate:
        assert gate.used(ALICE) == (0, 100)


async def test_what_is_dropped_from_memory_is_asked_of_the_file_again(tmp_path: Path) -> None:
    many = [counter(f"corp:u{number}") for number in range(200)]
    async with ledgered(tmp_path) as gate:
        gate.ledger._book = book.Book(gate.ledger._load, most=16)
        for number, one in enumerate(many):
            await gate.open(wanted(number, {one: 100}))
            gate.close(number, 10)
            if number % 10 == 0:
                await gate.ledger.tick()
        await flushed(gate)
        await gate.ledger.tick()
        assert len(gate.ledger._book) < 100
        assert {gate.used(one) for one in many} == {(10, 0)}


async def test_what_has_left_memory_but_not_reached_the_log_is_still_known(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        ledger = gate.ledger
        ledger._book = book.Book(ledger._load, most=4)
        many = [counter(f"corp:u{number}") for number in range(50)]
        for number, one in enumerate(many):
            await gate.open(wanted(number, {one: 100}))
            gate.close(number, 10, record=False)
            await ledger.tick()
        assert kept(tmp_path) == {}
        assert {gate.used(one) for one in many} == {(10, 0)}


async def test_of_a_batch_that_fails_nothing_is_held(tmp_path: Path) -> None:
    mars = counter(window=Window(Per.DAY, zone="Mars/Phobos"))
    async with ledgered(tmp_path) as gate:
        with pytest.raises(LedgerUnavailable):
            gate.ledger.reserve([wanted(1, {ALICE: 1}), wanted(2, {mars: 1})])
        assert gate.used(ALICE) == (0, 0)


async def test_while_sums_can_not_be_read_nothing_is_granted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ledgered(tmp_path) as gate:
        with monkeypatch.context() as broken:

            def fails(*_: object) -> object:
                raise sqlite3.OperationalError("disk I/O error")

            broken.setattr(Sums, "of", fails)
            with pytest.raises(LedgerUnavailable, match="disk I/O error"):
                gate.ledger.reserve([wanted(1, {ALICE: 1})])
        assert gate.ledger.reserve([wanted(1, {ALICE: 1})]) == [Granted()]


async def test_a_zone_that_is_unknown_grants_nothing(tmp_path: Path) -> None:
    mars = counter(window=Window(Per.DAY, zone="Mars/Phobos"))
    async with ledgered(tmp_path) as gate:
        with pytest.raises(LedgerUnavailable, match="Mars/Phobos"):
            gate.ledger.reserve([wanted(1, {mars: 1})])


async def test_it_steps_by_itself_now_and_then_and_after_many_settlements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narrows.stores.sqlite.ledger.MANY", 10)
    async with ledgered(tmp_path) as gate:
        for number in range(1, 30):
            await gate.open(wanted(number, {ALICE: 100}))
            gate.close(number, 1)
        await asyncio.sleep(0.1)
        assert sum(kept(tmp_path).values()) >= 10


async def test_a_settlement_that_fails_does_not_take_others_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with ledgered(tmp_path) as gate:
        gate.ledger.reserve([wanted(1, {ALICE: 10}), wanted(2, {ALICE: 10})])
        gate.ledger.settle([Settled(call_id(1), ("x",)), Settled(call_id(2), (3,))])  # type: ignore[arg-type]
        assert gate.used(ALICE)[0] == 3
    assert "could not be settled" in caplog.text


async def test_what_the_log_does_not_tell_of_is_not_waited_for(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        one = at_once(5)
        for number in range(3):
            gate.ledger.reserve([wanted(number, {one: 1})])
            gate.ledger.settle([Settled(call_id(number), (1,))])
        await gate.open(wanted(9, {ALICE: 100}))
        gate.close(9, 42)
        await flushed(gate)
        await gate.ledger.tick()
        assert sum(kept(tmp_path).values()) == 42
        gate.ledger.reserve([wanted(10, {one: 1})])
        gate.ledger.settle([Settled(call_id(10), (1,))])
        await gate.ledger.tick()
        assert gate.ledger._whole


async def test_it_says_what_calls_hold_of_budgets(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        asked = wanted(1, {ALICE: 100, BOB: 7, at_once(3): 1})
        await gate.open(asked)
        assert list(gate.ledger.pending()) == [(call_id(1), asked.at, (ALICE.name, BOB.name), (100, 7))]
        gate.close(1, 5, 5, 1)
        assert not gate.ledger.pending()


async def flushed(gate: Ledgered) -> None:
    """Until what was closed is in the log: no later intent is written before it."""
    await gate.journal.open(opened(next(OTHERS)))


def kept(path: Path) -> dict[tuple[str, int], int]:
    """What the file says has settled."""
    connection = sqlite3.connect(path / FILE_NAME)
    found = {(one, bucket): settled for one, bucket, settled, _ in connection.execute("SELECT * FROM sums")}
    connection.close()
    return found
