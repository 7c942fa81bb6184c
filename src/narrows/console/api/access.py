"""`/api/v1/access`: access that people ask for, for a time. Ask, list, read, approve, reject, take back, get a
token."""

from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from narrows.config.access import LONGEST
from narrows.console.accessing import Said, Wish, ask, found, issue, listed, say
from narrows.console.audit import Trail
from narrows.console.desk import Books, Desk
from narrows.console.fields import field_wrong, reason_of, span_of
from narrows.console.grant_views import (
    GrantOutcome,
    GrantPage,
    GrantView,
    OfferPage,
    TokenView,
    offer,
    outcome,
    token_view,
    view,
)
from narrows.console.identity import ACTION, ROLES
from narrows.console.problems import problems
from narrows.console.roles import ANY, DECIDING
from narrows.console.visitor import Visitor
from narrows.model.access import Grant, GrantState, IssuedToken, Step
from narrows.model.principal import Scope
from narrows.model.secret import Secret
from narrows.policy.access import LONGEST_REASON, MOST_NAMED, AccessRules

MOST: Final = 500
"""Requests that one reply lists."""

OwnDesk = NamedDependency[Desk]
Asking = NamedDependency[Visitor]
Rules = NamedDependency[AccessRules]

GrantId = Annotated[str, PathParameter(pattern=r"^grt_[0-9A-Za-z]{1,100}$", description="The id of the access.")]
States = Annotated[
    list[GrantState] | None,
    QueryParameter(name="state", required=False, description="Only those in one of these states; may be repeated."),
]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="So many at most.")]
After = Annotated[
    str | None, QueryParameter(required=False, description="Only those behind this one: `next` of a page.")
]
Names = Annotated[tuple[str, ...], Meta(min_length=1, max_length=MOST_NAMED)]


class AccessRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for. Names may be globs, as in policies."""

    connections: Annotated[Names, Meta(description="Connections.")]
    operations: Annotated[Names, Meta(description="Operations.")]
    reason: Annotated[str, Meta(max_length=LONGEST_REASON, description="Why; whoever approves is shown it.")]
    lasting: Annotated[str, Meta(max_length=40, description="For how long, from when it is approved: `90m`, `8h`.")] = (
        msgspec.field(name="for")
    )
    models: Annotated[
        Annotated[tuple[str, ...], Meta(max_length=MOST_NAMED)],
        Meta(description="Models; needed for operations that name one."),
    ] = ()
    certificate: (
        Annotated[
            str,
            Meta(
                pattern="^[0-9a-f]{64}$",
                description="The SHA-256, in hex, of the client certificate to bind its tokens to.",
            ),
        ]
        | None
    ) = None


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it is approved."""

    reason: Annotated[str, Meta(max_length=LONGEST_REASON, description="Why.")] | None = None


