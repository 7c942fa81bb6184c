"""The office of a console, put together: whose tokens it exchanges by the configuration in force, and who is revoked.

It follows revocations itself, and asks for what is new at every exchange: a token that was issued a moment too late
would live on.
"""

import asyncio
from pathlib import Path

from narrows.config.access import Access
from narrows.config.schema import Config, IdentitySettings
from narrows.console.desk import Desk
from narrows.console.exchanging import TokenOffice
from narrows.console.failures import Failures
from narrows.identity.exchange import Exchanger
from narrows.identity.revocations import Revocations
from narrows.ports.clock import Clock
from narrows.stores.sqlite.revocations import RevocationWatch
from narrows.upstream.fetch import DocumentFetcher


class Exchanging:
    """`settle` takes a configuration into force; `close` ends it."""

    def __init__(self, directory: Path, clock: Clock, desk: Desk, failures: Failures) -> None:
        self._clock = clock
        self._watch = RevocationWatch(directory)
        self._settings: tuple[IdentitySettings, Access] | None = None
        self._fetchers: tuple[DocumentFetcher, ...] = ()
        self.office = TokenOffice(
            Exchanger((), (), DocumentFetcher(), clock), Revocations(self._watch, clock), desk, failures
        )

    async def settle(self, config: Config) -> None:
        """Exchanges by this configuration from now on. Raises OSError and ValueError where a file that it names can't
        be used; then the one before stays."""
        settings = (config.identity, config.access)
        if settings == self._settings:
            return
        own = {
            issuer.name: await asyncio.to_thread(DocumentFetcher, issuer.ca_bundle)
            for issuer in config.identity.issuers
            if issuer.ca_bundle is not None
        }
        common = DocumentFetcher()
        fresh = Exchanger(config.identity.issuers, config.access.exchange, common, self._clock, fetchers=own)
        await self._end()
        self.office.exchanger = fresh
        self._settings, self._fetchers = settings, (common, *own.values())

    async def close(self) -> None:
        """Ends fetches on their way, and closes what is open. Idempotent."""
        await self._end()
        self._watch.close()

    async def _end(self) -> None:
        await self.office.exchanger.close()
        for fetcher in self._fetchers:
            fetcher.close()
        self._fetchers = ()
