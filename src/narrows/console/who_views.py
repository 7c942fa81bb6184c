"""A blast radius as the API shows it, and `narrows who --json`, too. Pure.

Times are RFC 3339 in UTC; amounts are texts with their unit, so that no reader rounds them.
"""

from datetime import datetime

import msgspec

from narrows.accounting.most import Most
from narrows.console.views import moment
from narrows.identity.radius import Door, Held, Radius
from narrows.model.access import Grant
from narrows.model.approval import Decision, Review
from narrows.model.limit_words import amount, words
from narrows.model.limits import Budget
from narrows.model.revocation import Revocation
from narrows.policy.access import approved_by
from narrows.policy.limits import GATEWAY
from narrows.policy.reach import Terms
from narrows.stores.sqlite.views import CallView


class Left(msgspec.Struct, frozen=True):
    """What a budget has left. `subject` is whose sum it is; `resets` None: nobody has used it in its window."""

    budget: Budget
    subject: str
    used: int = 0
    held: int = 0
    resets: int | None = None

    @property
    def left(self) -> int:
        """What is neither used nor held."""
        return max(self.budget.limit - self.used - self.held, 0)


class Said(msgspec.Struct, frozen=True):
    """What somebody answered, and whose call it was about."""

    decision: Decision
    requester: str


class Who(msgspec.Struct, frozen=True):
    """An identity's blast radius, and what it did last until then, the newest first. `left` None: of the past it is not
    told."""

    radius: Radius
    left: tuple[Left, ...] | None
    calls: tuple[CallView, ...]
    asked: tuple[Review, ...]
    said: tuple[Said, ...]


class ScopeView(msgspec.Struct, frozen=True):
    """What a credential is good for at most, as globs."""

    connections: tuple[str, ...]
    models: tuple[str, ...]
    operations: tuple[str, ...]


class WayView(msgspec.Struct, frozen=True):
    """Operations of a connection, with the models: globs, of which one must cover a model; `a* & *b`: both must.
    `enforced` is false where policies only observe: then every call passes."""

    connection: str
    operations: tuple[str, ...]
    models: tuple[str, ...]
    policies: tuple[str, ...]
    observed: tuple[str, ...]
    enforced: bool


class DoorView(msgspec.Struct, frozen=True):
    """A way in and what is reached by it. `of` is the grant; `closed_by` the revocation that keeps it shut."""

    principal: str
    credentials: tuple[str, ...]
    of: str | None
    scope: ScopeView | None
    ends_at: datetime | None
    closed_by: str | None
    reaches: tuple[WayView, ...]


class MostView(msgspec.Struct, frozen=True):
    """The most that can be spent in a calendar day or month; `limit` null: nothing binds it. `by` are the budgets that
    say so; `unpriced`: models without a price count for nothing in some of them."""

    unit: str
    per: str
    limit: str | None
    by: tuple[str, ...]
    unpriced: bool


class BudgetView(msgspec.Struct, frozen=True):
    """What a budget has left now. `subject` is whose sum it is."""

    policy: str
    budget: str
    subject: str
    used: str
    held: str
    left: str
    resets_at: datetime | None


class GrantBrief(msgspec.Struct, frozen=True):
    """Access that was asked for."""

    id: str
    state: str
    scope: ScopeView
    reason: str
    approved_by: tuple[str, ...]
    starts_at: datetime | None
    ends_at: datetime | None


class HeldView(msgspec.Struct, frozen=True):
    """A credential in force, and its last use."""

    id: str
    kind: str
    principal: str
    issued_at: datetime
    ends_at: datetime
    of: str | None
    last_used_at: datetime | None
    last_address: str | None


class OwnedView(msgspec.Struct, frozen=True):
    """A service account that they answer for, and its keys in force."""

    name: str
    purpose: str | None
    keys: tuple[str, ...]


class RevokedView(msgspec.Struct, frozen=True):
    """A revocation that stands and is about something of theirs."""

    id: str
    kind: str
    subject: str
    at: datetime
    by: str
    reason: str
    containment: str | None


class CallBrief(msgspec.Struct, frozen=True):
    """A call. `refusal` is the code of why it was refused."""

    id: str
    at: datetime
    connection: str
    operation: str
    model: str | None
    outcome: str
    refusal: str | None
    credential: str
    address: str


class AskedBrief(msgspec.Struct, frozen=True):
    """A call of theirs about which people were asked."""

    id: str
    at: datetime
    state: str
    connection: str
    model: str | None


class AnswerBrief(msgspec.Struct, frozen=True):
    """What they said of somebody's call."""

    ticket: str
    at: datetime
    answer: str
    requester: str


