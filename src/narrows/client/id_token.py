"""Checking an ID token: that this provider issued it, for this client, in this attempt, and lately.

OpenID Connect Core 3.1.3.7, with the signature checked as well. It names who signed in; it is never sent to a gate.
"""

import hmac
from typing import Final

import msgspec

from narrows.client.failure import SignInFailed
from narrows.client.gate import Issuer
from narrows.identity.documents import Json, strict_object
from narrows.identity.jws import check, take_apart
from narrows.identity.keys import KeySet
from narrows.model.secret import Secret
from narrows.model.verdict import Deny

LEEWAY: Final = 120
"""Seconds by which the clocks of this machine and the provider may differ."""

_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)


class Person(msgspec.Struct, frozen=True):
    """Who signed in. `name` is for people to read."""

    subject: str
    name: str
    session: str | None = None


def read_id_token(token: Secret, issuer: Issuer, keys: KeySet, now: int, nonce: str | None) -> Person:
    """Who an ID token says signed in; `nonce` is that of the attempt, None where the flow has none. Raises
    SignInFailed."""
    compact = take_apart(token.reveal())
    refused = compact if isinstance(compact, Deny) else check(compact, keys, _ALGORITHMS)
    if isinstance(compact, Deny) or refused is not None:
        raise _wrong(issuer, "" if refused is None else refused.message)
    claims = strict_object(compact.payload)
    if claims is None:
        raise _wrong(issuer, "its claims are no JSON object with unique members")
    _check_claims(claims, issuer, now)
    if nonce is not None and not _same(claims.get("nonce"), nonce):
        raise _wrong(issuer, "it is of another attempt to sign in (`nonce`)")
    subject, session = claims.get("sub"), claims.get("sid")
    if not isinstance(subject, str) or not subject:
        raise _wrong(issuer, "it names nobody (`sub`)")
    known = (claims.get(name) for name in ("email", "preferred_username", "name"))
    name = next((value for value in known if isinstance(value, str) and value), subject)
    return Person(subject, name, session if isinstance(session, str) else None)


def _check_claims(claims: Json, issuer: Issuer, now: int) -> None:
    if claims.get("iss") != issuer.issuer:
        raise _wrong(issuer, "it is of another issuer (`iss`)")
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or issuer.client_id not in named:
        raise _wrong(issuer, "it is for another client (`aud`)")
    party = claims.get("azp")
    if party != issuer.client_id and (party is not None or len(named) > 1):
        raise _wrong(issuer, "it was issued to another client (`azp`)")
    if now >= _moment(claims, "exp", otherwise=0.0) + LEEWAY:
        raise _wrong(issuer, "it has ended (`exp`)")
    if now < _moment(claims, "iat", otherwise=float("inf")) - LEEWAY:
        raise _wrong(issuer, "it is from the future (`iat`); is this machine's clock right?")


def _moment(claims: Json, name: str, *, otherwise: float) -> float:
    """A date in Unix seconds; what is none counts as `otherwise`, which no token passes."""
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else otherwise


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def _wrong(issuer: Issuer, why: str) -> SignInFailed:
    return SignInFailed(f"the ID token of {issuer.issuer} can't be used: {why}")
