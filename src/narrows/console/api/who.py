"""`/api/v1/who/{identity}` and `/api/v1/reviews/access`: what an identity could reach and spend, and what all of them
could. Everybody may know that of themselves; of others, admins and auditors."""

from datetime import datetime
from typing import Annotated, Final, Protocol, runtime_checkable

from litestar import get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from narrows.console.fields import field_wrong, span_of
from narrows.console.identity import ACTION, ROLES
from narrows.console.problems import Problem, Refused, problems
from narrows.console.review_views import ReviewPage, ReviewView
from narrows.console.roles import ANY, SEES_ALL
from narrows.console.visitor import Visitor
from narrows.console.who_views import Who, WhoView, who_view

MOST: Final = 500
"""Identities that one reply lists."""

LONGEST: Final = 10 * 365 * 86_400.0
"""Seconds for which somebody may not have been seen, at most."""

ME: Final = "me"


class NotTold(Exception):
    """It can't be told; `field` says which part of the question is to blame, the message why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class RecordUnavailable(Exception):
    """What gates have recorded can't be read; the message says why."""


@runtime_checkable
class Looks(Protocol):
    """Looks at what is kept of identities. Every method raises RecordUnavailable, and what the stores' ports raise."""

    async def who(self, identity: str, at: int | None) -> Who:
        """All of one identity, as of a time in Unix microseconds; None: as it is now. Raises NotTold."""

    async def review(self, stale: int, after: str, limit: int) -> list[ReviewView]:
        """So many identities behind one, by their names; `stale` is in microseconds."""


OwnLooks = NamedDependency[Looks]
Asking = NamedDependency[Visitor]

Name = Annotated[
    str,
    PathParameter(
        min_length=1, max_length=1_000, description="issuer:subject, or a service account; `me` is the caller."
    ),
]
At = Annotated[
    datetime | None, QueryParameter(required=False, description="As of then, with its time zone; by default, now.")
]
Stale = Annotated[
    str, QueryParameter(max_length=40, description="Who was not seen for so long is marked as stale: `30d`.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="So many at most.")]
After = Annotated[str, QueryParameter(max_length=1_000, description="Only those behind this one: `next` of a page.")]


@get(
    "/api/v1/who/{identity:str}",
    opt={ROLES: ANY, ACTION: "who.show"},
    summary="What an identity could reach and spend, holds, owns and did last",
    responses=problems(),
    tags=["identity"],
)
async def show_who(looks: OwnLooks, visitor: Asking, identity: Name, at: At = None) -> WhoView:
    """The blast radius of an identity, now or at a past moment. Without the role admin or auditor only one's own."""
    name = visitor.who if identity == ME else identity
    if name != visitor.who and not visitor.roles & SEES_ALL:
        raise Refused(Problem.ROLE_MISSING, "of others, admins and auditors may know it")
    if at is not None and at.tzinfo is None:
        raise field_wrong("at", "name the time zone: 2026-01-31T14:00:00Z")
    moment = None if at is None else round(at.timestamp() * 1_000_000)
    try:
        return who_view(await looks.who(name, moment))
    except NotTold as problem:
        raise field_wrong(problem.field, str(problem)) from None
    except RecordUnavailable:
        raise Refused(Problem.STORE_UNAVAILABLE, headers={"Retry-After": "5"}) from None


@get(
    "/api/v1/reviews/access",
    opt={ROLES: SEES_ALL, ACTION: "review.access"},
    summary="Review everybody's access",
    responses=problems(),
    tags=["identity"],
)
async def review_access(looks: OwnLooks, stale: Stale = "90d", limit: Limit = 100, after: After = "") -> ReviewPage:
    """Everybody who was seen, is in a directory, holds or owns something, or asked for access, by their names: what
    they reach and hold, and what a reviewer should look at. It reads the whole record of calls."""
    span = span_of("stale", stale, LONGEST)
    try:
        found = await looks.review(span, after, limit + 1)
    except RecordUnavailable:
        raise Refused(Problem.STORE_UNAVAILABLE, headers={"Retry-After": "5"}) from None
    items = tuple(found[:limit])
    return ReviewPage(items, items[-1].id if len(found) > limit else None)
