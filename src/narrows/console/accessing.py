"""Access as one visitor meets it: what they may ask for, which requests they see, what they may say of one, and the
tokens of what they were given.

It owns no rule of judgement: those are in `policy.access`. What it adds is what an API needs: whom a refusal tells
what, that saying the same again is no error, and that nothing is done which does not stand in the trail.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from narrows.console.audit import Trail
from narrows.console.desk import Books
from narrows.console.problems import FieldError, Problem, Refused
from narrows.console.roles import SEES_ALL, Role
from narrows.console.visitor import Visitor
from narrows.identity.containment import revoking
from narrows.identity.grant_tokens import token_for
from narrows.identity.revocations import BLIND, about, holders
from narrows.identity.token_form import new_id
from narrows.model.access import Grant, GrantAct, GrantState, IssuedToken, Step
from narrows.model.audit import ActOutcome
from narrows.model.principal import Scope
from narrows.model.revocation import Revoked
from narrows.model.secret import Secret
from narrows.policy.access import AccessRules, NotCovered, asked, entitled, is_theirs, names_of
from narrows.ports.access import AccessRefused
from narrows.ports.clock import Clock
from narrows.ports.tokens import TokenRefused

_MEANS: Final = {
    Step.APPROVE: frozenset({GrantState.ACTIVE, GrantState.ENDED}),
    Step.REJECT: frozenset({GrantState.REJECTED}),
    Step.CANCEL: frozenset({GrantState.CANCELLED, GrantState.REVOKED, GrantState.ENDED}),
}
"""What has become of a request of which this is the answer."""


class Wish(msgspec.Struct, frozen=True):
    """What a visitor asks for; `span` is in microseconds, `certificate` a SHA-256 in hex."""

    scope: Scope
    span: int
    reason: str
    certificate: str | None = None


class Said(msgspec.Struct, frozen=True):
    """What has become of a request, and whether what was said is new."""

    grant: Grant
    recorded: bool


def own(visitor: Visitor, grant: Grant) -> bool:
    """Whether they asked for it."""
    return visitor.who == grant.request.requester


def may_decide(visitor: Visitor, grant: Grant) -> bool:
    """Whether a rule names them, and it is open, and they have not said so already."""
    return (
        grant.state is GrantState.PENDING
        and not is_theirs(grant.request, visitor.who, names_of(visitor.principal))
        and not any(act.who == visitor.who for act in grant.acts)
        and entitled(grant.request, visitor.who, visitor.groups)
    )


def sees(visitor: Visitor, grant: Grant) -> bool:
    """Whether they may know of it."""
    return (
        bool(visitor.roles & SEES_ALL)
        or own(visitor, grant)
        or (Role.APPROVER in visitor.roles and entitled(grant.request, visitor.who, visitor.groups))
    )


def found(books: Books, visitor: Visitor, ident: str) -> Grant:
    """The request, if they may know of it. Raises Refused: what is not there and what is not theirs look the same."""
    grant = books.grants.get(ident)
    if grant is None or not sees(visitor, grant):
        raise Refused(Problem.GRANT_UNKNOWN)
    return grant


def listed(
    books: Books, visitor: Visitor, states: Sequence[GrantState], after: str | None, most: int
) -> tuple[list[Grant], bool]:
    """So many of those that they may know of, oldest first, behind this one; and whether there are more. Raises
    Refused where they know of no such one."""
    mine = None if visitor.roles & (SEES_ALL | {Role.APPROVER}) else visitor.who
    known = [grant for grant in books.grants.list((), requester=mine) if sees(visitor, grant)]
    if after is not None:
        place = next((place for place, grant in enumerate(known) if grant.request.id == after), None)
        if place is None:
            raise Refused(Problem.FIELD_INVALID, errors=[FieldError("after", "there is no such request")])
        known = known[place + 1 :]
    fitting = [grant for grant in known if not states or grant.state in states]
    return fitting[:most], len(fitting) > most


def ask(
    books: Books, visitor: Visitor, rules: AccessRules, wish: Wish, clock: Callable[[], int], trail: Trail
) -> Grant:
    """Asks for access. Raises Refused."""
    rule = rules.judge(visitor.principal, visitor.kind, wish.scope, wish.span, certificate=wish.certificate is not None)
    if isinstance(rule, NotCovered):
        # Who asks for what nobody offers them stands in the trail, too.
        trail.did(books, "access.request", visitor.who, ActOutcome.REFUSED, Problem.ACCESS_NOT_OFFERED)
        raise Refused(Problem.ACCESS_NOT_OFFERED, rule.message)
    ident = f"grt_{new_id(secrets.token_bytes)}"
    request = asked(
        rule,
        ident,
        visitor.principal,
        wish.scope,
        wish.span,
        wish.reason,
        clock(),
        certificate=wish.certificate,
        address=visitor.address,
    )

    def write() -> Grant:
        try:
            return books.grants.ask(request)
        except AccessRefused as refused:
            raise Refused(Problem.GRANT_REFUSED, str(refused)) from None

    return trail.doing(books, "access.request", ident, write)


def say(
    books: Books,
    visitor: Visitor,
    ident: str,
    step: Step,
    reason: str | None,
    clock: Callable[[], int],
    trail: Trail,
) -> Said:
    """Says it of the request. Raises Refused. Who has said so before, or comes when it has come out that way already,
    is told what stands. Access that was given is given back by a revocation."""

    def write() -> Said:
        grant = found(books, visitor, ident)
        standing = _standing(visitor, grant, step)
        if standing is not None:
            return standing
        if grant.state is GrantState.ACTIVE:
            # Its tokens are out: only a revocation ends them.
            ended = revoking(Revoked.GRANT, ident, visitor.who, reason or "given back", clock())
            books.revocations.add([ended])
            return Said(found(books, visitor, ident), recorded=True)
        act = GrantAct(ident, visitor.who, step, 0, reason, visitor.groups)
        try:
            return Said(books.grants.act(act), recorded=True)
        except AccessRefused as refused:
            # Somebody else was quicker, or its time is up: that is judged as if they had been before.
            grant = found(books, visitor, ident)
            standing = _standing(visitor, grant, step)
            if standing is not None:
                return standing
            raise Refused(Problem.GRANT_REFUSED, str(refused), state=grant.state) from None

    return trail.doing(books, f"access.{step}", ident, write)


def _standing(visitor: Visitor, grant: Grant, step: Step) -> Said | None:
    """What stands already, where saying it again changes nothing. Raises Refused where they may not say it."""
    request = grant.request
    if step is Step.CANCEL:
        if not own(visitor, grant) and Role.ADMIN not in visitor.roles:
            raise Refused(Problem.NOT_ENTITLED, "who asked for it takes it back, or an admin does")
    elif is_theirs(request, visitor.who, names_of(visitor.principal)):
        raise Refused(Problem.OWN_ACCESS)
    elif not entitled(request, visitor.who, visitor.groups):
        raise Refused(Problem.NOT_ENTITLED, "the rule does not name you")
    if any(act.who == visitor.who and act.step is step for act in grant.acts) or grant.state in _MEANS[step]:
        return Said(grant, recorded=False)
    open_ = grant.state is GrantState.PENDING or (step is Step.CANCEL and grant.state is GrantState.ACTIVE)
    if not open_:
        raise Refused(Problem.GRANT_CLOSED, state=grant.state)
    return None


def issue(books: Books, visitor: Visitor, ident: str, clock: Clock, trail: Trail) -> tuple[IssuedToken, Secret]:
    """A token for what they were given. Raises Refused."""

    def write() -> tuple[IssuedToken, Secret]:
        grant = found(books, visitor, ident)
        if not own(visitor, grant):
            raise Refused(Problem.NOT_ENTITLED, "only who asked for access gets its tokens")
        if grant.state is not GrantState.ACTIVE:
            raise Refused(Problem.GRANT_CLOSED, state=grant.state)
        if _just_revoked(books, visitor, clock.now()):
            raise Refused(Problem.CREDENTIAL_REVOKED, "you were revoked a moment ago: sign in, ask again soon")
        try:
            return token_for(grant, visitor.principal, books.tokens, clock)
        except TokenRefused as refused:
            raise Refused(Problem.GRANT_REFUSED, str(refused), state=grant.state) from None

    return trail.doing(books, "access.token", ident, write)


def _just_revoked(books: Books, visitor: Visitor, now: int) -> bool:
    """Whether they may have come in by what was revoked since: whoever keeps the door looks for that now and then, and
    a token that is issued a moment too late would outlive it."""
    names = frozenset(holders(visitor.principal))
    return any(
        one.at > now - BLIND and not names.isdisjoint(about(one))
        for one in books.revocations.standing()
        if one.kind in (Revoked.USER, Revoked.GROUP)
    )
