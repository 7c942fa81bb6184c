"""Access that is given for a task and ends: what is asked for, what was granted, and the tokens that Narrows issues.

Times are Unix time in microseconds, spans of time microseconds. Nothing here holds a secret: of a token there is its
SHA-256.
"""

from enum import StrEnum

import msgspec

from narrows.model.approval import Approvers
from narrows.model.principal import Principal, Scope


class Request(msgspec.Struct, frozen=True):
    """What somebody asks for: that tokens may be issued to them, for this scope and so long.

    `id` is `grt_…`. `principal` is who asks, as verified then. `rule` is the rule of the configuration by which it is
    judged, `by` and `needed` are what that said at the time; `needed` of 0: the rule itself approves. `expires` is when
    the question lapses. `network`: tokens hold from the first network they are used from; `certificate`: they are bound
    to the client certificate that the caller showed, by its SHA-256 in hex.
    """

    id: str
    principal: Principal
    scope: Scope
    span: int
    reason: str
    at: int
    expires: int
    rule: str
    by: Approvers
    needed: int
    network: bool = False
    certificate: str | None = None
    address: str = ""

    @property
    def requester(self) -> str:
        """`issuer:subject` of who asks."""
        return self.principal.key


class GrantState(StrEnum):
    """What has become of a request. All but `pending` and `active` are for good."""

    PENDING = "pending"
    ACTIVE = "active"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    """Nobody decided in time."""

    ENDED = "ended"
    """Its time is over."""

    REVOKED = "revoked"
    CANCELLED = "cancelled"
    """Its requester took it back, or may no longer ask."""


class Step(StrEnum):
    """What somebody did to a request or a grant."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    REVOKE = "revoke"


class GrantAct(msgspec.Struct, frozen=True):
    """One act on a request or a grant, by `who` (`issuer:subject`, or `local:USER` on the machine itself)."""

    grant: str
    who: str
    step: Step
    at: int
    reason: str | None = None
    groups: tuple[str, ...] = ()


class Grant(msgspec.Struct, frozen=True):
    """A request as it stands. `starts` and `ends` are set once it is approved."""

    request: Request
    state: GrantState
    acts: tuple[GrantAct, ...] = ()
    starts: int | None = None
    ends: int | None = None


class Origin(StrEnum):
    """What a token was issued for."""

    GRANT = "grant"
    EXCHANGE = "exchange"
    """Another issuer's token was exchanged for it (RFC 8693): a workload's."""

    LOGIN = "login"
    """A person signed in, where the provider's own access tokens can't be verified."""


class IssuedToken(msgspec.Struct, frozen=True):
    """A token that Narrows issued. `id` is `tok_…`, `digest` the SHA-256 of the whole token.

    `source` is the grant's id, the name of the rule of the exchange, or the issuer that somebody signed in at. `login`
    is the `sid` of that sign-in, where its provider gave one. `scope` None: whatever policies permit. `network`: it
    holds from the first network it is used from. `certificate`: it holds together with this client certificate, by its
    SHA-256 in hex.
    """

    id: str
    digest: bytes
    origin: Origin
    source: str
    principal: Principal
    created: int
    expires: int
    scope: Scope | None = None
    login: str | None = None
    network: bool = False
    certificate: str | None = None