class Rejection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is rejected."""

    reason: Annotated[str, Meta(max_length=LONGEST_REASON, description="Why; whoever asked is told.")]


@get(
    "/api/v1/access",
    opt={ROLES: ANY, ACTION: "access.list"},
    summary="List access that was asked for",
    responses=problems(),
    tags=["access"],
)
async def list_access(
    desk: OwnDesk, visitor: Asking, states: States = None, limit: Limit = 100, after: After = None
) -> GrantPage:
    """Access that the caller may know of, oldest first: all for admins and auditors, for approvers those that they may
    decide, for everybody their own."""
    grants, more = await desk.run(lambda books: listed(books, visitor, tuple(states or ()), after, limit))
    items = tuple(view(grant, visitor) for grant in grants)
    return GrantPage(items, items[-1].id if more else None)


@get(
    "/api/v1/access-rules",
    opt={ROLES: ANY, ACTION: "access.offers"},
    sync_to_thread=False,
    summary="What the caller may ask for",
    responses=problems(),
    tags=["access"],
)
def list_offers(visitor: Asking, rules: Rules) -> OfferPage:
    """The rules by which the caller may ask for access. Whoever has access needs a policy that permits it, too."""
    return OfferPage(tuple(offer(rule) for rule in rules.about(visitor.principal, visitor.kind)))


@post(
    "/api/v1/access",
    opt={ROLES: ANY, ACTION: "access.request"},
    status_code=201,
    summary="Ask for access",
    responses=problems(409),
    tags=["access"],
)
async def request_access(desk: OwnDesk, visitor: Asking, rules: Rules, data: JSONBody[AccessRequest]) -> GrantView:
    """Asks for access. The first rule that fits judges: it approves at once, or people do."""
    reason = reason_of(data.reason)
    if reason is None:
        raise field_wrong("reason", "whoever asks for access says why")
    scope = Scope(data.connections, data.models, data.operations)
    wish = Wish(scope, span_of("for", data.lasting, LONGEST), reason, data.certificate)
    trail = Trail(visitor, desk.now)

    def work(books: Books) -> Grant:
        return ask(books, visitor, rules, wish, desk.now, trail)

    return view(await desk.run(work), visitor)


@get(
    "/api/v1/access/{grant_id:str}",
    opt={ROLES: ANY, ACTION: "access.show"},
    summary="Read what access was asked for",
    responses=problems(404),
    tags=["access"],
)
async def show_access(desk: OwnDesk, visitor: Asking, grant_id: GrantId) -> GrantView:
    """One request, what was said of it, and what has become of it."""
    return view(await desk.run(lambda books: found(books, visitor, grant_id)), visitor)


@post(
    "/api/v1/access/{grant_id:str}/approve",
    opt={ROLES: DECIDING, ACTION: "access.approve"},
    status_code=200,
    summary="Approve access",
    responses=problems(404, 409),
    tags=["access"],
)
async def approve_access(
    desk: OwnDesk, visitor: Asking, grant_id: GrantId, data: JSONBody[Approval | None] = None
) -> GrantOutcome:
    """Approves. Saying it again changes nothing and is no error."""
    return await _say(desk, visitor, grant_id, Step.APPROVE, None if data is None else data.reason)


@post(
    "/api/v1/access/{grant_id:str}/reject",
    opt={ROLES: DECIDING, ACTION: "access.reject"},
    status_code=200,
    summary="Reject access",
    responses=problems(404, 409),
    tags=["access"],
)
async def reject_access(desk: OwnDesk, visitor: Asking, grant_id: GrantId, data: JSONBody[Rejection]) -> GrantOutcome:
    """Rejects, for good. Saying it again changes nothing and is no error."""
    if reason_of(data.reason) is None:
        raise field_wrong("reason", "whoever rejects says why")
    return await _say(desk, visitor, grant_id, Step.REJECT, data.reason)


@post(
    "/api/v1/access/{grant_id:str}/cancel",
    opt={ROLES: ANY, ACTION: "access.cancel"},
    status_code=200,
    summary="Take back a request, or give back access",
    responses=problems(404, 409),
    tags=["access"],
)
async def cancel_access(
    desk: OwnDesk, visitor: Asking, grant_id: GrantId, data: JSONBody[Approval | None] = None
) -> GrantOutcome:
    """Takes back what was asked for, or gives back what was given, which ends its tokens at once: whoever asked, or an
    admin."""
    return await _say(desk, visitor, grant_id, Step.CANCEL, None if data is None else data.reason)


@post(
    "/api/v1/access/{grant_id:str}/token",
    opt={ROLES: ANY, ACTION: "access.token"},
    status_code=201,
    summary="Get a token for access that was given",
    responses=problems(404, 409),
    tags=["access"],
)
async def issue_token(desk: OwnDesk, visitor: Asking, grant_id: GrantId) -> TokenView:
    """A token for what the caller was given, which ends with it. It is shown this once."""
    trail = Trail(visitor, desk.now)

    def work(books: Books) -> tuple[IssuedToken, Secret]:
        return issue(books, visitor, grant_id, desk.clock, trail)

    return token_view(*await desk.run(work))


async def _say(desk: Desk, visitor: Visitor, grant_id: str, step: Step, reason: str | None) -> GrantOutcome:
    trail, given = Trail(visitor, desk.now), reason_of(reason)

    def work(books: Books) -> Said:
        return say(books, visitor, grant_id, step, given, desk.now, trail)

    return outcome(await desk.run(work), visitor)
