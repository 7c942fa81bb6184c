"""One process of a plug-in: nothing of what it answers is trusted. The pool's tests go through all its misdeeds."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from narrows.model.span import Span
from narrows.plugins.kinds import analyzing, classifying
from narrows.plugins.process import PluginUnusable, Running, Worker, WorkerLost, environment
from narrows.ports.analyzer import Wanted
from narrows.ports.classifier import Sought
from narrows.ports.plugin import PluginFailed
from unit.plugins.installed import install

WANTED = Wanted(frozenset({"PERSON"}))


@pytest.fixture
async def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker[tuple[Span, ...]]]:
    install(tmp_path, monkeypatch, parrot="parrot:Parrot")
    started = await Worker.start(analyzing("names", WANTED.entities), Running("parrot", WANTED, 5.0))
    yield started
    await started.end()
    gc.collect()


async def test_it_is_asked_again_and_again_and_after_a_failure(worker: Worker[tuple[Span, ...]]) -> None:
    assert [len(spans) for spans in await worker.ask(["ask Ada", "none", "Ada and Grace"], 5.0)] == [1, 0, 2]
    with pytest.raises(PluginFailed, match="failed with KeyError"):
        await worker.ask(["Raise"], 5.0)
    assert await worker.ask(["none"], 5.0) == [()]


async def test_it_is_lost_when_it_hangs_or_dies(worker: Worker[tuple[Span, ...]]) -> None:
    with pytest.raises(WorkerLost, match="in time") as hung:
        await worker.ask(["Sleep"], 0.2)
    assert not hung.value.died
    await worker.end()
    with pytest.raises(WorkerLost, match="died") as gone:
        await worker.ask(["none"], 5.0)
    assert gone.value.died


async def test_what_can_not_be_started_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, parrot="parrot:Parrot")
    wanted = Wanted(frozenset({"PERSON"}), options={"refuse": "no such model"})
    with pytest.raises(PluginUnusable, match="no such model"):
        await Worker.start(analyzing("names", wanted.entities), Running("parrot", wanted, 5.0))
    gc.collect()


def test_of_the_gates_environment_a_process_gets_what_it_is_told_and_no_secret() -> None:
    gates = {"PATH": "/bin", "LC_ALL": "C.UTF-8", "PYTHONPATH": "/x", "OPENAI_API_KEY": "sk", "HF_HOME": "/models"}
    passed = environment(gates | {"OMP_NUM_THREADS": "4"}, ("HF_HOME", "NOT_SET"))
    assert passed == {
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": "/x",
        "HF_HOME": "/models",
        "OMP_NUM_THREADS": "4",
        "TOKENIZERS_PARALLELISM": "false",
    }


async def test_a_running_plug_in_sees_no_secret_of_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, classifiers={"topics": "parrot:Topics"})
    monkeypatch.setenv("UPSTREAM_KEY", "canary")
    monkeypatch.setenv("MODEL_DIRECTORY", "/models")
    sought = Sought(frozenset({"environment"}))
    kind = classifying(sought.labels, 0.5)
    worker = await Worker.start(kind, Running("topics", sought, 5.0, ("MODEL_DIRECTORY",)))
    try:
        assert await worker.ask(["UPSTREAM_KEY", "MODEL_DIRECTORY", "PATH"], 5.0) == [
            (),
            ("environment",),
            ("environment",),
        ]
    finally:
        await worker.end()
    gc.collect()
