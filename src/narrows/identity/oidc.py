"""Signed access tokens of one OpenID provider: from a token taken apart to a verified identity.

It owns the order of the checks: header, key, signature, and only then what the claims say, so that a refusal such as
"expired" is only ever said of an authentic token.
"""

from narrows.config.schema import Issuer
from narrows.identity import claims as rules
from narrows.identity.cache import Verified
from narrows.identity.documents import Json
from narrows.identity.jwks import KeySource
from narrows.identity.jws import Compact, check_header, check_signature
from narrows.model.principal import Identity, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock


class TokenVerifier:
    """Verifies the tokens of one configured issuer."""

    def __init__(self, issuer: Issuer, keys: KeySource, clock: Clock) -> None:
        self.issuer = issuer
        self.keys = keys
        self._clock = clock
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
        return self._judge(claims, digest, generation)

    def _judge(self, claims: Json, digest: bytes, generation: int) -> Verified | Deny:
        outcome = judge(claims, self.issuer, self._clock.now())
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


def judge(claims: Json, issuer: Issuer, now: int) -> tuple[Principal, rules.Validity] | Deny:
    """What authentic claims amount to at `now`: the first check that fails, or who it is and how long."""
    refused = rules.check_issuer(claims, issuer) or rules.check_audience(claims, issuer) or rules.check_bearer(claims)
    if refused is not None:
        return refused
    validity = rules.check_times(claims, issuer, now)
    if isinstance(validity, Deny):
        return validity
    principal = rules.principal(claims, issuer)
    return principal if isinstance(principal, Deny) else (principal, validity)
