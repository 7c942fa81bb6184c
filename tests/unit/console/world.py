"""A console in memory: decisions, a trail and people without files or sockets, and a client that talks ASGI to it."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, ClassVar

import httpx
import msgspec

from narrows.config.console import Roles
from narrows.console.app import build_app
from narrows.console.desk import Desk
from narrows.console.failures import Failures
from narrows.console.identity import Admission, Door
from narrows.console.review_views import ReviewView, Seen, review_view
from narrows.console.roles import Role, RoleBook
from narrows.console.visitor import Visitor
from narrows.console.who_views import Who
from narrows.identity.at_moment import Moment
from narrows.identity.containment import Holdings
from narrows.identity.radius import Book, Known, Radius, Rules, radius
from narrows.model.access import IssuedToken
from narrows.model.approval import Answered, Approvers, Decision, RecentCall, Requirement, Review, Ticket, TicketState
from narrows.model.audit import Act
from narrows.model.principal import Credential, Identity, Principal, Scope
from narrows.model.refusal import Code
from narrows.model.revocation import Lifted, Revocation, Stopped
from narrows.model.verdict import Deny
from narrows.policy.approvals import entitled, state
from narrows.policy.policyset import PolicySet
from narrows.policy.released_alone import to_review
from narrows.policy.who import WhoIndex
from narrows.ports.approvals import ApprovalsUnavailable, DecisionRefused
from narrows.ports.audit import AuditUnavailable
from narrows.ports.clock import Clock
from narrows.ports.revocations import Kept, RevocationsUnavailable
from narrows.ports.sightings import Use
from narrows.ports.tokens import TokensUnavailable
from narrows.stores.sqlite.decisions import check
from unit.console.access import MemoryGrants, rules
from unit.console.teams import MemoryChanges, teams

NOW = 1_700_000_000_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND
BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"export the list of [PERSON]"}]}'
SECURITY = Approvers(groups=("corp:security",))
ROLES = Roles(admin=("corp:platform",), approver=("security",), auditor=("corp:audit",), user=("*",))

GROUPS = {
    "ana": ("security",),
    "ben": ("security",),
    "pat": ("platform",),
    "pia": ("platform", "security"),
    "aud": ("audit",),
    "alice": ("research",),
    "sly": ("research", "security", "platform"),
    "kim": ("night",),
    "lea": ("leads",),
    "leo": ("leads",),
    "amy": ("seconds",),
    "oda": ("overseers",),
    "bea": ("blues",),
}
"""People and their groups."""


class StillClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time


class Numbers:
    def __init__(self) -> None:
        self.last = 0

    def request(self) -> str:
        self.last += 1
        return f"req_{self.last:04d}"


def requirement(**changes: object) -> Requirement:
    usual = Requirement("research", "exports", "a" * 64, SECURITY, 1, 55 * SECOND, HOUR)
    return msgspec.structs.replace(usual, **changes)


def ticket(number: int = 1, *requirements: Requirement, **changes: object) -> Ticket:
    usual = Ticket(
        id=f"apr_{number:012d}",
        digest=f"{number:064x}",
        call=f"call_{number}",
        request_id=f"req_{number}",
        requester="corp:alice",
        owner=None,
        groups=("corp:research",),
        session="sess_1",
        connection="openai",
        dialect="openai",
        operation="chat",
        model="gpt-4o",
        at=NOW,
        expires=NOW + HOUR,
        requirements=requirements or (requirement(),),
        justification="for the quarterly report",
        cost=1_250_000,
        output_cap=1024,
    )
    return msgspec.structs.replace(usual, **changes)


class MemoryDecisions:
    """The Decisions port; `fails` makes it unavailable."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.tickets: dict[str, Ticket] = {}
        self.said: list[Decision] = []
        self.used: dict[str, int] = {}
        self.fails = False
        self.before: Any = None

    def list(self, states: Sequence[TicketState] = ()) -> Sequence[Review]:
        self._check()
        found = [self._review(each) for each in self.tickets.values()]
        return [each for each in found if not states or each.state in states]

    def walk(
        self, states: Sequence[TicketState] = (), after: str | None = None, *, newest: bool = False
    ) -> Iterator[Review]:
        found = sorted(self.list(states), key=lambda each: each.ticket.id, reverse=newest)
        yield from (each for each in found if after is None or each.ticket.id > after)

    def to_review(self) -> Sequence[Review]:
        return [each for each in self.list() if to_review(each.ticket, each.decisions)]

    def show(self, ticket_id: str) -> Review | None:
        self._check()
        found = self.tickets.get(ticket_id)
        return None if found is None else self._review(found)

    def content(self, ticket_id: str) -> bytes | None:
        review = self.show(ticket_id)
        return BODY if review and review.state in (TicketState.PENDING, TicketState.APPROVED) else None

    def decide(self, decision: Decision) -> Review:
        self._check()
        if self.before is not None:
            act, self.before = self.before, None
            act()
        review = self._review(self.tickets[decision.ticket])
        if decision.answer is Answered.REVIEW:
            check(review, decision, self._clock.now())
            self.said.append(decision)
            return self._review(review.ticket)
        if review.state not in (TicketState.PENDING, TicketState.APPROVED):
            raise DecisionRefused(f"it is {review.state}")
        if not entitled(review.ticket, decision):
            raise DecisionRefused(f"{decision.who} may not")
        self.said.append(decision)
        return self._review(review.ticket)

    def _review(self, asked: Ticket) -> Review:
        said = tuple(each for each in self.said if each.ticket == asked.id)
        used = self.used.get(asked.id, 0)
        return Review(asked, state(asked, said, self._clock.now(), used), said, used)

    def _check(self) -> None:
        if self.fails:
            raise ApprovalsUnavailable("approvals.db: the disk is gone")


