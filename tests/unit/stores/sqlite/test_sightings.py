"""What a gate sees is written behind its back, in order, and not lost where the disk has a bad moment."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.model.revocation import Stopped
from narrows.ports.sightings import Use
from narrows.stores.sqlite import sightings
from narrows.stores.sqlite.gatefile import GateFile, GateView, Seen
from narrows.stores.sqlite.sightings import KEPT, SqliteSightings
from unit.stores.sqlite.records import NOW, StillClock


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.001)


async def test_what_is_seen_is_written_soon(tmp_path: Path) -> None:
    seen = SqliteSightings(tmp_path, StillClock())
    seen.acknowledge([Stopped("rev_0", "gate", NOW)])
    await seen.start()
    seen.acknowledge([Stopped("rev_1", "gate", NOW)])
    seen.used([Use("k1", "narrows:etl", NOW, "::1")])
    view = GateView(tmp_path)
    await until(lambda: len(view.stopped(["rev_0", "rev_1"])) == 2 and "k1" in view.uses())
    await seen.stop()


async def test_what_waits_is_written_at_the_end(tmp_path: Path) -> None:
    seen = SqliteSightings(tmp_path, StillClock())
    await seen.start()
    for number in range(100):
        seen.used([Use(f"k{number}", "narrows:etl", NOW, "::1")])
    await seen.stop()
    await seen.stop()
    assert len(GateView(tmp_path).uses()) == 100


async def test_the_first_network_holds_after_a_restart(tmp_path: Path) -> None:
    seen, clock = SqliteSightings(tmp_path, StillClock()), StillClock()
    await seen.start()
    assert seen.network("tok_1") is None
    assert seen.bind("tok_1", "192.0.2.7/32") == "192.0.2.7/32"
    assert seen.bind("tok_1", "192.0.2.8/32") == "192.0.2.7/32"
    await seen.stop()
    again = SqliteSightings(tmp_path, clock)
    await again.start()
    assert again.network("tok_1") == "192.0.2.7/32"
    assert again.bind("tok_1", "192.0.2.8/32") == "192.0.2.7/32"
    await again.stop()
    clock.time += KEPT + 1
    late = SqliteSightings(tmp_path, clock)
    await late.start()
    assert late.network("tok_1") is None
    await late.stop()


async def test_what_cannot_be_written_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "AGAIN", 0.0)
    seen = SqliteSightings(tmp_path, StillClock())
    await seen.start()
    write, tries = GateFile.write, 0

    def failing(self: GateFile, batch: list[Seen]) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError("the disk is full")
        write(self, batch)

    monkeypatch.setattr(GateFile, "write", failing)
    seen.used([Use("k1", "narrows:etl", NOW, "::1")])
    await until(lambda: "k1" in GateView(tmp_path).uses())
    await seen.stop()
    assert tries == 3


async def test_a_full_disk_keeps_nobody_from_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = SqliteSightings(tmp_path, StillClock())
    await seen.start()

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(GateFile, "write", broken)
    seen.used([Use("k1", "narrows:etl", NOW, "::1")])
    async with asyncio.timeout(5):
        await seen.stop()
