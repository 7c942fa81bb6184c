"""Opaque tokens: the issuer is asked (RFC 7662), once for each token however many calls carry it.

An active answer must say as much as a signed token would: `aud`, `exp` and the subject are required and checked by the
same rules; `iss` may be absent, because the endpoint is the configured one.
"""

import asyncio
from base64 import b64encode
from typing import Final
from urllib.parse import quote_plus

from narrows.config.schema import Introspection, Issuer
from narrows.identity import claims as rules
from narrows.identity.cache import Forever, Verified
from narrows.identity.documents import Json, strict_object
from narrows.identity.jws import invalid
from narrows.identity.oidc import judge
from narrows.model.principal import Identity
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock
from narrows.ports.identity import Fetcher, FetchFailed

SECOND: Final = 1_000_000
MAX_FLIGHTS: Final = 64
"""Questions to one issuer at once: strangers' tokens must not turn the gate against the provider."""

TIMEOUT: Final = 10.0


class Introspector:
    """Asks one issuer about opaque tokens."""

    def __init__(self, issuer: Issuer, endpoint: Introspection, fetcher: Fetcher, clock: Clock) -> None:
        self._issuer = issuer
        self._endpoint = endpoint
        self._fetcher = fetcher
        self._clock = clock
        self._source = Forever()
        self._flights: dict[bytes, asyncio.Task[Verified | Deny]] = {}

    async def verify(self, token: str, digest: bytes) -> Verified | Deny:
        """The issuer's answer; joins a question about the same token that is on its way."""
        flight = self._flights.get(digest)
        if flight is None:
            if len(self._flights) >= MAX_FLIGHTS:
                return self._unavailable("is being asked about too many tokens")
            flight = asyncio.get_running_loop().create_task(self._ask(token, digest))
            self._flights[digest] = flight
            flight.add_done_callback(lambda _: self._flights.pop(digest, None))
        # Waited for and not awaited: a caller that goes away must not cancel what others wait for.
        await asyncio.wait((flight,))
        return self._unavailable("is no longer configured this way") if flight.cancelled() else flight.result()

    async def close(self) -> None:
        """Ends the questions on their way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _ask(self, token: str, digest: bytes) -> Verified | Deny:
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._fetcher.post_form(self._endpoint.endpoint, form, self._authorization())
        except (FetchFailed, TimeoutError):
            return self._unavailable("can't be asked about the token")
        claims = strict_object(answer)
        if claims is None:
            return self._unavailable("gave an answer that is not a JSON object")
        return self._judge(claims, digest)

    def _judge(self, claims: Json, digest: bytes) -> Verified | Deny:
        if claims.get("active") is not True:
            return invalid("the token's issuer says that it is not active")
        kind = claims.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() not in ("bearer", "access_token"):
            return invalid("the token is not a bearer access token")
        now = self._clock.now()
        outcome = judge({"iss": self._issuer.issuer, **claims}, self._issuer, now)
        if isinstance(outcome, Deny):
            return rules.over("opaque", outcome, claims, digest, self._issuer)
        principal, validity = outcome
        credential = rules.credential("opaque", claims, digest, validity.expires)
        until = min(validity.until, now + round(self._endpoint.cache * SECOND))
        return Verified(Identity(principal, credential), until, self._source, self._source.generation)

    def _authorization(self) -> str:
        """HTTP basic as OAuth has it: both parts form-encoded first (RFC 6749, section 2.3.1)."""
        user, password = self._endpoint.client_id, self._endpoint.client_secret.reveal()
        return "Basic " + b64encode(f"{quote_plus(user)}:{quote_plus(password)}".encode()).decode()

    def _unavailable(self, why: str) -> Deny:
        return Deny(Code.IDENTITY_UNAVAILABLE, f"the identity provider {self._issuer.name!r} {why}", retry_after=5)
