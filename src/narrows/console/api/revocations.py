"""`/api/v1/revocations` and `/api/v1/containments`: what was revoked and by whom, revoking, containing a person, and
taking it back. What gates have stopped by it is in what is read afterwards."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from narrows.console.audit import Trail
from narrows.console.desk import Books, Desk
from narrows.console.identity import ACTION, ROLES
from narrows.console.problems import FieldError, Problem, Refused, problems
from narrows.console.roles import SEES_ALL, Role
from narrows.console.visitor import Visitor
from narrows.identity.containment import LONGEST, Holdings, containing, named, revoking
from narrows.model.principal import SERVICE_ACCOUNTS
from narrows.model.revocation import Lifted, Revocation, Revoked, Stopped
from narrows.ports.revocations import RevocationRefused

MOST: Final = 500
"""Revocations that one reply lists."""

_ADMINS: Final = frozenset({Role.ADMIN})
_MICRO: Final = 1_000_000

OwnDesk = NamedDependency[Desk]
Asking = NamedDependency[Visitor]

Reference = Annotated[
    str,
    PathParameter(pattern=r"^(rev|con)_[0-9A-Za-z_-]{1,100}$", description="The id of a revocation or containment."),
]
Every = Annotated[bool, QueryParameter(name="all", required=False, description="Those that were lifted, too.")]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="So many at most, the newest.")]
Reason = Annotated[str, Meta(min_length=1, max_length=LONGEST, description="Why. Callers do not see it.")]


class Revoke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is revoked."""

    kind: Annotated[Revoked, Meta(description="What it is: " + ", ".join(Revoked) + ".")]
    subject: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST,
            description="Its id; of a user, a group or a login with the issuer before it, `issuer:subject`; of an "
            "account its name.",
        ),
    ]
    reason: Reason


class Contain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is contained."""

    user: Annotated[str, Meta(min_length=1, max_length=LONGEST, description="The person: `issuer:subject`.")]
    reason: Reason
    dry_run: Annotated[bool, Meta(description="Only say what would be ended.")] = False


class Lift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is lifted."""

    reason: Reason


class StoppedView(msgspec.Struct, frozen=True):
    """What a gate has done about it, and when it was in force there."""

    gate: str
    at: datetime
    calls: tuple[str, ...]
    approvals: tuple[str, ...]


class LiftedView(msgspec.Struct, frozen=True):
    """Who lifted it."""

    at: datetime
    by: str
    reason: str


class RevocationView(msgspec.Struct, frozen=True):
    """A revocation. `before`: it ends what was issued until then; null: everything, until it is lifted."""

    id: str
    kind: Revoked
    subject: str
    at: datetime
    by: str
    reason: str
    before: datetime | None
    containment: str | None
    lifted: LiftedView | None
    stopped: tuple[StoppedView, ...]


class Revocations(msgspec.Struct, frozen=True):
    """Some of them, oldest first."""

    revocations: tuple[RevocationView, ...]


class Containment(msgspec.Struct, frozen=True):
    """A person who is contained, or would be, and what they have in hand. Tokens of the identity provider end, too,
    also those that nobody has shown yet."""

    id: str | None
    user: str
    holds: Holdings
    revocations: tuple[RevocationView, ...]


@get(
    "/api/v1/revocations",
    opt={ROLES: SEES_ALL, ACTION: "revocation.list"},
    summary="List revocations",
    responses=problems(),
    tags=["revocations"],
)
async def list_revocations(
    desk: OwnDesk,
    every: Every = False,  # noqa: FBT002 - a parameter of the query
    limit: Limit = 100,
) -> Revocations:
    """What is revoked now, oldest first, and what gates have stopped by it."""

    def read(books: Books) -> Revocations:
        kept = [each for each in books.revocations.all() if every or each.lifted is None][-limit:]
        return _views(books, [each.revocation for each in kept], {each.revocation.id: each.lifted for each in kept})

    return await desk.run(read)


@get(
    "/api/v1/revocations/{reference:str}",
    opt={ROLES: SEES_ALL, ACTION: "revocation.show"},
    summary="Read a revocation, or those of a containment",
    responses=problems(404),
    tags=["revocations"],
)
async def show_revocation(desk: OwnDesk, reference: Reference) -> Revocations:
    """One revocation, or all of a containment, with what each gate has stopped by them."""
    return await desk.run(lambda books: _found(books, reference))


