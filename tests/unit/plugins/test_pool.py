"""A pool answers with what its plug-in finds, knows texts that come again, and outlives whatever a plug-in does."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from narrows.model.span import Span
from narrows.plugins.kinds import analyzing, classifying
from narrows.plugins.pool import MOST_CHARACTERS, MOST_TEXTS, AnalyzerPool, ClassifierPool, Settings
from narrows.plugins.process import PluginUnusable, Running, Worker
from narrows.ports.analyzer import Wanted
from narrows.ports.classifier import Sought
from narrows.ports.plugin import PluginFailed
from unit.plugins.installed import install

WANTED = Wanted(frozenset({"PERSON", "CITY"}))
Make = Callable[..., Any]


@pytest.fixture
async def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """Starts pools of the parrot, and ends them."""
    install(tmp_path, monkeypatch, parrot="parrot:Parrot")
    pools: list[AnalyzerPool] = []

    async def made(
        *, plugin: str = "parrot", wanted: Wanted = WANTED, timeout: float = 10.0, processes: int = 1
    ) -> AnalyzerPool:
        kind, running = analyzing("names", wanted.entities), Running(plugin, wanted, timeout)
        settings = Settings("names", "analyzer", timeout, processes)
        pool = AnalyzerPool(settings, partial(Worker.start, kind, running), wanted.entities)
        pools.append(pool)
        await pool.start()
        return pool

    yield made
    for pool in pools:
        await pool.close()
    gc.collect()


async def test_it_answers_each_text_in_order_and_names_itself(make: Make) -> None:
    pool = await make()
    nothing, ada, paris = await pool.analyze(["nothing here", "ask Ada", "in Paris \U0001f600 with Ada"])
    assert nothing == ()
    assert ada == (Span(4, 7, "PERSON", 0.85, "names"),)
    assert [(span.start, span.end, span.entity) for span in paris] == [(3, 8, "CITY"), (16, 19, "PERSON")]


async def test_what_was_analysed_is_known_and_not_asked_again(make: Make) -> None:
    pool = await make(timeout=1.0)
    assert pool.recall("ask Ada") is None
    await pool.analyze(["ask Ada"])
    known = pool.recall("ask Ada")
    assert known == (Span(4, 7, "PERSON", 0.85, "names"),)
    with pytest.raises(PluginFailed):
        await pool.analyze(["Sleep"])
    assert await pool.analyze(["ask Ada"]) == [known]  # while no process is there to be asked


async def test_lone_surrogates_do_not_move_places(make: Make) -> None:
    (spans,) = await (await make()).analyze(["\ud83d\ude00 \udc00 Ada"])
    assert [(span.start, span.end) for span in spans] == [(5, 8)]


async def test_the_language_and_the_entities_are_the_configurations(make: Make) -> None:
    pool = await make(wanted=Wanted(frozenset({"PERSON"}), language="deutsch"))
    (spans,) = await pool.analyze(["Language in Paris"])
    assert [(span.start, span.end) for span in spans] == [(0, 7)]


@pytest.mark.parametrize("word", ["Raise", "Outside", "Backwards", "Unasked", "Surer", "Words", "None"])
async def test_a_plug_in_that_fails_fails_for_its_texts_only(
    make: Make, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    pool = await make()
    with pytest.raises(PluginFailed) as failed:
        await pool.analyze([f"{word} secret-text"])
    assert "secret-text" not in str(failed.value) + caplog.text
    assert pool.recall(f"{word} secret-text") is None
    assert await pool.analyze(["nothing here"]) == [()]


@pytest.mark.parametrize("word", ["Die", "Sleep"])
async def test_a_process_that_dies_or_hangs_is_replaced(make: Make, word: str) -> None:
    pool = await make(timeout=2.0)
    with pytest.raises(PluginFailed, match=r"died|in time"):
        await pool.analyze([word])
    async with asyncio.timeout(30):
        while True:
            try:
                assert await pool.analyze([f"nothing after {word.lower()}"]) == [()]
                break
            except PluginFailed:
                await asyncio.sleep(0.1)


async def test_many_texts_go_in_batches(make: Make) -> None:
    pool = await make(processes=2)
    texts = [f"text {number}" for number in range(MOST_TEXTS + 5)] + ["long " * MOST_CHARACTERS, "Ada"]
    found = await pool.analyze(texts)
    assert found[:-1] == [()] * (len(texts) - 1)
    assert len(found[-1]) == 1


async def test_a_caller_who_goes_away_leaves_the_process_to_others(make: Make) -> None:
    pool = await make(timeout=5.0)
    waiting = [asyncio.create_task(pool.analyze([f"nothing {number} " * 2_000])) for number in range(20)]
    await asyncio.sleep(0)
    for task in waiting[1:]:
        task.cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert answers[0] == [()]
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[1:])
    assert await pool.analyze(["ask Ada"]) == [(Span(4, 7, "PERSON", 0.85, "names"),)]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"plugin": "nobody"}, "no installed package"),
        ({"wanted": Wanted(frozenset({"PLANET"}))}, "does not find PLANET, but CITY"),
        ({"wanted": Wanted(frozenset({"CITY"}), options={"refuse": "no such model"})}, "no such model"),
        ({"wanted": Wanted(frozenset({"CITY"}), options={"die": "now"})}, "did not start"),
    ],
)
async def test_what_can_not_be_started_says_why(make: Make, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(PluginUnusable, match=reason):
        await make(**settings)


async def test_a_retired_pool_stops_when_the_last_call_has_left(make: Make) -> None:
    pool = await make()
    pool.enter()
    pool.retire()
    assert await pool.analyze(["ask Ada"]) != [()]
    await asyncio.to_thread(pool.leave)
    async with asyncio.timeout(5):
        await asyncio.gather(*pool._slots, return_exceptions=True)
    idle = await make()
    idle.retire()
    async with asyncio.timeout(5):
        await asyncio.gather(*idle._slots, return_exceptions=True)


async def test_a_classifier_is_asked_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, classifiers={"topics": "parrot:Topics"})
    labels = frozenset({"topic:finance", "topic:health"})
    start = partial(Worker.start, classifying(labels, 0.5), Running("topics", Sought(labels), 10.0))
    pool = ClassifierPool(Settings("topics", "classifier", 10.0), start, labels)
    await pool.start()
    try:
        assert await pool.classify(["my loan", "a doctor for my loan", "perhaps a doctor", "hello"]) == [
            ("topic:finance",),
            ("topic:finance", "topic:health"),
            (),
            (),
        ]
        assert pool.recall("my loan") == ("topic:finance",)
        for word in ("Raise", "Unasked", "Surer", "None"):
            with pytest.raises(PluginFailed):
                await pool.classify([f"{word} loan"])
    finally:
        await pool.close()
        gc.collect()