class MemoryAudit:
    """The Audit port; `fails` makes it unavailable."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.fails = False

    def append(self, act: Act) -> None:
        if self.fails:
            raise AuditUnavailable("control.db: the disk is full")
        self.acts.append(act)

    def newest(self, limit: int) -> Sequence[Act]:
        return self.acts[::-1][:limit]


class MemoryTokens:
    """The Tokens port; `fails` makes it unavailable. `before` is called before a token is kept."""

    def __init__(self) -> None:
        self.all: list[IssuedToken] = []
        self.fails = False
        self.before: Callable[[], None] = lambda: None

    def keep(self, token: IssuedToken) -> None:
        self.before()
        if self.fails:
            raise TokensUnavailable("control.db: the disk is full")
        self.all.append(token)

    def get(self, ident: str) -> IssuedToken | None:
        return next((token for token in self.all if token.id == ident), None)

    def of(self, principal: str, *, live_at: int | None = None) -> list[IssuedToken]:
        return [token for token in self.all if token.principal.key == principal and (live_at or 0) < token.expires]

    def issued_for(self, source: str, *, live_at: int | None = None) -> list[IssuedToken]:
        return [token for token in self.all if token.source == source and (live_at or 0) < token.expires]


class MemoryRevocations:
    """The Revocations port; `fails` makes it unavailable."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.fails = False

    def add(self, revocations: Sequence[Revocation]) -> None:
        self._check()
        for one in revocations:
            self.kept[one.id] = Kept(len(self.kept) + 1, one)

    def lift(self, reference: str, by: str, reason: str) -> Sequence[Revocation]:
        self._check()
        found = [each for each in self.standing() if reference in (each.id, each.containment)]
        for one in found:
            self.kept[one.id] = msgspec.structs.replace(self.kept[one.id], lifted=Lifted(one.id, NOW, by, reason))
        return found

    def standing(self) -> Sequence[Revocation]:
        return [each.revocation for each in self.all() if each.lifted is None]

    def all(self) -> Sequence[Kept]:
        self._check()
        return list(self.kept.values())

    def _check(self) -> None:
        if self.fails:
            raise RevocationsUnavailable("control.db: the disk is full")


class MemorySighted:
    """The Sighted port."""

    def __init__(self) -> None:
        self.seen: list[Stopped] = []

    def stopped(self, revocations: Collection[str]) -> Sequence[Stopped]:
        return [each for each in self.seen if each.revocation in revocations]

    def uses(self, credentials: Collection[str] | None = None) -> Mapping[str, Use]:
        return {}


class MemoryBooks:
    def __init__(self, clock: Clock) -> None:
        self.decisions = MemoryDecisions(clock)
        self.audit = MemoryAudit()
        self.grants = MemoryGrants(clock)
        self.changes = MemoryChanges(clock)
        self.tokens = MemoryTokens()
        self.revocations = MemoryRevocations()
        self.grants.revoked = self.revocations.standing
        self.sighted = MemorySighted()
        self.held = Holdings()
        self.closed = False
        self.before: list[RecentCall] = []

    def recent(self, ticket: Ticket) -> Sequence[RecentCall]:
        return self.before

    def holdings(self, who: str) -> Holdings:
        return self.held

    def close(self) -> None:
        self.closed = True


