"""One process of a plug-in: nothing of what it answers is trusted. The pool's tests go through all its misdeeds."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from narrows.plugins.process import AnalyzerUnusable, Worker, WorkerLost
from narrows.ports.analyzer import AnalyzerFailed, Wanted
from unit.plugins.installed import install

WANTED = Wanted(frozenset({"PERSON"}))


@pytest.fixture
async def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    install(tmp_path, monkeypatch, parrot="parrot:Parrot")
    started = await Worker.start("names", "parrot", WANTED, 5.0)
    yield started
    await started.end()
    gc.collect()


async def test_it_is_asked_again_and_again_and_after_a_failure(worker: Worker) -> None:
    assert [len(spans) for spans in await worker.ask(["ask Ada", "none", "Ada and Grace"], 5.0)] == [1, 0, 2]
    with pytest.raises(AnalyzerFailed, match="failed with KeyError"):
        await worker.ask(["Raise"], 5.0)
    assert await worker.ask(["none"], 5.0) == [()]


async def test_it_is_lost_when_it_hangs_or_dies(worker: Worker) -> None:
    with pytest.raises(WorkerLost, match="in time") as hung:
        await worker.ask(["Sleep"], 0.2)
    assert not hung.value.died
    await worker.end()
    with pytest.raises(WorkerLost, match="died") as gone:
        await worker.ask(["none"], 5.0)
    assert gone.value.died


async def test_what_can_not_be_started_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, parrot="parrot:Parrot")
    with pytest.raises(AnalyzerUnusable, match="no such model"):
        await Worker.start("names", "parrot", Wanted(frozenset({"PERSON"}), options={"refuse": "no such model"}), 5.0)
    gc.collect()
