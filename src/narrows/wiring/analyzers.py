"""The configured analyzers: begun when a policy first masks what they find."""

import asyncio
from collections.abc import Collection, Sequence
from functools import partial

from narrows.config.plugins import AnalyzerSettings
from narrows.model.span import Span
from narrows.plugins.kinds import analyzing
from narrows.plugins.pool import AnalyzerPool, Settings
from narrows.plugins.process import Running, Worker
from narrows.ports.analyzer import Wanted
from narrows.wiring.pools import Pools
from narrows.wiring.webhooks import texts as asked_of_service


class Analyzers:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._pools: Pools[AnalyzerSettings, AnalyzerPool] = Pools(_pool)

    async def pools(self, rows: Sequence[AnalyzerSettings], named: Collection[str]) -> list[AnalyzerPool]:
        """Those that find something of what is named, running. Raises ConfigError with all that can't be started; what
        ran before goes on."""
        return await self._pools.obtain(
            (f"detectors.analyzers[{index}]", row)
            for index, row in enumerate(rows)
            if any(entity in named for entity in row.entities)
        )

    def settle(self) -> None:
        """What was asked for last is in force: the others stop when the last call has left them."""
        self._pools.settle()

    async def close(self) -> None:
        """Ends all of them."""
        await self._pools.close()


def _pool(row: AnalyzerSettings) -> AnalyzerPool:
    entities = frozenset(row.entities)
    kind = analyzing(row.name, entities)
    settings = Settings(row.name, kind.word, row.timeout, row.processes, row.on_failure == "deny")
    if row.webhook is not None:
        facts = {"name": row.name, "entities": sorted(entities), "language": row.language}
        settings = Settings(row.name, kind.word, row.timeout, row.webhook.concurrency, settings.required)
        return AnalyzerPool(settings, asked_of_service(row.webhook, row.timeout, kind, facts), entities)
    wanted = Wanted(entities, row.language, row.options)
    running = Running(row.plugin or "", wanted, row.timeout, row.environment)
    return AnalyzerPool(settings, partial(Worker.start, kind, running), entities)


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
