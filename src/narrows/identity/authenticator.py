"""The gate's authenticator: which kind of credential a token is, who verifies it, and what is remembered.

It owns the routing and the upkeep (key refresh, revocation polls). The checks themselves are in the verifiers.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from narrows.config.schema import IdentitySettings, Issuer
from narrows.identity.cache import Checks, IdentityCache, RefusalCache, Unchecked, Verified, digest_of
from narrows.identity.directory import Memberships, memberships
from narrows.identity.documents import strict_object
from narrows.identity.graph import group_source
from narrows.identity.introspection import Introspector
from narrows.identity.issued_tokens import IssuedTokenVerifier
from narrows.identity.jwks import KeySource, KeyTiming
from narrows.identity.jws import Compact, invalid, take_apart
from narrows.identity.oidc import TokenVerifier
from narrows.identity.service_accounts import ServiceAccountVerifier
from narrows.identity.token_form import ACCESS_TOKEN, SERVICE_ACCOUNT
from narrows.model.principal import SERVICE_ACCOUNTS, Identity
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.accounts import AccountsUnavailable, AccountWatch
from narrows.ports.clock import Clock
from narrows.ports.directory import DirectoryUnavailable, DirectoryWatch
from narrows.ports.identity import Fetcher
from narrows.ports.tokens import TokensUnavailable, TokenWatch

MAX_TOKEN: Final = 16 * 1024
"""Longest credential, in characters."""

POLL: Final = 0.2
"""Seconds between two looks at the service accounts and the age of the key sets."""

GRACE: Final = 2.0
"""Seconds that a start waits for the first key sets; afterwards they are fetched in the background."""

REMEMBERED: Final = 50_000
REFUSALS: Final = 10_000
REFUSAL_MICROSECONDS: Final = 5_000_000

log = logging.getLogger(__name__)


class GateAuthenticator:
    """Implements `narrows.ports.identity.Authenticator` over every configured kind of credential."""

    def __init__(
        self,
        tokens: Sequence[TokenVerifier],
        introspectors: Sequence[Introspector],
        accounts: ServiceAccountVerifier,
        known: IdentityCache,
        refused: RefusalCache,
        issued: IssuedTokenVerifier | None = None,
        checks: Checks | None = None,
        directory: Memberships | None = None,
        exchanged: frozenset[str] = frozenset(),
    ) -> None:
        """`checks` are those of `known`, too. `exchanged` are issuers (`iss`) whose tokens are not taken themselves."""
        self._tokens: dict[str, list[TokenVerifier]] = {}
        for verifier in tokens:
            self._tokens.setdefault(verifier.issuer.issuer, []).append(verifier)
        self._introspectors = introspectors
        self._accounts = accounts
        self._known = known
        self._refused = refused
        self._issued = issued
        self._checks = checks or Unchecked()
        self._directory = directory
        self._exchanged = exchanged
        self._verifiers = tuple(tokens)
        self._sources = [verifier.keys for verifier in tokens]
        self._upkeep: asyncio.Task[None] | None = None
        # The cache's own method: every call asks it.
        self.recall: Final = known.recall

    def digest(self, token: str) -> bytes:
        """The SHA-256 of a credential."""
        return digest_of(token)

    async def verify(self, token: str) -> Identity | Deny:
        """Verifies a credential in full."""
        if len(token) > MAX_TOKEN:
            return invalid(f"the credential is longer than {MAX_TOKEN // 1024} KiB")
        digest = digest_of(token)
        epoch = self._epoch()
        refused = self._refused.get(digest, epoch)
        if refused is not None:
            return refused
        outcome = await self._route(token, digest)
        if self._directory is not None and not isinstance(outcome, Deny):
            outcome = self._directory.joined(outcome)
        if isinstance(outcome, Deny):
            if outcome.code is not Code.IDENTITY_UNAVAILABLE:
                self._refused.put(digest, outcome, self._epoch())
            return outcome
        identity = outcome.identity
        # In one step with what is remembered: nothing can be revoked in between.
        revoked = self._checks.refusal(identity.principal, identity.credential)
        if revoked is not None:
            revoked = msgspec.structs.replace(revoked, whose=identity)
            if revoked.code is not Code.IDENTITY_UNAVAILABLE:
                self._refused.put(digest, revoked, self._epoch())
            return revoked
        self._known.put(digest, outcome)
        return identity

    async def start(self) -> None:
        """Reads the service accounts, begins to fetch key sets, and keeps both fresh until `close`.

        Raises AccountsUnavailable, TokensUnavailable and DirectoryUnavailable. An identity provider that is down delays
        the start by at most two seconds.
        """
        self._poll()
        flights = [source.begin() for source in self._sources if source.eager]
        if flights:
            await asyncio.wait(flights, timeout=GRACE)
        self._upkeep = asyncio.create_task(self._keep_up())

    def tend(self) -> None:
        """One round of upkeep: revocations are read, key sets that are due are fetched. Raises AccountsUnavailable,
        TokensUnavailable and DirectoryUnavailable."""
        for source in self._sources:
            if (source.eager or source.asked) and source.due():
                source.begin()
        self._poll()

    async def close(self) -> None:
        """Ends the upkeep and every fetch on its way."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
        for verifier in self._verifiers:
            await verifier.close()
        for source in self._sources:
            await source.close()
        for introspector in self._introspectors:
            await introspector.close()
        if self._issued is not None:
            self._issued.close()
        if self._directory is not None:
            self._directory.close()

    def _poll(self) -> None:
        self._accounts.poll()
        if self._issued is not None:
            self._issued.poll()
        if self._directory is not None:
            self._directory.poll()

    async def _keep_up(self) -> None:
        readable = True
        while True:
            await asyncio.sleep(POLL)
            try:
                self.tend()
            except (AccountsUnavailable, TokensUnavailable, DirectoryUnavailable) as error:
                # The verifiers themselves refuse what is kept here once they were blind for too long.
                if readable:
                    log.error("what was issued here can't be read: %s", error)  # noqa: TRY400 - expected, no traceback
                readable = False
            except Exception:
                # The boundary of a job: upkeep must not end for one round that went wrong.
                log.exception("a round of identity upkeep failed")
            else:
                readable = True

    async def _route(self, token: str, digest: bytes) -> Verified | Deny:
        if token.startswith(SERVICE_ACCOUNT):
            return self._accounts.verify(token, digest)
        if self._issued is not None and token.startswith(ACCESS_TOKEN):
            return self._issued.verify(token, digest)
        if token.count(".") == 2:
            signed = take_apart(token)
            if isinstance(signed, Compact):
                return await self._signed(signed, digest)
            if not self._introspectors:
                return signed
        if self._introspectors:
            return await self._opaque(token, digest)
        return invalid("the credential is neither a signed token nor a service-account key")

    async def _signed(self, token: Compact, digest: bytes) -> Verified | Deny:
        # The issuer is chosen by what the token says, from configured ones only; its keys then prove the token.
        claims = strict_object(token.payload)
        if claims is None:
            return invalid("the token's claims are not a JSON object with unique members")
        name = claims.get("iss")
        verifiers = self._tokens.get(name) if isinstance(name, str) else None
        if isinstance(name, str) and not verifiers and name in self._exchanged:
            return invalid("tokens of this issuer are not taken themselves: exchange it at the console (/oauth/token)")
        if not verifiers:
            return invalid("the token's issuer is not configured")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        fitting = [verifier for verifier in verifiers if verifier.issuer.audience in named]
        return await (fitting or verifiers)[0].verify(token, claims, digest)

    async def _opaque(self, token: str, digest: bytes) -> Verified | Deny:
        """The first issuer that knows the token; "unavailable" where one that might could not be asked."""
        refusals: list[Deny] = []
        for introspector in self._introspectors:
            outcome = await introspector.verify(token, digest)
            if not isinstance(outcome, Deny):
                return outcome
            refusals.append(outcome)
        return next((deny for deny in refusals if deny.code is Code.IDENTITY_UNAVAILABLE), refusals[-1])

    def _epoch(self) -> int:
        issued = 0 if self._issued is None else self._issued.generation
        listed = 0 if self._directory is None else self._directory.generation
        own = self._accounts.generation + issued + listed + self._checks.generation
        return own + sum(source.generation for source in self._sources)


