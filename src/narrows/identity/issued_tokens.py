"""Tokens that Narrows issues, for a grant, an exchange or a sign-in: how one is issued, and whether one that is
presented is in force.

A token says nothing by itself: who it is for, for what and until when is kept where it was issued, under its SHA-256.
What has been revoked is not looked at here.
"""

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

from narrows.identity.cache import Verified
from narrows.identity.jws import invalid
from narrows.identity.token_form import ACCESS_TOKEN, id_within, new_credential, new_id
from narrows.model.access import IssuedToken, Origin
from narrows.model.principal import Credential, Identity, Principal, Scope
from narrows.model.refusal import Code
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock
from narrows.ports.tokens import TokenRefused, Tokens, TokensUnavailable, TokenWatch

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
LONGEST: Final = 366 * DAY
"""No token lasts longer, whatever a rule says."""

BLIND: Final = 30 * SECOND
"""Tokens are refused when they could not be looked at for so long."""


def issue_token(
    tokens: Tokens,
    clock: Clock,
    *,
    origin: Origin,
    source: str,
    principal: Principal,
    expires: int,
    scope: Scope | None,
    login: str | None = None,
    network: bool = False,
    certificate: str | None = None,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[IssuedToken, Secret]:
    """Issues a token that ends at `expires` (Unix microseconds), and keeps its SHA-256. The token itself is given once.

    Raises TokenRefused and TokensUnavailable.
    """
    now = clock.now()
    if not now < expires <= now + LONGEST:
        raise TokenRefused(f"a token must end in the future and within {LONGEST // DAY} days")
    if scope is None and origin is not Origin.LOGIN:
        raise TokenRefused("only a sign-in gives a token without a scope")
    if scope is not None and not (scope.connections and scope.operations):
        raise TokenRefused("a scope without connections or operations is good for nothing")
    ident = new_id(entropy)
    secret = new_credential(ACCESS_TOKEN, ident, entropy)
    token = IssuedToken(
        id=f"tok_{ident}",
        digest=hashlib.sha256(secret.reveal().encode()).digest(),
        origin=origin,
        source=source,
        principal=principal,
        created=now,
        expires=expires,
        scope=scope,
        login=login,
        network=network,
        certificate=certificate,
    )
    tokens.keep(token)
    return token, secret


class IssuedTokenVerifier:
    """Verifies tokens where they are kept. A `Source` of cached identities: `poll` says that they can still be read."""

    def __init__(self, watch: TokenWatch, clock: Clock) -> None:
        self.generation = 0
        self.valid_until = 0
        self._watch = watch
        self._clock = clock

    def poll(self) -> None:
        """Looks whether what was looked up before still holds. Raises TokensUnavailable."""
        if self._watch.replaced():
            self.generation += 1
        self.valid_until = self._clock.now() + BLIND

    def verify(self, token: str, digest: bytes) -> Verified | Deny:
        """Who a token was issued to, for what, and until when; `digest` is the SHA-256 of `token`."""
        if id_within(ACCESS_TOKEN, token) is None:
            return invalid("the token is mistyped: its form or checksum is wrong")
        try:
            if self._clock.now() >= self.valid_until:
                self.poll()
            issued = self._watch.find(digest)
        except TokensUnavailable:
            return Deny(Code.IDENTITY_UNAVAILABLE, "the tokens that were issued can't be read", retry_after=5)
        if issued is None:
            return invalid("the token is not known here")
        if self._clock.now() >= issued.expires:
            return Deny(Code.CREDENTIAL_EXPIRED, "the token has expired", whose=identity(issued))
        return Verified(identity(issued), issued.expires, self, self.generation)

    def close(self) -> None:
        """Lets go of what is held open."""
        self._watch.close()


def identity(issued: IssuedToken) -> Identity:
    """Who a token stands for, and for what it is good."""
    credential = Credential(
        issued.origin.value,
        issued.id,
        issued.expires / SECOND,
        issued=issued.created,
        login=issued.login,
        grant=issued.source if issued.origin is Origin.GRANT else None,
        network=issued.network,
        certificate=issued.certificate,
    )
    return Identity(issued.principal, credential, issued.scope)
