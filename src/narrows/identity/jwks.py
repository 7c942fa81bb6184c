"""One issuer's key set over time: discovery, fetching, rotation, outages.

It owns when the provider is asked: once at a time, at most once in a cooldown however many tokens name unknown keys,
and periodically. Keys outlive an outage of the provider, but not for ever. It knows nothing of tokens.
"""

import asyncio
import logging
from typing import Final
from urllib.parse import urlsplit

import msgspec

from narrows.config.schema import Issuer
from narrows.identity.documents import strict_object
from narrows.identity.keys import KeySet, read_key_set
from narrows.ports.clock import Clock
from narrows.ports.identity import Fetcher, FetchFailed

SECOND: Final = 1_000_000
log = logging.getLogger(__name__)


class KeyTiming(msgspec.Struct, frozen=True):
    """When keys are fetched, in seconds. `outage`: how long old keys stay in force while the provider is down."""

    refresh: float = 300.0
    cooldown: float = 10.0
    outage: float = 24 * 3600.0
    fetch: float = 10.0


class KeySource:
    """The current keys of one issuer.

    `generation` grows whenever the set of keys changes; `valid_until` is the wall-clock microsecond at which keys that
    could not be refreshed end. Whoever caches a verification keeps both in view.
    """

    def __init__(self, issuer: Issuer, fetcher: Fetcher, clock: Clock, timing: KeyTiming) -> None:
        self.generation = 0
        self.valid_until = 0
        self.failing = False
        self._issuer = issuer
        self._fetcher = fetcher
        self._clock = clock
        self._timing = timing
        self._keys: KeySet | None = None
        self._asked: int | None = None
        self._urged: int | None = None
        self._flight: asyncio.Task[None] | None = None

    def current(self) -> KeySet | None:
        """The keys in force, or None when there are none (never fetched, or too old)."""
        return self._keys if self._clock.now() < self.valid_until else None

    async def holding(self, kid: str | None, algorithm: str) -> KeySet | None:
        """The keys in force, fetched again first if none of them fits and the cooldown allows it."""
        keys = self.current()
        if keys is not None and keys.candidates(kid, algorithm):
            return keys
        flight = self._flight or self._urge()
        if flight is not None:
            # Waited for and not awaited: a caller that goes away must not cancel the fetch that others wait for.
            await asyncio.wait((flight,))
        return self.current()

    def due(self) -> bool:
        """Whether the keys should be fetched now: periodically, and after each cooldown while the provider is down."""
        wait = self._timing.cooldown if self.failing else self._timing.refresh
        return self._flight is None and self._age() >= wait

    @property
    def eager(self) -> bool:
        """Whether keys are wanted before a token needs them; an issuer of opaque tokens may have none."""
        return self._issuer.introspection is None

    @property
    def asked(self) -> bool:
        """Whether the provider was ever asked."""
        return self._asked is not None

    def begin(self) -> asyncio.Task[None]:
        """Starts a fetch, or joins the one that runs. The task never fails for what the provider does."""
        if self._flight is None:
            self._asked = self._clock.monotonic()
            self._flight = asyncio.get_running_loop().create_task(self._refresh())
            self._flight.add_done_callback(self._landed)
        return self._flight

    def _urge(self) -> asyncio.Task[None] | None:
        """Fetches because a token needs it, at most once in a cooldown. A periodic fetch a moment ago does not count:
        the provider may have rotated its keys since."""
        if self._keys is None:
            return self.begin() if self._age() >= self._timing.cooldown else None
        now = self._clock.monotonic()
        waited = self._urged is None or now - self._urged >= self._timing.cooldown * SECOND
        if not waited or (self.failing and self._age() < self._timing.cooldown):
            return None
        self._urged = now
        return self.begin()

    async def close(self) -> None:
        """Ends a running fetch."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.gather(self._flight, return_exceptions=True)

    def _landed(self, _flight: asyncio.Task[None]) -> None:
        self._flight = None

    def _age(self) -> float:
        """Seconds since the provider was last asked."""
        return float("inf") if self._asked is None else (self._clock.monotonic() - self._asked) / SECOND

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(self._timing.fetch):
                keys = await self._fetch()
        except TimeoutError:
            self._failed("it did not answer in time")
        except FetchFailed as error:
            self._failed(str(error))
        except Exception as error:
            # The boundary of a job: whatever it was, the keys stay as they are and the next round tries again.
            log.exception("identity provider %s: fetching its keys failed", self._issuer.name)
            self._failed(type(error).__name__)
        else:
            self._succeeded(keys)

    async def _fetch(self) -> KeySet:
        address = self._issuer.jwks_uri or await self._discover()
        keys = read_key_set(await self._fetcher.get(address))
        if keys is None:
            raise FetchFailed(f"{address} is not a key set")
        # A set without usable keys is taken as it is: that is how a provider withdraws them all.
        return keys

    async def _discover(self) -> str:
        """The `jwks_uri` of the discovery document (OpenID Connect Discovery 1.0, section 4)."""
        address = self._issuer.issuer.removesuffix("/") + "/.well-known/openid-configuration"
        document = strict_object(await self._fetcher.get(address))
        if document is None:
            raise FetchFailed(f"{address} is not a JSON object")
        if document.get("issuer") != self._issuer.issuer:
            raise FetchFailed(f"{address} names another issuer than {self._issuer.issuer}")
        keys_at = document.get("jwks_uri")
        if not isinstance(keys_at, str) or not _as_safe(keys_at, self._issuer.issuer):
            raise FetchFailed(f"{address} has no usable `jwks_uri`")
        return keys_at

    def _succeeded(self, keys: KeySet) -> None:
        if self._keys is None or self._keys.fingerprint != keys.fingerprint or self.valid_until <= self._clock.now():
            self.generation += 1
            log.info("identity provider %s: %d keys in force", self._issuer.name, len(keys))
        self._keys = keys
        self.valid_until = self._clock.now() + int(self._timing.outage * SECOND)
        self.failing = False

    def _failed(self, reason: str) -> None:
        if not self.failing:
            log.warning("identity provider %s: its keys can't be fetched: %s", self._issuer.name, reason)
        self.failing = True


def _as_safe(address: str, issuer: str) -> bool:
    """Whether an address that a provider names is as well protected as the provider itself."""
    try:
        scheme, host = urlsplit(address).scheme, urlsplit(address).hostname
    except ValueError:
        return False
    return bool(host) and (scheme == "https" or (scheme == "http" and issuer.startswith("http://")))
