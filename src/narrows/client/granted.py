"""What a provider grants: the tokens in a reply of its token endpoint, and whether a gate can take them.

RFC 6749 section 5. Tokens are secrets from the moment they are read.
"""

from typing import Any, Final

from narrows.client.failure import SignInEnded, SignInFailed, refusal
from narrows.client.gate import Issuer
from narrows.client.tokens import Tokens, claims_of
from narrows.client.web import Answer
from narrows.identity.documents import Json
from narrows.model.secret import Secret

_GUESS: Final = 300
"""Seconds that a token is taken to last if neither the reply nor the token says how long."""

_DEAD: Final = frozenset({"invalid_grant", "access_denied", "expired_token"})


def received(answer: Answer, issuer: str, now: int) -> Tokens:
    """The tokens in a reply of a token endpoint. Raises SignInFailed; SignInEnded where asking again is of no use."""
    body = answer.body or {}
    if answer.status != 200:
        kind = SignInEnded if body.get("error") in _DEAD else SignInFailed
        raise kind(refusal(issuer, body) if body else f"{issuer} answered with status {answer.status}")
    access = _text(body, "access_token")
    if access is None or str(body.get("token_type", "")).lower() != "bearer":
        raise SignInFailed(f"{issuer} gave no bearer token")
    refresh, identity = _text(body, "refresh_token"), _text(body, "id_token")
    return Tokens(
        access=Secret(access),
        expires=_end(body, access, now),
        received=now,
        refresh=None if refresh is None else Secret(refresh),
        id_token=None if identity is None else Secret(identity),
    )


def check_for_gate(tokens: Tokens, issuer: Issuer) -> None:
    """Says now what the gate would say of every call: that a token is for somebody else. Raises SignInFailed.

    Nothing is verified here; that is the gate's to do.
    """
    claims = claims_of(tokens.access)
    if claims is None:
        if not issuer.opaque:
            raise SignInFailed(
                f"{issuer.issuer} gave an access token that is no JWT, and this gate can't ask about it; the gate's "
                "operator can set `login.resource`, `login.id_tokens` or `introspection` for this issuer"
            )
        return
    named = claims.get("aud")
    audiences = [named] if isinstance(named, str) else named
    if not isinstance(audiences, list) or issuer.audience not in audiences:
        raise SignInFailed(
            f"{issuer.issuer} gave a token for {_listed(audiences)}, and this gate takes those for "
            f"{issuer.audience!r}; the gate's operator can set `login.resource`, `login.scopes` or `login.parameters`"
        )
    if claims.get("iss") != issuer.issuer:
        raise SignInFailed(f"the token names another issuer than {issuer.issuer}")


def _end(body: Json, access: str, now: int) -> int:
    """What the reply says, else the token itself."""
    lasts = body.get("expires_in")
    if isinstance(lasts, str) and lasts.isascii() and lasts.isdigit():
        lasts = int(lasts)  # some providers send it as a text
    if isinstance(lasts, int | float) and not isinstance(lasts, bool) and 0 < lasts < 2**31:
        return now + int(lasts)
    end = (claims_of(Secret(access)) or {}).get("exp")
    return int(end) if isinstance(end, int | float) and not isinstance(end, bool) else now + _GUESS


def _text(body: Json, name: str) -> str | None:
    value: Any = body.get(name)
    sound = isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value
    return value if sound and value else None


def _listed(audiences: object) -> str:
    named = [name for name in audiences if isinstance(name, str)] if isinstance(audiences, list) else []
    return ", ".join(repr(name) for name in named[:4]) or "nobody in particular"
