"""Calls whose outcome nobody knows, as another process sees them."""

from pathlib import Path

import pytest

from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.ledgerfile import FILE_NAME
from narrows.stores.sqlite.pending import Pending, pending
from unit.stores.sqlite.accounts import UNKNOWN, counter, ledgered, wanted
from unit.stores.sqlite.records import NOW, StillClock, call_id, opened

ALICE = counter()


def unknown(number: int, amount: int, since: int = NOW) -> Pending:
    return Pending(call_id(number), NOW, since, since + UNKNOWN, {ALICE.name: amount})


def calls(path: Path, now: int = NOW) -> list[Pending]:
    return pending(path, UNKNOWN, now)


async def test_beside_a_running_gate_what_runs_is_not_pending_and_what_ended_unknown_is(tmp_path: Path) -> None:
    clock = StillClock()
    async with ledgered(tmp_path, clock) as gate:
        for number in (1, 2, 3):
            await gate.open(wanted(number, {ALICE: 10 * number}))
        gate.close(1)
        gate.close(2, 5)
        await gate.journal.open(opened(9))
        assert calls(tmp_path) == [unknown(1, 10)]
        await gate.ledger.tick()
        clock.time += 7
        gate.close(3)
        await gate.journal.open(opened(10))
        assert calls(tmp_path) == [unknown(1, 10), unknown(3, 30, NOW + 7)]
        assert calls(tmp_path, NOW + UNKNOWN) == [unknown(3, 30, NOW + 7)]
        clock.time += UNKNOWN
        await gate.ledger.tick()
        assert calls(tmp_path) == []


async def test_without_a_gate_and_without_the_ledgers_file(tmp_path: Path) -> None:
    async with ledgered(tmp_path) as gate:
        await gate.open(wanted(1, {ALICE: 10}))
    assert calls(tmp_path) == []
    async with ledgered(tmp_path):
        pass
    assert calls(tmp_path) == [unknown(1, 10)]
    (tmp_path / FILE_NAME).unlink()
    assert calls(tmp_path) == [unknown(1, 10)]
    assert not (tmp_path / FILE_NAME).exists()


def test_where_there_is_nothing_nothing_is_pending(tmp_path: Path) -> None:
    assert calls(tmp_path) == []


def test_what_can_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"junk" * 1000)
    with pytest.raises(DataDirectoryError, match="can't be read"):
        calls(tmp_path)
