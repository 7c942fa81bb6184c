"""Analyzers run where a policy needs them, are kept while their settings are alike, and stop when nobody uses them."""

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from narrows.config.plugins import AnalyzerSettings
from narrows.config.problem import ConfigError
from narrows.ports.plugin import PluginFailed
from narrows.wiring.analyzers import Analyzers, find_once, try_out
from unit.plugins.installed import install


def row(name: str, *entities: str, **more: Any) -> AnalyzerSettings:
    return AnalyzerSettings(name=name, plugin="parrot", entities=entities or ("PERSON",), **more)


@pytest.fixture
async def analyzers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Analyzers]:
    install(tmp_path, monkeypatch, parrot="parrot:Parrot")
    made = Analyzers()
    yield made
    await made.close()
    gc.collect()


async def test_only_what_is_named_is_started(analyzers: Analyzers) -> None:
    (pool,) = await analyzers.pools([row("people"), row("cities", "CITY")], {"PERSON", "US_SSN"})
    assert (pool.name, pool.entities, pool.required) == ("people", {"PERSON"}, True)
    assert len((await pool.analyze(["ask Ada"]))[0]) == 1


async def test_what_is_configured_alike_is_kept_and_what_is_not_is_retired(analyzers: Analyzers) -> None:
    (first,) = await analyzers.pools([row("people", options={"a": "1", "b": "2"})], {"PERSON"})
    analyzers.settle()
    kept = await analyzers.pools([row("people", options={"b": "2", "a": "1"}), row("more", timeout=9.0)], {"PERSON"})
    assert kept[0] is first
    first.enter()
    (fresh,) = await analyzers.pools([row("people", on_failure="pass")], {"PERSON"})
    analyzers.settle()
    assert fresh is not first
    assert not fresh.required
    assert await first.analyze(["ask Ada"]) != [()]
    first.leave()
    async with asyncio.timeout(5):
        await asyncio.gather(*first._slots, return_exceptions=True)


async def test_what_can_not_be_started_is_told_with_its_place_and_what_ran_goes_on(analyzers: Analyzers) -> None:
    (first,) = await analyzers.pools([row("people")], {"PERSON"})
    with pytest.raises(ConfigError) as refused:
        await analyzers.pools([row("people"), row("more"), row("odd", options={"refuse": "no model"})], {"PERSON"})
    (problem,) = refused.value.problems
    assert problem.key == "detectors.analyzers[2]"
    assert problem.message == "the plug-in can't be started: ValueError: no model"
    analyzers.settle()
    assert await first.analyze(["none"]) == [()]


def test_commands_ask_once_and_leave_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, parrot="parrot:Parrot")
    rows = [row("people"), row("cities", "CITY")]
    found = find_once(rows, ["Ada in Paris", "none"])
    assert [{(span.detector, span.entity) for span in spans} for spans in found] == [
        {("people", "PERSON"), ("cities", "CITY")},
        set(),
    ]
    assert find_once([], ["Ada"]) == [()]
    with pytest.raises(PluginFailed):
        find_once(rows, ["Raise"])
    try_out(rows, {"CITY"})
    with pytest.raises(ConfigError):
        try_out([*rows, row("odd", "PLANET")], {"PLANET"})
    try_out([*rows, row("odd", "PLANET")], {"CITY"})
    gc.collect()
