"""What a token of another issuer is good for here: the token that Narrows would issue for it, or why none.

A workload's token is exchanged by the first rule that its claims match (RFC 8693), a person's ID token by the sign-in
that its issuer allows. It owns those rules and how fresh an issuer's keys must be for them. It issues nothing, keeps
nothing and knows nothing of HTTP.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from narrows.config.exchange import Exchange
from narrows.config.owners import owner_of
from narrows.config.schema import Issuer
from narrows.identity import claims as rules
from narrows.identity.cache import Verified, digest_of
from narrows.identity.documents import Json, strict_object
from narrows.identity.graph import GroupSource, group_source
from narrows.identity.jwks import KeySource, KeyTiming
from narrows.identity.jws import Compact, invalid, take_apart
from narrows.identity.oidc import TokenVerifier
from narrows.model.access import Origin
from narrows.model.principal import SERVICE_ACCOUNTS, Identity, Principal, Scope
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.policy.globs import GlobSet
from narrows.ports.clock import Clock
from narrows.ports.identity import Fetcher

MAX_TOKEN: Final = 16 * 1024
"""Longest token, in characters."""

SECOND: Final = 1_000_000
_ID_TOKEN_KINDS: Final = ("jwt", "application/jwt")


class Offer(msgspec.Struct, frozen=True):
    """The token to issue. `at` is a moment before the token was looked at: what is revoked later ends it. `expires` is
    in Unix microseconds too, `presented` is who the token that was shown stands for."""

    presented: Identity
    origin: Origin
    source: str
    principal: Principal
    at: int
    expires: int
    scope: Scope | None
    login: str | None = None


class Rule:
    """A rule of exchange, ready to be asked."""

    def __init__(self, settings: Exchange, issuers: Sequence[Issuer]) -> None:
        self.settings: Final = settings
        self.owner: Final = owner_of(settings.owner, issuers)[0] or settings.owner
        self.scope: Final = Scope(settings.may.connections, settings.may.models or (), settings.may.operations)
        self._claims = tuple((path, GlobSet(values)) for path, values in settings.claims.items())

    def matches(self, claims: Json) -> bool:
        """Whether every claim has one of the values that the rule names."""
        return all(any(globs.covers(text) for text in rules.texts(claims, path)) for path, globs in self._claims)


class _Verifier:
    """Tokens of one issuer, for one audience. Its keys are looked at when a token comes, not in the background: few
    come, and then a provider that has withdrawn a key must have been asked lately."""

    def __init__(self, issuer: Issuer, keys: KeySource, clock: Clock, groups: GroupSource | None = None) -> None:
        self.issuer = issuer
        self._keys = keys
        self._verifier = TokenVerifier(issuer, keys, clock, groups)

    async def verify(self, token: Compact, claims: Json, digest: bytes) -> Verified | Deny:
        if self._keys.due():
            # Waited for and not awaited: who goes away must not cancel the fetch that others wait for.
            await asyncio.wait((self._keys.begin(),))
        return await self._verifier.verify(token, claims, digest)

    async def close(self) -> None:
        """Ends what is under way; the keys are their owner's."""
        await self._verifier.close()


