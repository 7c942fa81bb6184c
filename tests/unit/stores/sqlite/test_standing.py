"""What budgets stand at, as another process sees it: what the gate's own ledger says."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrows.accounting.counters import Named
from narrows.model.limits import Budget, Per, Window
from narrows.model.reservation import Reserved
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.ledgerfile import FILE_NAME
from narrows.stores.sqlite.standing import standings
from unit.stores.sqlite.accounts import UNKNOWN, counter, ledgered, wanted
from unit.stores.sqlite.records import NOW, StillClock, opened

ALICE, BOB = counter("corp:alice"), counter("corp:bob", Window(Per.HOUR, rolling=True))
COUNTERS = {one.name: one for one in (ALICE, BOB)}


def limit(named: Named) -> Budget | None:
    known = [
        one.limit for one in COUNTERS.values() if isinstance(one.limit, Budget) and one.limit.window == named.window
    ]
    return known[0] if known else None


def stands(path: Path, now: int = NOW) -> dict[str, tuple[int, int]]:
    found = standings(path, limit, UNKNOWN, now)
    assert [one.counter.name for _, _, one in found] == sorted(one.counter.name for _, _, one in found)
    assert all(named.subject == one.counter.subject for named, _, one in found)
    return {one.counter.name: (one.used, one.held) for _, _, one in found}


async def test_beside_a_running_gate_it_is_what_its_ledger_says(tmp_path: Path) -> None:
    clock = StillClock()
    async with ledgered(tmp_path, clock) as gate:
        await gate.open(wanted(1, {ALICE: 100, BOB: 10}))
        assert stands(tmp_path) == {ALICE.name: (0, 100), BOB.name: (0, 10)}
        gate.close(1, 40, 4)
        await gate.open(wanted(2, {ALICE: 7}))
        for _ in range(2):
            assert stands(tmp_path) == {ALICE.name: (40, 7), BOB.name: (4, 0)}
            await gate.ledger.tick()
        gate.close(2)
        await gate.open(wanted(3, {BOB: 1}))
        assert stands(tmp_path) == {ALICE.name: (40, 7), BOB.name: (4, 1)}
        assert stands(tmp_path, NOW + UNKNOWN) == {ALICE.name: (47, 0), BOB.name: (4, 1)}


async def test_without_the_ledgers_file_the_log_says_it_all(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        await gate.open(wanted(1, {ALICE: 100, BOB: 10}))
        gate.close(1, 40, 4)
    before = stands(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    assert stands(tmp_path) == before == {ALICE.name: (40, 0), BOB.name: (4, 0)}
    assert not (tmp_path / FILE_NAME).exists()


async def test_a_window_that_has_passed_and_a_budget_that_nobody_sets_are_left_out(tmp_path: Path) -> None:
    other = counter("corp:alice", Window(Per.MONTH))
    async with ledgered(tmp_path) as gate:
        await gate.open(wanted(1, {ALICE: 100, other: 5}))
        gate.close(1, 40, 5)
    assert stands(tmp_path) == {ALICE.name: (40, 0)}
    assert stands(tmp_path, NOW + 86_400_000_000) == {}


async def test_a_name_that_is_no_counters_counts_nothing(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        await gate.journal.open(opened(1, reserved=Reserved(("junk", ALICE.name), (5, 6))))
    assert stands(tmp_path) == {}


def test_where_there_is_nothing_nothing_is_used(tmp_path: Path) -> None:
    assert stands(tmp_path) == {}


def test_what_can_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"junk" * 1000)
    with pytest.raises(DataDirectoryError, match="can't be read"):
        stands(tmp_path)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 100), st.integers(-1, 100), st.booleans()), max_size=8))
async def test_whatever_happened_it_agrees_with_the_ledger(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[int, int, bool]]
) -> None:
    path = tmp_path_factory.mktemp("data")
    async with ledgered(path) as gate:
        for number, (held, settled, step) in enumerate(calls, 1):
            await gate.open(wanted(number, {ALICE: held, BOB: held}))
            if settled >= 0:
                amounts = (min(settled, held), min(settled, held))
                gate.close(number, *amounts)
            if step:
                await gate.ledger.tick()
        await gate.journal.open(opened(900))
        told = {one.name: gate.used(one) for one in (ALICE, BOB)}
        assert stands(path) == {name: sums for name, sums in told.items() if any(sums)}