def principal(name: str) -> Principal:
    if name.startswith("bot"):
        return Principal("narrows", name, kind="service_account", owner="alice")
    return Principal("corp", name, groups=frozenset(GROUPS.get(name, ())))


def visitor(name: str, *roles: Role) -> Visitor:
    """Somebody with the roles that their groups give them, or with these."""
    found = frozenset(roles) or RoleBook(ROLES, ["corp"]).of(principal(name))
    return Visitor(principal(name), found, f"jti-{name}", NOW / SECOND + 600, "192.0.2.7", "req_0001")


class NamedTokens:
    """An authenticator whose tokens are the names of people; `t-expired` and the like are refused, `scoped-…` is for
    calls alone, `login-…` of a sign-in."""

    REFUSED: ClassVar = {
        "t-expired": Code.CREDENTIAL_EXPIRED,
        "t-wrong": Code.CREDENTIAL_INVALID,
        "t-revoked": Code.CREDENTIAL_REVOKED,
        "t-down": Code.IDENTITY_UNAVAILABLE,
    }

    def __init__(self) -> None:
        self.verified: list[str] = []

    def digest(self, token: str) -> bytes:
        return sha256(token.encode()).digest()

    def recall(self, digest: bytes) -> Identity | None:
        return None

    async def verify(self, token: str) -> Identity | Deny:
        self.verified.append(token)
        if token in self.REFUSED:
            return Deny(self.REFUSED[token], "no", retry_after=7)
        kind, _, name = token.rpartition("-")
        if kind == "scoped":
            scope = Scope(("openai",), ("gpt-4o",), ("chat",))
            return Identity(principal(name), Credential("grant", "tok_1", NOW / SECOND + 600), scope)
        if kind == "login":
            return Identity(principal(name), Credential("login", "tok_2", NOW / SECOND + 600))
        return Identity(principal(token), Credential("oidc", f"jti-{token}", NOW / SECOND + 600))


class MemoryLooks:
    """Looks at identities of whom nothing is kept but their names. `asked` is what was asked; `fails` is raised."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asked: list[tuple[str, int | None]] = []
        self.fails: Exception | None = None

    async def who(self, identity: str, at: int | None) -> Who:
        self.asked.append((identity, at))
        if self.fails is not None:
            raise self.fails
        return Who(self._radius(identity, at), None, (), (), ())

    async def review(self, stale: int, after: str, limit: int) -> list[ReviewView]:
        if self.fails is not None:
            raise self.fails
        names = [name for name in ("corp:ana", "corp:ben", "corp:pat") if name > after]
        return [review_view(self._radius(name, None), Seen(), stale) for name in names[:limit]]

    def _radius(self, identity: str, at: int | None) -> Radius:
        issuer, _, subject = identity.partition(":")
        known = Known(Principal(issuer, subject), "nothing")
        nothing = Rules(PolicySet("0" * 16, (), WhoIndex(())), rules(), {}, {})
        return radius(known, nothing, Book(), Moment(self._clock.now() if at is None else at, ()))


class World:
    """A console that runs, and a client of it."""

    def __init__(self, roles: Roles = ROLES) -> None:
        self.clock = StillClock()
        self.books = MemoryBooks(self.clock)
        self.desk = Desk(lambda: self.books, self.clock)
        self.authenticator = NamedTokens()
        self.failures = Failures()
        admission = Admission(self.authenticator, RoleBook(roles, ["corp"]), rules(), teams())
        self.door = Door(admission, self.failures, self.desk)
        self.looks = MemoryLooks(self.clock)
        self.app = build_app(self.door, self.desk, Numbers(), looks=self.looks)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("192.0.2.7", 4711))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://console")

    def ask(self, *tickets: Ticket) -> None:
        self.books.decisions.tickets |= {each.id: each for each in tickets or (ticket(),)}

    async def call(self, method: str, path: str, who: str | None = "ana", **request: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {who}"} if who else {}
        return await self.client.request(method, path, headers=headers | request.pop("headers", {}), **request)


@asynccontextmanager
async def running(roles: Roles = ROLES) -> AsyncIterator[World]:
    world = World(roles)
    await world.desk.start()
    try:
        yield world
    finally:
        await world.client.aclose()
        await world.desk.close()
