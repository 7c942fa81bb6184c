"""Access as the API shows it: what was asked for, by what rule it is judged, what was said, and until when. Pure."""

from datetime import datetime

import msgspec

from narrows.console.accessing import Said, may_decide, own
from narrows.console.views import moment
from narrows.console.visitor import Visitor
from narrows.model.access import Grant, GrantAct, GrantState, IssuedToken, Step
from narrows.model.approval import Approvers
from narrows.model.secret import Secret
from narrows.policy.access import Rule, approved_by

_SECOND = 1_000_000


class ActView(msgspec.Struct, frozen=True):
    """What one person did to a request."""

    who: str
    step: Step
    at: datetime
    reason: str | None


class GrantView(msgspec.Struct, frozen=True):
    """Access that was asked for. `own`: by the reader; `may_decide`: the rule names them, it is open, and they have not
    decided yet. `seconds` is for how long, from when it is approved: `starts_at` until `ends_at`. `expires_at` is when
    the question lapses; `needed` of 0: the rule itself approved. Of its tokens: `bound_to_network` says that each holds
    from the first network it is used from, `certificate` with which client certificate, by its SHA-256 in hex."""

    id: str
    state: GrantState
    own: bool
    may_decide: bool
    requester: str
    groups: tuple[str, ...]
    connections: tuple[str, ...]
    models: tuple[str, ...]
    operations: tuple[str, ...]
    seconds: int
    reason: str
    rule: str
    by: Approvers
    needed: int
    approved_by: tuple[str, ...]
    asked_at: datetime
    expires_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    bound_to_network: bool
    certificate: str | None
    address: str
    acts: tuple[ActView, ...]


class GrantPage(msgspec.Struct, frozen=True):
    """Access, oldest first. `next`: ask with `after` set to it for those behind; null: these were the last."""

    items: tuple[GrantView, ...]
    next: str | None


class GrantOutcome(msgspec.Struct, frozen=True):
    """What has become of a request. `recorded`: what was said is new; else it changed nothing, and what stands
    stands."""

    recorded: bool
    access: GrantView


class TokenView(msgspec.Struct, frozen=True):
    """A token, which is shown once. `id` names it in records, and to revoke it."""

    id: str
    token: str
    expires_at: datetime


class OfferView(msgspec.Struct, frozen=True):
    """A rule by which the reader may ask for access, and for what at most. `needed` of 0: nobody is asked."""

    rule: str
    connections: tuple[str, ...]
    models: tuple[str, ...]
    operations: tuple[str, ...]
    seconds: int
    by: Approvers
    needed: int
    bound_to_network: bool
    bound_to_certificate: bool
    message: str | None


class OfferPage(msgspec.Struct, frozen=True):
    """What the reader may ask for, the first rule that fits first."""

    items: tuple[OfferView, ...]


def view(grant: Grant, visitor: Visitor) -> GrantView:
    """Access as this visitor sees it."""
    request = grant.request
    principal = request.principal
    return GrantView(
        id=request.id,
        state=grant.state,
        own=own(visitor, grant),
        may_decide=may_decide(visitor, grant),
        requester=request.requester,
        groups=tuple(sorted(f"{principal.issuer}:{group}" for group in principal.groups)),
        connections=request.scope.connections,
        models=request.scope.models,
        operations=request.scope.operations,
        seconds=request.span // _SECOND,
        reason=request.reason,
        rule=request.rule,
        by=request.by,
        needed=request.needed,
        approved_by=approved_by(grant),
        asked_at=moment(request.at),
        expires_at=moment(request.expires),
        starts_at=_moment(grant.starts),
        ends_at=_moment(grant.ends),
        bound_to_network=request.network,
        certificate=request.certificate,
        address=request.address,
        acts=tuple(_act(act) for act in grant.acts),
    )


def outcome(said: Said, visitor: Visitor) -> GrantOutcome:
    """What has become of it, as this visitor sees it."""
    return GrantOutcome(said.recorded, view(said.grant, visitor))


def token_view(issued: IssuedToken, secret: Secret) -> TokenView:
    """A token for whoever was given it."""
    return TokenView(issued.id, secret.reveal(), moment(issued.expires))


def offer(rule: Rule) -> OfferView:
    """What a rule offers."""
    return OfferView(
        rule=rule.name,
        connections=rule.scope.connections,
        models=rule.scope.models,
        operations=rule.scope.operations,
        seconds=rule.longest // _SECOND,
        by=rule.by,
        needed=rule.needed,
        bound_to_network=rule.network,
        bound_to_certificate=rule.certificate,
        message=rule.message,
    )


def _act(act: GrantAct) -> ActView:
    return ActView(act.who, act.step, moment(act.at), act.reason)


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)
