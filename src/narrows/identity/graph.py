"""The groups of somebody who is in more than a token of Entra can hold, as Microsoft Graph says (`getMemberObjects`).

It asks with an application's own secret, once for each person however many calls wait for it, and only ever at the
configured address: the one that a token names (`_claim_sources`) is the token's word, and is not looked at.
"""

import asyncio
import re
from collections import OrderedDict
from typing import Final, Protocol

import msgspec

from narrows.config.exchange import Graph
from narrows.identity.documents import Json, strict_object
from narrows.identity.jws import invalid
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock
from narrows.ports.identity import Fetcher, FetchFailed

SECOND: Final = 1_000_000
REMEMBERED: Final = 10_000
MAX_FLIGHTS: Final = 32
"""Questions at once; more people than that are told to come again."""

TIMEOUT: Final = 15.0
MARGIN: Final = 60 * SECOND
"""A token for Graph is used until so long before its end."""

_OBJECT: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BODY: Final = {"security": b'{"securityEnabledOnly":true}', "all": b'{"securityEnabledOnly":false}'}


class Groups(msgspec.Struct, frozen=True):
    """The ids of somebody's groups; `until` is the microsecond at which they are to be asked for again."""

    groups: frozenset[str]
    until: int


class GroupSource(Protocol):
    """Knows the groups that a token only refers to."""

    async def of(self, claims: Json) -> Groups | Deny:
        """The groups of whom the claims are about."""

    async def close(self) -> None:
        """Ends what is under way."""


class GraphGroups:
    """Asks for the people of one issuer."""

    def __init__(self, issuer: str, settings: Graph, fetcher: Fetcher, clock: Clock) -> None:
        self._issuer = issuer
        self._settings = settings
        self._fetcher = fetcher
        self._clock = clock
        self._known: OrderedDict[str, Groups] = OrderedDict()
        self._flights: dict[str, asyncio.Task[Groups | Deny]] = {}
        self._token = ""
        self._token_until = 0
        self._asking: asyncio.Lock = asyncio.Lock()

    async def of(self, claims: Json) -> Groups | Deny:
        """The groups of whom the claims are about; joins a question about the same person that is under way."""
        person = claims.get("oid")
        if not isinstance(person, str) or not _OBJECT.fullmatch(person):
            return invalid("the token refers to groups that it does not hold, and its `oid` is no object id")
        known = self._known.get(person)
        if known is not None and self._clock.now() < known.until:
            self._known.move_to_end(person)
            return known
        flight = self._flights.get(person)
        if flight is None:
            if len(self._flights) >= MAX_FLIGHTS:
                return self._unavailable("is being asked about too many people")
            flight = asyncio.get_running_loop().create_task(self._ask(person))
            self._flights[person] = flight
            flight.add_done_callback(lambda _: self._flights.pop(person, None))
        # Waited for and not awaited: a caller that goes away must not cancel what others wait for.
        await asyncio.wait((flight,))
        return self._unavailable("is no longer asked") if flight.cancelled() else flight.result()

    async def close(self) -> None:
        """Ends the questions under way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _ask(self, person: str) -> Groups | Deny:
        at = self._clock.now()
        address = f"{self._settings.url.rstrip('/')}/v1.0/users/{person}/getMemberObjects"
        try:
            async with asyncio.timeout(TIMEOUT):
                token = await self._access()
                reply = await self._fetcher.post_json(address, _BODY[self._settings.kinds], f"Bearer {token}")
        except (FetchFailed, TimeoutError):
            # Whatever it was, the next question begins with a token of its own: this one may have been withdrawn.
            self._token_until = 0
            return self._unavailable("can't be asked for the groups that the token does not hold")
        document = strict_object(reply)
        value = None if document is None else document.get("value")
        if not isinstance(value, list) or not all(
            isinstance(group, str) and _OBJECT.fullmatch(group) for group in value
        ):
            return self._unavailable("gave an answer that is no list of groups")
        if document is not None and "@odata.nextLink" in document:
            return self._unavailable("gave only a part of the groups")
        found = Groups(frozenset(value), at + round(self._settings.cache * SECOND))
        self._known[person] = found
        self._known.move_to_end(person)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def _access(self) -> str:
        """A token for Graph (client credentials), kept while it lasts. Raises FetchFailed."""
        async with self._asking:
            if self._clock.now() < self._token_until:
                return self._token
            graph = self._settings
            at = self._clock.now()
            form = {
                "grant_type": "client_credentials",
                "client_id": graph.client_id,
                "client_secret": graph.client_secret.reveal(),
                "scope": f"{graph.url.rstrip('/')}/.default",
            }
            address = f"{graph.login.rstrip('/')}/{graph.tenant}/oauth2/v2.0/token"
            document = strict_object(await self._fetcher.post_form(address, form, None)) or {}
            token, lasts = document.get("access_token"), document.get("expires_in")
            if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
                raise FetchFailed(f"{address} gave no token")
            if isinstance(lasts, bool) or not isinstance(lasts, int | float) or not 0 < lasts < 1e7:
                raise FetchFailed(f"{address} gave a token that does not say how long it lasts")
            self._token, self._token_until = token, at + round(lasts * SECOND) - MARGIN
            return token

    def _unavailable(self, why: str) -> Deny:
        return Deny(Code.IDENTITY_UNAVAILABLE, f"Microsoft Graph, for {self._issuer!r}, {why}", retry_after=10)


def group_source(issuer: str, graph: Graph | None, fetcher: Fetcher, clock: Clock) -> GraphGroups | None:
    """Who knows the groups that tokens of an issuer only refer to; None where nobody was configured."""
    return None if graph is None else GraphGroups(issuer, graph, fetcher, clock)
