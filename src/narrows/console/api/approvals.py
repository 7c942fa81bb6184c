"""`/api/v1/approvals`: calls that wait for people. List, read, approve, reject."""

from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from narrows.console.audit import Trail
from narrows.console.deciding import Decided, Said, decide, found, listed, look, reads, unreviewed
from narrows.console.desk import Books, Desk
from narrows.console.fields import field_wrong, reason_of, span_of
from narrows.console.identity import ACTION, ROLES
from narrows.console.problems import problems
from narrows.console.roles import ANY, DECIDING
from narrows.console.views import ApprovalDetail, ApprovalPage, DecisionOutcome, recent_view, view
from narrows.console.visitor import Visitor
from narrows.model.approval import Answered, TicketState

MOST: Final = 500
"""Approvals that one reply lists."""

MOST_ALLOWED: Final = 1_000_000
"""Calls that one answer may let go on, and tokens of their replies."""

LONGEST: Final = 30 * 86400.0
"""Seconds for which an approval may hold at most."""

_OPEN: Final = frozenset({TicketState.PENDING, TicketState.APPROVED})

OwnDesk = NamedDependency[Desk]
Asking = NamedDependency[Visitor]

TicketId = Annotated[str, PathParameter(pattern=r"^apr_[0-9A-Za-z_-]{1,100}$", description="The approval's id.")]
States = Annotated[
    list[TicketState] | None,
    QueryParameter(name="state", required=False, description="Only those in one of these states; may be repeated."),
]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="So many at most.")]
After = Annotated[
    str | None, QueryParameter(required=False, description="Only those behind this one: `next` of a page.")
]

ToReview = Annotated[
    bool,
    QueryParameter(
        name="review",
        required=False,
        description="Only those that somebody released alone and nobody else has looked at, whatever their state.",
    ),
]