class Exchanger:
    """By one version of the configuration. `close` ends fetches on their way."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        exchanges: Sequence[Exchange],
        fetcher: Fetcher,
        clock: Clock,
        *,
        fetchers: Mapping[str, Fetcher] | None = None,
        timing: KeyTiming | None = None,
    ) -> None:
        """`fetchers` gives issuers (by name) a fetcher of their own, for a CA bundle."""
        self._clock = clock
        self._sources: list[KeySource] = []
        self._workloads: list[_Verifier] = []
        self._people: list[_Verifier] = []
        self._rules = [Rule(exchange, issuers) for exchange in exchanges]
        for issuer in issuers:
            exchanged = any(exchange.issuer == issuer.name for exchange in exchanges)
            login = issuer.login if issuer.login is not None and issuer.login.id_tokens else None
            if not exchanged and login is None:
                continue
            via = (fetchers or {}).get(issuer.name, fetcher)
            keys = KeySource(issuer, via, clock, timing or KeyTiming())
            self._sources.append(keys)
            if exchanged:
                self._workloads.append(_Verifier(issuer, keys, clock))
            if login is not None:
                own = msgspec.structs.replace(issuer, audience=login.client_id)
                graph = None if issuer.groups is None else issuer.groups.graph
                self._people.append(_Verifier(own, keys, clock, group_source(issuer.name, graph, via, clock)))

    async def workload(self, token: str, account: str | None = None) -> Offer | Deny:
        """What a workload's token is exchanged for; with `account` only what is for this service account."""
        at = self._clock.now()
        found = await self._verified(token, self._workloads, "no rule exchanges tokens of its issuer")
        if isinstance(found, Deny):
            return found
        verifier, verified, claims = found
        for rule in self._rules:
            exchange = rule.settings
            if exchange.issuer == verifier.issuer.name and account in (None, exchange.account) and rule.matches(claims):
                shown = verified.identity
                principal = Principal(
                    SERVICE_ACCOUNTS,
                    exchange.account,
                    kind="service_account",
                    attributes=shown.principal.attributes,
                    owner=rule.owner,
                )
                expires = at + round(exchange.longest * SECOND)
                return Offer(shown, Origin.EXCHANGE, exchange.name, principal, at, expires, rule.scope)
        return Deny(Code.NOT_PERMITTED, "no rule of exchange matches what the token claims")

    async def sign_in(self, token: str) -> Offer | Deny:
        """What a person's ID token is exchanged for: a token for as long, and for whatever policies permit them."""
        at = self._clock.now()
        found = await self._verified(token, self._people, "ID tokens of its issuer are not taken")
        if isinstance(found, Deny):
            return found
        verifier, verified, claims = found
        shown, login = verified.identity, verifier.issuer.login
        session = claims.get("sid")
        expires = round(shown.credential.expires * SECOND)
        if login is not None and login.longest is not None:
            expires = min(expires, at + round(login.longest * SECOND))
        if expires <= at:
            # The issuer's leeway still takes it; a token that is issued ends exactly.
            return Deny(Code.CREDENTIAL_EXPIRED, "the token has expired (`exp`)")
        return Offer(
            shown,
            Origin.LOGIN,
            verifier.issuer.name,
            shown.principal,
            at,
            expires,
            None,
            session if isinstance(session, str) and session else None,
        )

    async def close(self) -> None:
        """Ends the fetches on their way."""
        for verifier in (*self._workloads, *self._people):
            await verifier.close()
        for source in self._sources:
            await source.close()

    async def _verified(
        self, token: str, verifiers: Sequence[_Verifier], unknown: str
    ) -> tuple[_Verifier, Verified, Json] | Deny:
        if len(token) > MAX_TOKEN:
            return invalid(f"the token is longer than {MAX_TOKEN // 1024} KiB")
        parts = take_apart(token)
        if isinstance(parts, Deny):
            return parts
        claims = strict_object(parts.payload)
        if claims is None:
            return invalid("the token's claims are not a JSON object with unique members")
        # The issuer is chosen by what the token says, from configured ones only; its keys then prove the token.
        fitting = [each for each in verifiers if each.issuer.issuer == claims.get("iss")]
        if not fitting:
            return invalid(unknown)
        verifier = next((each for each in fitting if _names(claims, each.issuer.audience)), fitting[0])
        refused = _wrong_kind(parts, claims, verifier.issuer) if verifiers is self._people else None
        if refused is not None:
            return refused
        outcome = await verifier.verify(parts, claims, digest_of(token))
        return outcome if isinstance(outcome, Deny) else (verifier, outcome, claims)


def _names(claims: Json, audience: str) -> bool:
    named = claims.get("aud")
    return audience in named if isinstance(named, list) else named == audience


def _wrong_kind(token: Compact, claims: Json, issuer: Issuer) -> Deny | None:
    """What only an ID token may say (OpenID Connect Core 1.0, section 3.1.3.7). A logout token (`events`) is signed by
    the same keys for the same client, and Keycloak says in `typ` which of its tokens one is."""
    kind = token.header.get("typ", "JWT")
    stated = claims.get("typ", "ID")
    if not isinstance(kind, str) or kind.lower() not in _ID_TOKEN_KINDS or stated != "ID" or "events" in claims:
        return invalid("the token is not an ID token")
    audience, party = claims.get("aud"), claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (None, issuer.audience):
        return invalid("the ID token was issued to another client (`azp`)")
    return None
