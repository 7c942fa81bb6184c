"""Plug-ins for commands that judge without waiting: asked in an event loop of their own, in a thread, and answered at
once. They run as long as the `with` lasts."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from narrows.config.schema import Config
from narrows.model.span import Span
from narrows.plugins.pool import AnalyzerPool, ClassifierPool, Pool
from narrows.policy.policyset import PolicySet
from narrows.wiring.analyzers import Analyzers
from narrows.wiring.classifiers import Classifiers
from narrows.wiring.plugged import NO_OWN, Own, PluggedControls, classifying, labelling

if TYPE_CHECKING:
    from narrows.controls.analyze import Analyze
    from narrows.masking.engine import Engine

T = TypeVar("T")
P = TypeVar("P", bound=Pool[Any])


class Aside:
    """The plug-ins of one configuration. What is asked through the gate can't be asked: none runs here."""

    def __init__(self, config: Config, policies: PolicySet) -> None:
        self._config = config
        self._policies = policies
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._analyzers = Analyzers()
        self._classifiers = Classifiers(PluggedControls().calls)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def own(self) -> Own:
        """The controls that ask classifiers, where rules name labels. Raises ConfigError. What a plug-in fails on
        raises PluginFailed in their hooks."""
        rules = labelling(self._config, self._policies)
        if not rules:
            return NO_OWN
        pools = self.run(self._classifiers.pools(self._config.classifiers, rules))
        classify, replies = classifying([_Classified(pool, self) for pool in pools], rules)
        return Own(classify, (), replies)

    def analyze(self, engine: "Engine") -> "Analyze | None":
        """The same for what masks name and only plug-ins find."""
        rows = self._config.detectors.analyzers
        named = self._policies.read_entities
        if not any(named.intersection(row.entities) for row in rows):
            return None
        from narrows.controls.analyze import Analyze  # noqa: PLC0415 - masking takes a while to import

        return Analyze(engine, [_Analyzed(pool, self) for pool in self.run(self._analyzers.pools(rows, named))])

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        """What comes of it, waited for."""
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result()

    async def _close(self) -> None:
        await self._analyzers.close()
        await self._classifiers.close()


class _Asked(Generic[P]):
    """A pool whose answers are always known."""

    def __init__(self, pool: P, aside: Aside) -> None:
        self._pool = pool
        self._aside = aside
        self.name, self.required, self.timeout = pool.name, pool.required, pool.timeout

    def enter(self) -> None:
        """It runs as long as the command."""

    def leave(self) -> None:
        """As above."""


class _Classified(_Asked[ClassifierPool]):
    @property
    def labels(self) -> frozenset[str]:
        return self._pool.labels

    def recall(self, text: str) -> tuple[str, ...]:
        return self._aside.run(self._pool.ask([text]))[0]

    async def classify(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        return [self.recall(text) for text in texts]


class _Analyzed(_Asked[AnalyzerPool]):
    @property
    def entities(self) -> frozenset[str]:
        return self._pool.entities

    def recall(self, text: str) -> tuple[Span, ...]:
        return self._aside.run(self._pool.ask([text]))[0]

    async def analyze(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return [self.recall(text) for text in texts]
