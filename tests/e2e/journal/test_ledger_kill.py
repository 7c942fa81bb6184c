"""`kill -9` under load: after each, the ledger has the sums and the holds that the whole record comes to."""

import asyncio
import random
from pathlib import Path

import pytest

from e2e.journal.killing import crash
from narrows.accounting.counters import parse
from narrows.accounting.windows import bucket
from narrows.stores.sqlite.ledgerfile import FILE_NAME, connect, state
from unit.stores.sqlite.accounts import UNKNOWN, Ledgered, recomputed
from unit.stores.sqlite.records import NOW, StillClock

LOAD = Path(__file__).with_name("ledger_load.py")

Sums = dict[tuple[str, int], int]


def kept(directory: Path) -> tuple[int, Sums, Sums]:
    """Place, what has settled and what is held, as the ledger's file says."""
    connection = connect(directory / FILE_NAME, readonly=True)
    place, _, holds = state(connection)
    settled = {(name, start): amount for name, start, amount, _ in connection.execute("SELECT * FROM sums")}
    connection.close()
    held: Sums = {}
    for one in holds.values():
        for name, amount in zip(one.names, one.amounts, strict=True):
            key = name, bucket(parse(name).window, one.at)
            held[key] = held.get(key, 0) + amount
    return place, settled, held


def check(directory: Path, now: int) -> int:
    """Starts and stops a gate's journal and ledger, and compares; gives how many reservations are still held."""

    async def restart() -> None:
        clock = StillClock()
        clock.time = now
        gate = Ledgered(directory, clock)
        await gate.start()
        await gate.stop()

    asyncio.run(restart())
    place, settled, held = kept(directory)
    assert (settled, held) == recomputed(directory, now)
    assert place > 0
    return len(held)


def crash_again_and_again(directory: Path, durability: str, rotate: int, times: int, seed: int) -> None:
    dice = random.Random(seed)
    behind = 0
    for step in range(times):
        crash(LOAD, directory, durability, rotate, step * 1_000_000, dice.randint(1, 600))
        behind += kept(directory)[0] if (directory / FILE_NAME).exists() else 0
        if step % 3 == 2:
            (directory / FILE_NAME).unlink()
        assert check(directory, NOW)
    assert behind, "no kill came after a step of the ledger"
    assert check(directory, NOW + UNKNOWN) == 0


@pytest.mark.parametrize(("durability", "rotate"), [("normal", 1 << 30), ("full", 200_000)])
def test_the_ledger_is_what_the_record_says(tmp_path: Path, durability: str, rotate: int) -> None:
    crash_again_and_again(tmp_path / "data", durability, rotate, times=4, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("durability", "rotate"), [("normal", 1 << 30), ("full", 200_000), ("normal", 1)])
def test_the_ledger_is_what_the_record_says_after_many_kills(
    tmp_path: Path, durability: str, rotate: int, seed: int
) -> None:
    crash_again_and_again(tmp_path / "data", durability, rotate, times=40, seed=seed)