class Approve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it is approved; without anything, for one call."""

    reason: Annotated[str, Meta(max_length=4_000, description="Why.")] | None = None
    output_cap: (
        Annotated[int, Meta(ge=1, le=MOST_ALLOWED, description="A lower cap on the reply, in tokens.")] | None
    ) = None
    repeats: Annotated[int, Meta(ge=1, le=MOST_ALLOWED, description="So many calls like it may go on.")] | None = None
    lasting: (
        Annotated[
            str,
            Meta(
                max_length=40,
                description="Calls like it may go on for so long (`30m`, `8h`; at most `30d`), however many unless "
                "`repeats` says.",
            ),
        ]
        | None
    ) = msgspec.field(default=None, name="for")
    break_glass: Annotated[
        bool, Meta(description="Alone, in an emergency, where a rule lets one; `reason` is needed then.")
    ] = False


class Reject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is rejected; the caller is told."""

    reason: Annotated[str, Meta(max_length=4_000, description="Why; the caller is told.")]
    withdraw: Annotated[
        bool, Meta(description="It may have been approved already: what is left of that approval ends.")
    ] = False


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found."""

    comment: Annotated[str, Meta(max_length=4_000, description="What was found; it is kept.")]


@get(
    "/api/v1/approvals",
    opt={ROLES: ANY, ACTION: "approval.list"},
    summary="List approvals",
    responses=problems(),
    tags=["approvals"],
)
async def list_approvals(
    desk: OwnDesk,
    visitor: Asking,
    states: States = None,
    limit: Limit = 100,
    after: After = None,
    unseen: ToReview = False,  # noqa: FBT002 - a parameter of the query
) -> ApprovalPage:
    """Approvals that the caller may know of, oldest first: all for admins and auditors, for approvers those that they
    may decide, for users their own. Where these are few among many, a page may be short, or empty, and `next` say that
    there may be more."""
    at = desk.now()
    # Ids sort as calls came, so a page goes on behind one that is not in the list any more, too.
    page, following = await desk.run(
        lambda books: (
            unreviewed(books, visitor, at, after, limit)
            if unseen
            else listed(books, visitor, tuple(states or ()), at, after, limit)
        )
    )
    return ApprovalPage(tuple(view(each, visitor, at) for each in page), following)


@get(
    "/api/v1/approvals/{ticket_id:str}",
    opt={ROLES: ANY, ACTION: "approval.show"},
    summary="Read an approval, and what would be sent",
    responses=problems(404),
    tags=["approvals"],
)
async def show_approval(desk: OwnDesk, visitor: Asking, ticket_id: TicketId) -> ApprovalDetail:
    """One approval with its content: the body as it would be sent, after masks and caps."""
    trail = Trail(visitor, desk.now)

    def read(books: Books) -> ApprovalDetail:
        at = desk.now()
        review = found(books, visitor, ticket_id, at)
        may = reads(visitor, review.ticket, at)
        content = books.decisions.content(ticket_id) if may else None
        recent = books.recent(review.ticket) if may and review.state in _OPEN else ()
        if content is not None or recent:
            # Whoever sees a prompt stands in the trail before they do.
            trail.did(books, "approval.show", ticket_id)
        text = None if content is None else content.decode("utf-8", "replace")
        return ApprovalDetail(view(review, visitor, at), text, tuple(map(recent_view, recent)))

    return await desk.run(read)


@post(
    "/api/v1/approvals/{ticket_id:str}/approve",
    opt={ROLES: DECIDING, ACTION: "approval.approve"},
    status_code=200,
    summary="Approve",
    responses=problems(404, 409),
    tags=["approvals"],
)
async def approve(
    desk: OwnDesk, visitor: Asking, ticket_id: TicketId, data: JSONBody[Approve | None] = None
) -> DecisionOutcome:
    """Approves, for one call unless the body says more. Saying it again changes nothing and is no error."""
    given = data or Approve()
    said = Said(
        Answered.APPROVE,
        reason_of(given.reason),
        given.output_cap,
        given.repeats,
        None if given.lasting is None else span_of("for", given.lasting, LONGEST),
        given.break_glass,
    )
    return await _decide(desk, visitor, ticket_id, said)


@post(
    "/api/v1/approvals/{ticket_id:str}/reject",
    opt={ROLES: DECIDING, ACTION: "approval.reject"},
    status_code=200,
    summary="Reject",
    responses=problems(404, 409),
    tags=["approvals"],
)
async def reject(desk: OwnDesk, visitor: Asking, ticket_id: TicketId, data: JSONBody[Reject]) -> DecisionOutcome:
    """Rejects, for good. Saying it again changes nothing and is no error."""
    reason = reason_of(data.reason)
    if reason is None:
        raise field_wrong("reason", "whoever rejects says why")
    return await _decide(desk, visitor, ticket_id, Said(Answered.REJECT, reason, withdraw=data.withdraw))


@post(
    "/api/v1/approvals/{ticket_id:str}/review",
    opt={ROLES: DECIDING, ACTION: "approval.review"},
    status_code=200,
    summary="Review what was released alone",
    responses=problems(404, 409),
    tags=["approvals"],
)
async def review(desk: OwnDesk, visitor: Asking, ticket_id: TicketId, data: JSONBody[Look]) -> DecisionOutcome:
    """Says that somebody else has looked at what one person released alone, and what they found. For approvers of the
    call and for admins, but neither for who asked nor for who released it. Saying it again changes nothing."""
    comment = reason_of(data.comment)
    if comment is None:
        raise field_wrong("comment", "say what was found")
    trail = Trail(visitor, desk.now)
    decided = await desk.run(lambda books: look(books, visitor, ticket_id, comment, desk.now, trail))
    return DecisionOutcome(decided.recorded, view(decided.review, visitor, desk.now()))


async def _decide(desk: Desk, visitor: Visitor, ticket_id: str, said: Said) -> DecisionOutcome:
    trail = Trail(visitor, desk.now)

    def work(books: Books) -> Decided:
        return decide(books, visitor, ticket_id, said, desk.now, trail)

    decided = await desk.run(work)
    return DecisionOutcome(decided.recorded, view(decided.review, visitor, desk.now()))
