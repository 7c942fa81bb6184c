"""Signed access tokens of one OpenID provider: from a token taken apart to a verified identity.

It owns the order of the checks: header, key, signature, and only then what the claims say, so that a refusal such as
"expired" is only ever said of an authentic token.
"""

import msgspec

from narrows.config.schema import Issuer
from narrows.identity import claims as rules
from narrows.identity.cache import Verified
from narrows.identity.documents import Json
from narrows.identity.graph import GroupSource
from narrows.identity.jwks import KeySource
from narrows.identity.jws import Compact, check_header, check_signature, invalid
from narrows.model.principal import Identity, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock


class TokenVerifier:
    """Verifies the tokens of one configured issuer."""

    def __init__(self, issuer: Issuer, keys: KeySource, clock: Clock, groups: GroupSource | None = None) -> None:
        """`groups` knows those that a token only refers to."""
        self.issuer = issuer
        self.keys = keys
        self._clock = clock
        self._groups = groups
        self._algorithms = frozenset(issuer.algorithms)

    async def verify(self, token: Compact, claims: Json, digest: bytes) -> Verified | Deny:
        """Every check; `claims` is the token's payload. Waits only when the key set must be fetched first."""
        if (refused := check_header(token, self._algorithms)) is not None:
            return refused
        keys = await self.keys.holding(token.kid, token.algorithm)
        # Read with the keys: keys that change while claims are checked void this verification.
        generation = self.keys.generation
        if keys is None or (self.keys.failing and not keys.candidates(token.kid, token.algorithm)):
            return self._unavailable()
        if (refused := check_signature(token, keys)) is not None:
            return refused
        verified = self._judge(claims, digest, generation)
        if isinstance(verified, Deny) or self._groups is None or not _referred(claims, self.issuer):
            return verified
        found = await self._groups.of(claims)
        if isinstance(found, Deny):
            return found
        shown = verified.identity
        principal = msgspec.structs.replace(shown.principal, groups=found.groups)
        identity = msgspec.structs.replace(shown, principal=principal)
        return verified._replace(identity=identity, until=min(verified.until, found.until))

    async def close(self) -> None:
        """Ends questions about groups; the keys are their owner's."""
        if self._groups is not None:
            await self._groups.close()

    def _judge(self, claims: Json, digest: bytes, generation: int) -> Verified | Deny:
        outcome = judge(claims, self.issuer, self._clock.now(), resolves=self._groups is not None)
        if isinstance(outcome, Deny):
            return rules.over("oidc", outcome, claims, digest, self.issuer)
        principal, validity = outcome
        credential = rules.credential("oidc", claims, digest, validity.expires)
        return Verified(Identity(principal, credential), validity.until, self.keys, generation)

    def _unavailable(self) -> Deny:
        return Deny(
            Code.IDENTITY_UNAVAILABLE,
            f"the keys of the identity provider {self.issuer.name!r} can't be fetched",
            retry_after=10,
        )


def judge(claims: Json, issuer: Issuer, now: int, *, resolves: bool = False) -> tuple[Principal, rules.Validity] | Deny:
    """What authentic claims amount to at `now`: the first check that fails, or who it is and how long. `resolves`: the
    caller finds out the groups that they only refer to."""
    refused = rules.check_issuer(claims, issuer) or rules.check_audience(claims, issuer) or rules.check_bearer(claims)
    if refused is not None:
        return refused
    validity = rules.check_times(claims, issuer, now)
    if isinstance(validity, Deny):
        return validity
    away = rules.elsewhere(claims, issuer)
    if isinstance(away, Deny):
        return away
    replaced = issuer.scim is not None and issuer.scim.groups == "directory"
    for name in sorted(away):
        if name != issuer.groups_claim:
            return invalid(f"the token's `{name}` is not in it (`_claim_names`), and can't be looked up")
        if not resolves and not replaced:
            return invalid(
                "its subject is in more groups than the token can hold (`_claim_names`), and the issuer has no "
                "`groups.graph` to ask"
            )
    principal = rules.principal(claims, issuer)
    return principal if isinstance(principal, Deny) else (principal, validity)


def _referred(claims: Json, issuer: Issuer) -> bool:
    away = rules.elsewhere(claims, issuer)
    return not isinstance(away, Deny) and issuer.groups_claim in away
