"""The console's looks at identities, put together: by the configuration in force, in threads, of files that are opened
for each and left. A review reads all that was recorded, so one waits for the other."""

import asyncio
import logging
from itertools import islice
from pathlib import Path

from narrows.config.problem import ConfigError
from narrows.config.schema import Config
from narrows.console.api.who import NotTold, RecordUnavailable
from narrows.console.review_views import ReviewView
from narrows.console.who_views import Who
from narrows.ports.changes import ChangesUnavailable
from narrows.ports.clock import Clock
from narrows.ports.revocations import RevocationRefused
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.wiring.revisions import RevisionUnreadable, current, past
from narrows.wiring.who import opened

_log = logging.getLogger("narrows.console")


class Looking:
    """Implements `narrows.console.api.who.Looks`. `settle` takes a configuration into force."""

    def __init__(self, directory: Path, clock: Clock, config: Config) -> None:
        self._directory = directory
        self._clock = clock
        self._config = config
        self._reviewing = asyncio.Lock()

    def settle(self, config: Config) -> None:
        """Looks by this configuration from now on."""
        self._config = config

    async def who(self, identity: str, at: int | None) -> Who:
        """All of one identity."""
        return await asyncio.to_thread(self._who, identity, at, self._config)

    async def review(self, stale: int, after: str, limit: int) -> list[ReviewView]:
        """So many identities behind one."""
        async with self._reviewing:
            return await asyncio.to_thread(self._review, stale, after, limit, self._config)

    def _who(self, identity: str, at: int | None, config: Config) -> Who:
        try:
            with opened(self._directory, self._clock) as readers:
                now = current(self._directory, config) if at is None else past(self._directory, at, self._clock.now())
                return readers.who(identity, config, now, at=at)
        except RevocationRefused as problem:
            raise NotTold("identity", str(problem)) from None
        except RevisionUnreadable as problem:
            raise NotTold("at", str(problem)) from None
        except (DataDirectoryError, ConfigError, ChangesUnavailable) as problem:
            _log.error("what is kept of an identity can't be read: %s", problem)
            raise RecordUnavailable(str(problem)) from None

    def _review(self, stale: int, after: str, limit: int, config: Config) -> list[ReviewView]:
        try:
            with opened(self._directory, self._clock) as readers:
                now = current(self._directory, config)
                return list(islice(readers.review(config, now, stale, after=after), limit))
        except (DataDirectoryError, ConfigError, ChangesUnavailable) as problem:
            _log.error("what is kept of identities can't be read: %s", problem)
            raise RecordUnavailable(str(problem)) from None
