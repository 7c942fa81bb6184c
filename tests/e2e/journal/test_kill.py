"""`kill -9` under load: what was promised is there, and every call has exactly one ending after the next start."""

import random
from pathlib import Path

import pytest

from e2e.journal.invariants import check, restart
from e2e.journal.killing import crash
from narrows.stores.sqlite.archive import Archive

LOAD = Path(__file__).with_name("load.py")


def ids(said: list[str]) -> set[str]:
    return {line.split()[1] for line in said if line.startswith("opened ")}


def crash_again_and_again(directory: Path, durability: str, rotate: int, times: int, seed: int) -> None:
    dice = random.Random(seed)
    promised: set[str] = set()
    for step in range(times):
        promised |= ids(crash(LOAD, directory, durability, rotate, step * 1_000_000, dice.randint(1, 400)))
        if step % 2:
            restart(directory)
    restart(directory)
    assert promised <= check(directory)
    archive = Archive(directory)
    outcomes = [call.outcome for call in archive.calls()]
    assert set(outcomes) == {"done", "unknown"}
    record = archive.call(sorted(promised)[0])
    assert record is not None
    assert record.intact


@pytest.mark.parametrize(("durability", "rotate"), [("normal", 1 << 30), ("full", 200_000)])
def test_nothing_promised_is_lost(tmp_path: Path, durability: str, rotate: int) -> None:
    crash_again_and_again(tmp_path / "data", durability, rotate, times=4, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("durability", "rotate"), [("normal", 1 << 30), ("full", 200_000), ("normal", 1)])
def test_nothing_promised_is_lost_in_many_kills(tmp_path: Path, durability: str, rotate: int, seed: int) -> None:
    crash_again_and_again(tmp_path / "data", durability, rotate, times=40, seed=seed)
