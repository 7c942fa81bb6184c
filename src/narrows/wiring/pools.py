"""The plug-ins that run: begun when they are first needed, kept while their settings are alike, ended when the last
call has left them."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from narrows.config.problem import ConfigError, Problem
from narrows.plugins.pool import Pool
from narrows.plugins.process import PluginUnusable

Row = TypeVar("Row")
P = TypeVar("P", bound=Pool[Any])


class Pools(Generic[Row, P]):
    """Those of one kind, made from rows of settings. Belongs to one event loop."""

    def __init__(self, make: Callable[[Row], P]) -> None:
        self._make = make
        self._running: list[tuple[Row, P]] = []
        self._latest: list[Row] = []

    async def obtain(self, rows: Iterable[tuple[str, Row]]) -> list[P]:
        """The pool of each row, running; `rows` come with their keys. Raises ConfigError with all that can't be
        started; what ran before goes on."""
        problems: list[Problem] = []
        wanted: list[tuple[Row, P]] = []
        fresh: list[tuple[Row, P]] = []
        for key, row in rows:
            known = next((pair for pair in self._running if pair[0] == row), None)
            if known is None:
                known = row, self._make(row)
                try:
                    await known[1].start()
                except (PluginUnusable, OSError) as error:
                    problems.append(Problem(key, f"the plug-in can't be started: {error}"))
                    continue
                fresh.append(known)
            wanted.append(known)
        if problems:
            for _, pool in fresh:
                await pool.close()
            raise ConfigError(problems)
        self._running += fresh
        self._latest = [row for row, _ in wanted]
        return [pool for _, pool in wanted]

    def settle(self) -> None:
        """What was asked for last is in force: the others stop when the last call has left them."""
        for pair in self._running[:]:
            if pair[0] not in self._latest:
                self._running.remove(pair)
                pair[1].retire()

    async def close(self) -> None:
        """Ends all of them."""
        for _, pool in self._running:
            await pool.close()
        self._running.clear()
