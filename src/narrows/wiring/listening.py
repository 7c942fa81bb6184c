"""Who hears what providers tell, put together: for each issuer that is configured so, the keys that its sign-outs and
events are signed with, and the checks on them."""

import asyncio
from typing import Final

import msgspec

from narrows.config.schema import Config, IdentitySettings, Issuer
from narrows.console.desk import Desk
from narrows.console.failures import Failures
from narrows.console.providers import Providers
from narrows.identity.events import EVENT_TYPES, LOGOUT_TYPES, Listener
from narrows.identity.jwks import KeySource, KeyTiming
from narrows.ports.clock import Clock
from narrows.upstream.fetch import DocumentFetcher

LOGOUT_AGE: Final = 3600
"""Seconds for which a sign-out may be on its way."""

EVENT_AGE: Final = 7 * 86400
"""The same for an event: transmitters send again for days what was not taken."""


class Listening:
    """`settle` takes a configuration into force; `close` ends it."""

    def __init__(self, clock: Clock, desk: Desk, failures: Failures) -> None:
        self.providers: Final = Providers(desk, failures)
        self._clock = clock
        self._settings: IdentitySettings | None = None
        self._fetchers: tuple[DocumentFetcher, ...] = ()

    async def settle(self, config: Config) -> None:
        """Hears by this configuration from now on. Raises OSError and ValueError where a file that it names can't be
        used; then the one before stays."""
        settings = config.identity
        if settings == self._settings:
            return
        own = {
            issuer.name: await asyncio.to_thread(DocumentFetcher, issuer.ca_bundle)
            for issuer in settings.issuers
            if issuer.ca_bundle is not None and (issuer.logout is not None or issuer.events is not None)
        }
        usual = DocumentFetcher()
        logouts = {
            issuer.name: self._logouts(issuer, own.get(issuer.name, usual))
            for issuer in settings.issuers
            if issuer.logout is not None
        }
        events = {
            issuer.name: self._events(issuer, own.get(issuer.name, usual))
            for issuer in settings.issuers
            if issuer.events is not None
        }
        await self._end()
        self.providers.known(settings.issuers, logouts, events)
        self._settings, self._fetchers = settings, (usual, *own.values())

    async def close(self) -> None:
        """Ends fetches on their way. Idempotent."""
        await self._end()

    def _logouts(self, issuer: Issuer, fetcher: DocumentFetcher) -> Listener:
        keys = KeySource(issuer, fetcher, self._clock, KeyTiming())
        clients = () if issuer.logout is None else issuer.logout.clients
        return Listener(
            issuer.issuer,
            clients,
            keys,
            self._clock,
            algorithms=issuer.algorithms,
            types=LOGOUT_TYPES,
            age=LOGOUT_AGE,
        )

    def _events(self, issuer: Issuer, fetcher: DocumentFetcher) -> Listener:
        events = issuer.events
        if events is None:
            raise ValueError("the issuer has no events")
        # A transmitter may be another than who issues tokens, with keys of its own.
        transmitter = msgspec.structs.replace(issuer, issuer=events.issuer, jwks_uri=events.jwks_uri)
        return Listener(
            events.issuer,
            events.audience,
            KeySource(transmitter, fetcher, self._clock, KeyTiming()),
            self._clock,
            algorithms=issuer.algorithms,
            types=EVENT_TYPES,
            age=EVENT_AGE,
        )

    async def _end(self) -> None:
        for listener in (*self.providers.logouts.values(), *self.providers.events.values()):
            await listener.close()
        for fetcher in self._fetchers:
            fetcher.close()
        self._fetchers = ()
