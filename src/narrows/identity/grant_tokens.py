"""Tokens for access that was approved: who may have one, and what is in it."""

from typing import Final

from narrows.identity.issued_tokens import issue_token
from narrows.model.access import Grant, GrantState, IssuedToken, Origin
from narrows.model.principal import Principal
from narrows.model.secret import Secret
from narrows.ports.clock import Clock
from narrows.ports.tokens import TokenRefused, Tokens

MOST: Final = 32
"""Tokens that are issued for one grant."""


def token_for(grant: Grant, principal: Principal, tokens: Tokens, clock: Clock) -> tuple[IssuedToken, Secret]:
    """A token for a grant that is active; it ends with the grant. `principal` is who asks for it, as they are known
    now: what they are in may have changed since they asked for access. Raises TokenRefused and TokensUnavailable."""
    request = grant.request
    if principal.key != request.requester:
        raise TokenRefused(f"{request.id} was given to {request.requester}")
    if grant.state is not GrantState.ACTIVE or grant.ends is None:
        raise TokenRefused(f"{request.id} is {grant.state}")
    if len(tokens.issued_for(request.id)) >= MOST:
        raise TokenRefused(f"{MOST} tokens were issued for {request.id} already")
    return issue_token(
        tokens,
        clock,
        origin=Origin.GRANT,
        source=request.id,
        principal=principal,
        expires=grant.ends,
        scope=request.scope,
        network=request.network,
        certificate=request.certificate,
    )