def build_authenticator(
    settings: IdentitySettings,
    fetcher: Fetcher,
    accounts: AccountWatch,
    clock: Clock,
    *,
    fetchers: Mapping[str, Fetcher] | None = None,
    timing: KeyTiming | None = None,
    issued: TokenWatch | None = None,
    checks: Checks | None = None,
    directory: DirectoryWatch | None = None,
) -> GateAuthenticator:
    """The authenticator of a configuration. `fetchers` gives issuers (by name) a fetcher of their own, for a CA bundle;
    `issued` finds the tokens that Narrows issued; `checks` says whom revocations are about; `directory` finds people
    of issuers that keep theirs here.

    Raises ValueError for issuers that can't be told apart.
    """
    _distinct(settings.issuers)
    own = fetchers or {}
    tokens: list[TokenVerifier] = []
    introspectors: list[Introspector] = []
    for issuer in settings.issuers:
        if issuer.tokens == "exchange":
            # Whoever can have a token of such an issuer may be anybody in the world: only a rule lets it in.
            continue
        via = own.get(issuer.name, fetcher)
        keys = KeySource(issuer, via, clock, timing or KeyTiming())
        graph = None if issuer.groups is None else issuer.groups.graph
        tokens.append(TokenVerifier(issuer, keys, clock, group_source(issuer.name, graph, via, clock)))
        if issuer.introspection is not None:
            introspectors.append(Introspector(issuer, issuer.introspection, via, clock))
    return GateAuthenticator(
        tokens,
        introspectors,
        ServiceAccountVerifier(accounts, clock),
        IdentityCache(clock, REMEMBERED, checks),
        RefusalCache(clock, REFUSALS, REFUSAL_MICROSECONDS),
        None if issued is None else IssuedTokenVerifier(issued, clock),
        checks,
        None if directory is None else memberships(settings, directory, clock),
        frozenset(issuer.issuer for issuer in settings.issuers if issuer.tokens == "exchange"),
    )


def _distinct(issuers: Sequence[Issuer]) -> None:
    names = [issuer.name for issuer in issuers]
    if SERVICE_ACCOUNTS in names:
        raise ValueError(f"an issuer can't be named {SERVICE_ACCOUNTS!r}: service accounts are")
    if len(set(names)) != len(names):
        raise ValueError("two issuers have the same name")
    pairs = [(issuer.issuer, issuer.audience) for issuer in issuers]
    if len(set(pairs)) != len(pairs):
        raise ValueError("two issuers have the same `issuer` and `audience`")
