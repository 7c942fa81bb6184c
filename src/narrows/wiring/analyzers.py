"""The configured analyzers: started when a policy first masks what they find, kept while their settings are alike."""

import asyncio
from collections.abc import Collection, Sequence

import msgspec

from narrows.config.problem import ConfigError, Problem
from narrows.config.schema import AnalyzerSettings
from narrows.model.span import Span
from narrows.plugins.pool import AnalyzerPool, Settings
from narrows.plugins.process import AnalyzerUnusable
from narrows.ports.analyzer import Wanted


class Analyzers:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._running: dict[bytes, AnalyzerPool] = {}
        self._latest: frozenset[bytes] = frozenset()

    async def pools(self, rows: Sequence[AnalyzerSettings], named: Collection[str]) -> list[AnalyzerPool]:
        """Those that find something of what is named, running. Raises ConfigError with all that can't be started; what
        ran before goes on."""
        problems: list[Problem] = []
        wanted: list[bytes] = []
        fresh: list[bytes] = []
        for index, row in enumerate(rows):
            if not any(entity in named for entity in row.entities):
                continue
            key = msgspec.json.encode(row, order="sorted")
            wanted.append(key)
            if key in self._running:
                continue
            pool = AnalyzerPool(_settings(row))
            try:
                await pool.start()
            except (AnalyzerUnusable, OSError) as error:
                problems.append(Problem(f"detectors.analyzers[{index}]", f"the plug-in can't be started: {error}"))
                continue
            self._running[key] = pool
            fresh.append(key)
        if problems:
            for key in fresh:
                await self._running.pop(key).close()
            raise ConfigError(problems)
        self._latest = frozenset(wanted)
        return [self._running[key] for key in wanted]

    def settle(self) -> None:
        """What was asked for last is in force: the others stop when the last call has left them."""
        for key in self._running.keys() - self._latest:
            self._running.pop(key).retire()

    async def close(self) -> None:
        """Ends all of them."""
        for pool in self._running.values():
            await pool.close()
        self._running.clear()


def _settings(row: AnalyzerSettings) -> Settings:
    return Settings(
        name=row.name,
        plugin=row.plugin,
        wanted=Wanted(frozenset(row.entities), row.language, row.options),
        timeout=row.timeout,
        processes=row.processes,
        required=row.on_failure == "deny",
    )


def try_out(rows: Sequence[AnalyzerSettings], named: Collection[str]) -> None:
    """Starts those that a gate would start, and ends them. Raises ConfigError with all that can't be started."""

    async def start() -> None:
        analyzers = Analyzers()
        try:
            await analyzers.pools(rows, named)
        finally:
            await analyzers.close()

    asyncio.run(start())


def find_once(rows: Sequence[AnalyzerSettings], texts: Sequence[str]) -> list[tuple[Span, ...]]:
    """What analyzers find in each text. For commands: they are started for it, and ended. Raises ConfigError, and
    AnalyzerFailed where one fails."""

    async def find() -> list[tuple[Span, ...]]:
        analyzers = Analyzers()
        try:
            pools = await analyzers.pools(rows, {entity for row in rows for entity in row.entities})
            answers = [await pool.analyze(texts) for pool in pools]
        finally:
            await analyzers.close()
        return [sum(found, ()) for found in zip(*answers, strict=True)] if answers else [()] * len(texts)

    return asyncio.run(find())