@post(
    "/api/v1/revocations",
    opt={ROLES: _ADMINS, ACTION: "revocation.make"},
    status_code=201,
    summary="Revoke",
    responses=problems(),
    tags=["revocations"],
)
async def revoke(desk: OwnDesk, visitor: Asking, data: JSONBody[Revoke]) -> Revocations:
    """Revokes a credential, or all that was issued to somebody until now. Gates have it in force within a fraction of
    a second, and cut what is under way with it; reading it again says what they have stopped."""
    trail = Trail(visitor, desk.now)

    def work(books: Books) -> Revocations:
        with _checked("subject"):
            _whose(data.kind, data.subject)
            subject = named(data.kind, data.subject, ())
        with _checked("reason"):
            made = revoking(data.kind, subject, visitor.who, data.reason, desk.now())
        target = f"{data.kind.value} {subject}"
        trail.doing(books, "revocation.make", target, lambda: books.revocations.add([made]))
        return _views(books, [made], {})

    return await desk.run(work)


@post(
    "/api/v1/containments",
    opt={ROLES: _ADMINS, ACTION: "containment.make"},
    status_code=200,
    summary="Contain a person",
    responses=problems(),
    tags=["revocations"],
)
async def contain(desk: OwnDesk, visitor: Asking, data: JSONBody[Contain]) -> Containment:
    """Ends everything that is a person's, the service accounts they own included, and lets none of it in until that is
    lifted."""
    trail = Trail(visitor, desk.now)

    def work(books: Books) -> Containment:
        with _checked("user"):
            _whose(Revoked.USER, data.user)
            who = named(Revoked.USER, data.user, ())
        held = books.holdings(who)
        with _checked("reason"):
            made = containing(who, held, visitor.who, data.reason, desk.now())
        if data.dry_run:
            trail.did(books, "containment.try", who)
            return Containment(None, who, held, ())
        trail.doing(books, "containment.make", who, lambda: books.revocations.add(made))
        return Containment(made[0].containment, who, held, _views(books, made, {}).revocations)

    return await desk.run(work)


@post(
    "/api/v1/revocations/{reference:str}/lift",
    opt={ROLES: _ADMINS, ACTION: "revocation.lift"},
    status_code=200,
    summary="Lift a revocation, or a containment",
    responses=problems(404),
    tags=["revocations"],
)
async def lift(desk: OwnDesk, visitor: Asking, reference: Reference, data: JSONBody[Lift]) -> Revocations:
    """Takes it back. Calls that were cut stay cut; lifting again changes nothing and is no error."""
    trail = Trail(visitor, desk.now)
    reason = data.reason.strip()
    if not reason:
        raise Refused(Problem.FIELD_INVALID, errors=[FieldError("reason", "say why: a reason is needed")])

    def work(books: Books) -> Revocations:
        _found(books, reference)
        trail.doing(books, "revocation.lift", reference, lambda: books.revocations.lift(reference, visitor.who, reason))
        return _found(books, reference)

    return await desk.run(work)


def _whose(kind: Revoked, subject: str) -> None:
    """The console does not guess of which issuer a name is, and service accounts are no users."""
    if kind in (Revoked.USER, Revoked.GROUP, Revoked.LOGIN) and subject.partition(":")[0] == SERVICE_ACCOUNTS:
        raise RevocationRefused("service accounts are revoked by their names, as `account`")


@contextmanager
def _checked(field: str) -> Iterator[None]:
    """What can't be revoked so is a field that is wrong."""
    try:
        yield
    except RevocationRefused as refused:
        raise Refused(Problem.FIELD_INVALID, errors=[FieldError(field, str(refused))]) from None


def _found(books: Books, reference: str) -> Revocations:
    kept = [each for each in books.revocations.all() if reference in (each.revocation.id, each.revocation.containment)]
    if not kept:
        raise Refused(Problem.REVOCATION_UNKNOWN)
    return _views(books, [each.revocation for each in kept], {each.revocation.id: each.lifted for each in kept})


def _views(books: Books, made: Sequence[Revocation], lifted: Mapping[str, Lifted | None]) -> Revocations:
    stopped = books.sighted.stopped([one.id for one in made])
    return Revocations(tuple(_view(one, lifted.get(one.id), stopped) for one in made))


def _view(one: Revocation, lifted: Lifted | None, stopped: Sequence[Stopped]) -> RevocationView:
    return RevocationView(
        id=one.id,
        kind=one.kind,
        subject=one.subject,
        at=_moment(one.at),
        by=one.by,
        reason=one.reason,
        before=None if one.before is None else _moment(one.before),
        containment=one.containment,
        lifted=None if lifted is None else LiftedView(_moment(lifted.at), lifted.by, lifted.reason),
        stopped=tuple(
            StoppedView(each.gate, _moment(each.at), each.calls, each.tickets)
            for each in stopped
            if each.revocation == one.id
        ),
    )


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / _MICRO, UTC)
