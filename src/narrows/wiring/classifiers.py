"""The configured classifiers: begun when a rule first names a label of theirs."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from narrows.config.globs import Glob
from narrows.config.plugins import ClassifierSettings
from narrows.model.plan import ReplyRule, Rule
from narrows.plugins.kinds import Kind, classifying
from narrows.plugins.pool import MOST_TEXTS, Asker, Begin, ClassifierPool, Settings
from narrows.plugins.process import Running, Worker
from narrows.plugins.through_gate import JudgeModel, ModerationEndpoint
from narrows.ports.classifier import Sought
from narrows.ports.inner import InnerCalls
from narrows.wiring.pools import Pools
from narrows.wiring.webhooks import texts as asked_of_service

MODERATED: Final = 32
"""Texts in one call of a moderation endpoint."""

Labels = tuple[str, ...]


class Classifiers:
    """Belongs to one event loop. `calls` is the way to make calls through the gate."""

    def __init__(self, calls: InnerCalls) -> None:
        self._pools: Pools[ClassifierSettings, ClassifierPool] = Pools(partial(_pool, calls))

    async def pools(
        self, rows: Sequence[ClassifierSettings], rules: Sequence[Rule | ReplyRule]
    ) -> list[ClassifierPool]:
        """Those that give a label that a rule names, running. Raises ConfigError with all that can't be started; what
        ran before goes on."""
        globs = [Glob(label) for label in {label for rule in rules for label in rule.labels}]
        return await self._pools.obtain(
            (f"classifiers[{index}]", row)
            for index, row in enumerate(rows)
            if any(glob.matches(label) for label in row.labels for glob in globs)
        )

    def settle(self) -> None:
        """What was asked for last is in force: the others stop when the last call has left them."""
        self._pools.settle()

    async def close(self) -> None:
        """Ends all of them."""
        await self._pools.close()


def _pool(calls: InnerCalls, row: ClassifierSettings) -> ClassifierPool:
    kind = classifying(frozenset(row.labels), row.threshold)
    begin, at_a_time, batch = _begin(row, kind, calls)
    settings = Settings(row.name, kind.word, row.timeout, at_a_time, row.on_failure == "deny", batch)
    return ClassifierPool(settings, begin, row.labels)


def _begin(row: ClassifierSettings, kind: Kind[Labels], calls: InnerCalls) -> tuple[Begin[Labels], int, int]:
    """How it is begun, how many at a time, and how many texts each is asked about at once."""
    if row.webhook is not None:
        facts = {"name": row.name, "labels": sorted(row.labels)}
        return asked_of_service(row.webhook, row.timeout, kind, facts), row.webhook.concurrency, MOST_TEXTS
    if row.moderation is not None:
        endpoint = partial(ModerationEndpoint, row.name, row.moderation, row.labels, kind, calls)
        return _at_once(endpoint), row.moderation.concurrency, MODERATED
    if row.judge is not None:
        return _at_once(partial(JudgeModel, row.name, row.judge, row.labels, kind, calls)), row.judge.concurrency, 1
    running = Running(row.plugin or "", Sought(frozenset(row.labels), row.options), row.timeout, row.environment)
    return partial(Worker.start, kind, running), row.processes, MOST_TEXTS


def _at_once(make: Callable[[], Asker[Labels]]) -> Begin[Labels]:
    """Nothing is to be waited for."""

    async def begin() -> Asker[Labels]:
        return make()

    return begin
