"""Signed statements of providers: logout tokens (OpenID Connect Back-Channel Logout 1.0) and security event tokens (RFC
8417). Whether one is authentic, from whom it should be, for us, and of now.

It owns the checks; what a statement means is not its business. Neither kind is ever an access token.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from narrows.identity.claims import SECOND
from narrows.identity.documents import Json, strict_object
from narrows.identity.jwks import KeySource
from narrows.identity.jws import Compact, check_header, check_signature, take_apart
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock

LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"

LOGOUT_TYPES: Final = frozenset({"logout+jwt", "application/logout+jwt", "jwt"})
EVENT_TYPES: Final = frozenset({"secevent+jwt", "application/secevent+jwt", "jwt"})
"""Values of `typ`, in lower case; older providers write none, which is the same as JWT."""

LEEWAY: Final = 60 * SECOND
LONGEST: Final = 64 * 1024
"""Characters of a token."""

MOST_TEXT: Final = 1024


class Why(StrEnum):
    """Why a statement is not taken, as RFC 8935 names it."""

    REQUEST = "invalid_request"
    KEY = "invalid_key"
    ISSUER = "invalid_issuer"
    AUDIENCE = "invalid_audience"
    UNAVAILABLE = "unavailable"
    """The keys can't be fetched; it may be sent again."""


class Unheard(msgspec.Struct, frozen=True):
    """A statement that is not taken."""

    why: Why
    message: str


class Statement(msgspec.Struct, frozen=True):
    """One that is authentic. `message` is its `jti`; `at` when it was made; it can't be taken any more after `until`
    (Unix microseconds)."""

    message: str
    at: int
    until: int
    events: dict[str, Json]
    claims: Json


class Listener:
    """Hears one transmitter. `age`: seconds for which a statement may be on its way."""

    def __init__(
        self,
        issuer: str,
        audiences: Sequence[str],
        keys: KeySource,
        clock: Clock,
        *,
        algorithms: Collection[str],
        types: frozenset[str],
        age: int,
    ) -> None:
        self.keys: Final = keys
        self._issuer = issuer
        self._audiences = frozenset(audiences)
        self._clock = clock
        self._algorithms = frozenset(algorithms)
        self._types = types
        self._age = age * SECOND

    async def hear(self, token: str) -> Statement | Unheard:
        """The statement that a token is. Waits only when the key set must be fetched first."""
        parts = take_apart(token) if len(token) <= LONGEST else None
        if not isinstance(parts, Compact):
            return Unheard(Why.REQUEST, "the token is not a signed one")
        refused = check_header(parts, self._algorithms, self._types)
        if refused is not None:
            return Unheard(Why.REQUEST, refused.message)
        claims = strict_object(parts.payload)
        if claims is None:
            return Unheard(Why.REQUEST, "the token's claims are not a JSON object with unique members")
        keys = await self.keys.holding(parts.kid, parts.algorithm)
        if keys is None or (self.keys.failing and not keys.candidates(parts.kid, parts.algorithm)):
            return Unheard(Why.UNAVAILABLE, "the keys of the transmitter can't be fetched")
        unsigned = check_signature(parts, keys)
        if isinstance(unsigned, Deny):
            return Unheard(Why.KEY, unsigned.message)
        return self._judged(claims)

    async def close(self) -> None:
        """Ends a fetch on its way."""
        await self.keys.close()

    def _judged(self, claims: Json) -> Statement | Unheard:
        if claims.get("iss") != self._issuer:
            return Unheard(Why.ISSUER, "the token's issuer is not the configured one")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not any(isinstance(name, str) and name in self._audiences for name in named):
            return Unheard(Why.AUDIENCE, "the token's audience is not a configured one")
        now = self._clock.now()
        made, ends = _moment(claims.get("iat")), _moment(claims.get("exp"))
        if made is None or ("exp" in claims and ends is None):
            return Unheard(Why.REQUEST, "the token's `iat` or `exp` is missing or no date")
        until = min(made + self._age, made + self._age if ends is None else ends) + LEEWAY
        if made > now + LEEWAY or now >= until:
            return Unheard(Why.REQUEST, "the token is of the future, or too old")
        message, events = claims.get("jti"), claims.get("events")
        if not isinstance(message, str) or not 0 < len(message) <= MOST_TEXT:
            return Unheard(Why.REQUEST, "the token has no `jti`")
        if not isinstance(events, dict) or not events or not all(isinstance(one, dict) for one in events.values()):
            return Unheard(Why.REQUEST, "the token's `events` is no object of events")
        return Statement(message, made, until, events, claims)


def logout_of(statement: Statement) -> tuple[str | None, str | None] | Unheard:
    """Whose sign-in ended: the session, the subject, one of them or both (section 2.6 of the specification)."""
    if LOGOUT not in statement.events:
        return Unheard(Why.REQUEST, "the token tells of no logout")
    if "nonce" in statement.claims:
        return Unheard(Why.REQUEST, "a logout token has no `nonce`")
    session, subject = (statement.claims.get(name) for name in ("sid", "sub"))
    for name, value in (("sid", session), ("sub", subject)):
        if value is not None and not usable(value):
            return Unheard(Why.REQUEST, f"the token's `{name}` is no text that can be compared")
    if session is None and subject is None:
        return Unheard(Why.REQUEST, "the token has neither `sid` nor `sub`")
    return session, subject


def usable(value: object) -> bool:
    """Whether it is a text as claims of tokens are."""
    return isinstance(value, str) and 0 < len(value) <= MOST_TEXT and value.isprintable()


def _moment(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 253_402_300_800:
        return None
    return round(value * SECOND)