class WhoView(msgspec.Struct, frozen=True):
    """What an identity could reach and spend, what it holds, owns and did last, as of a moment.

    `groups_from` says how its groups are known: by the `directory`, by the `credential` that was verified last (at
    `groups_at`), as `given` with the question, not at all since it is an `account`, or by `nothing`. `active` is what
    the directory says. `contained`: nothing of theirs is let in. `revision` names the policies, in force since
    `revision_since`. `most` is of this identity alone, without the accounts that it owns. `budgets` null: of the past
    it is not told.
    """

    id: str
    as_of: datetime
    kind: str
    groups: tuple[str, ...]
    groups_from: str
    groups_at: datetime | None
    attributes: dict[str, tuple[str, ...]]
    owner: str | None
    active: bool | None
    contained: bool
    revision: str
    revision_since: datetime | None
    reach: tuple[DoorView, ...]
    policies: tuple[Terms, ...]
    gateway_limits: tuple[str, ...]
    most: tuple[MostView, ...]
    budgets: tuple[BudgetView, ...] | None
    may_ask_for: tuple[str, ...]
    grants: tuple[GrantBrief, ...]
    credentials: tuple[HeldView, ...]
    owns: tuple[OwnedView, ...]
    revocations: tuple[RevokedView, ...]
    calls: tuple[CallBrief, ...]
    asked: tuple[AskedBrief, ...]
    answered: tuple[AnswerBrief, ...]


def who_view(who: Who) -> WhoView:
    """What is shown of it."""
    found = who.radius
    known, principal = found.known, found.known.principal
    return WhoView(
        id=found.id,
        as_of=moment(found.at),
        kind=principal.kind,
        groups=tuple(sorted(f"{principal.issuer}:{group}" for group in principal.groups)),
        groups_from=known.source,
        groups_at=_time(known.at),
        attributes={name: tuple(values) for name, values in sorted(principal.attributes.items())},
        owner=principal.owner,
        active=known.active,
        contained=found.contained,
        revision=found.revision,
        revision_since=_time(found.since),
        reach=tuple(_door(door) for door in found.doors),
        policies=found.terms,
        gateway_limits=found.own_limits,
        most=tuple(_most(one) for one in found.most),
        budgets=None if who.left is None else tuple(_budget(one) for one in who.left),
        may_ask_for=found.may_ask,
        grants=tuple(_grant(one) for one in found.grants),
        credentials=tuple(_held(one) for one in found.held),
        owns=tuple(OwnedView(one.name, one.purpose, one.keys) for one in found.owns),
        revocations=tuple(_revoked(one) for one in found.revocations),
        calls=tuple(_call(call) for call in who.calls),
        asked=tuple(_asked(each) for each in who.asked),
        answered=tuple(_answer(each) for each in who.said),
    )


def _time(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def _door(door: Door) -> DoorView:
    scope = door.scope
    return DoorView(
        door.principal,
        door.credentials,
        door.of,
        None if scope is None else ScopeView(scope.connections, scope.models, scope.operations),
        _time(door.ends),
        door.closed,
        tuple(
            WayView(way.connection, way.operations, way.named, way.policies, way.observed, way.enforced)
            for way in door.ways
        ),
    )


def _most(one: Most) -> MostView:
    limit = None if one.limit is None else amount(one.unit, one.limit)
    by = tuple(f"{budget.policy or GATEWAY}: {words(budget)}" for budget in one.by)
    return MostView(one.unit.value, one.per.value, limit, by, one.unpriced)


def _budget(one: Left) -> BudgetView:
    unit = one.budget.unit
    return BudgetView(
        one.budget.policy or GATEWAY,
        words(one.budget),
        one.subject,
        amount(unit, one.used),
        amount(unit, one.held),
        amount(unit, one.left),
        _time(one.resets),
    )


def _grant(grant: Grant) -> GrantBrief:
    request = grant.request
    scope = ScopeView(request.scope.connections, request.scope.models, request.scope.operations)
    approved = tuple(approved_by(grant))
    return GrantBrief(
        request.id, grant.state.value, scope, request.reason, approved, _time(grant.starts), _time(grant.ends)
    )


def _held(one: Held) -> HeldView:
    last = one.last
    return HeldView(
        one.id,
        one.kind,
        one.principal,
        moment(one.since),
        moment(one.ends),
        one.of,
        None if last is None else moment(last.at),
        None if last is None else last.address,
    )


def _revoked(one: Revocation) -> RevokedView:
    return RevokedView(one.id, one.kind.value, one.subject, moment(one.at), one.by, one.reason, one.containment)


def _call(call: CallView) -> CallBrief:
    return CallBrief(
        call.id,
        moment(call.at),
        call.connection,
        call.operation,
        call.model or call.model_asked,
        call.outcome or "running",
        call.refusal,
        call.credential,
        call.address,
    )


def _asked(review: Review) -> AskedBrief:
    ticket = review.ticket
    return AskedBrief(ticket.id, moment(ticket.at), review.state.value, ticket.connection, ticket.model)


def _answer(said: Said) -> AnswerBrief:
    decision = said.decision
    return AnswerBrief(decision.ticket, moment(decision.at), decision.answer.value, said.requester)
