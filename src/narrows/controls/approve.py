"""Holds a call until people have approved it, where rules ask for that.

It stands after all that changes what is sent, and before what reserves: what people see is what would be sent, and a
call that waits holds nothing of any budget. Which rules ask, who may answer, and what the answers come to is decided in
`policy.approvals`; what an answer is about, in `policy.questions`. Here is the course of it:

- The first such request of an identity makes a ticket. The same request again, while that is open, joins it.
- The call is held for as long as the least patient rule says; one whose caller is kept alive with comments of its
  stream, for as long as the question stands. If nobody has decided by then, the caller is told to
  send the same request again, which joins the ticket; so do calls whose client went away. The ticket lives on.
- An approval lets one call go on. It is taken before anything of that call is recorded as sent or reserved, so that no
  other can take it, and given back if in the end nothing of it was sent. Of several equal calls that wait, one goes;
  the others ask anew.
- A rejection stands for the same request until the question would have expired.
- Where a question becomes void meanwhile, the caller is told to send its request again, which is judged anew.

It waits on the event loop alone. How many wait is limited, in all and for each identity.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from narrows.model.approval import Facts, Release, Requirement, Review, Ticket, TicketState
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.policy import questions
from narrows.policy.approvals import Asks, rejection, terms, unjustified
from narrows.ports.approvals import Approvals, ApprovalsUnavailable
from narrows.ports.clock import Clock
from narrows.ports.control import Guard, Wait
from narrows.ports.dialect import Forward
from narrows.ports.journal import JournalUnavailable

OPEN: Final = 64
"""Questions of one identity that are open at a time."""

SLACK: Final = 30.0
"""Seconds that a held call may take besides, for the files that it needs."""

ROUNDS: Final = 16
"""How often a call asks anew because others took what it waited for."""

MICROS: Final = 1_000_000


class Held(Protocol):
    """Who waits now. `preparing`: how many questions of each requester are on their way and not asked yet."""

    @property
    def preparing(self) -> Counter[str]:
        """Counted here, for it outlives snapshots."""

    def enter(self, requester: str) -> Deny | None:
        """One more call waits; the refusal if there are too many. `leave` follows where it is not refused."""

    def leave(self, requester: str) -> None:
        """It waits no more."""

    async def until(self, decided: Awaitable[Review], microseconds: int) -> Review | None:
        """What was decided; None if nobody has within that time, or nobody may wait any more."""

    async def once(self, name: str, ask: Callable[[], Awaitable[Review | Deny]]) -> Review | Deny:
        """What `ask` gives; of several with the same name at a time, one asks for all."""


class Desk(msgspec.Struct, frozen=True, eq=False):
    """What holding calls needs of the world. `forward` gives a call as it would be sent; `digest` is that of what an
    answer is about, from the call, its body as it would be sent, and the rules that ask; `record` puts what people are
    shown on record, and raises JournalUnavailable; `cost` is the most that a call may cost, None: nobody knows;
    `used` says whether its identity has used its model before, None: nobody knows; `capped` gives it with a lower
    output cap."""

    approvals: Approvals
    clock: Clock
    held: Held
    forward: Callable[[Call], Awaitable[Forward]]
    digest: Callable[[Call, bytes, tuple[Requirement, ...]], Awaitable[str]]
    record: Callable[[Call, Forward, Ticket], Awaitable[None]]
    cost: Callable[[Call], int | None]
    used: Callable[[Call], Awaitable[bool | None]]
    capped: Callable[[Call, int], Awaitable[Call]]


class Approve:
    """The control for `approve` rules and for `approvals`."""

    name: Final = "approve"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def under(self, plan: Plan) -> "_Asking | None":
        """Nothing to do where no rule asks people; rules on prompts that only observe are noted where they are
        judged."""
        return _Asking(self._desk, plan) if plan.approvals or questions.asks(plan) else None

    def begin(self, call: Call) -> Guard | None:
        """See `under`."""
        asking = self.under(call.plan)
        return None if asking is None else asking.begin(call)


class _Asking:
    """The control under one plan."""

    __slots__ = ("asks", "desk", "noted")

    name: Final = Approve.name
    wordless: Final = True

    def __init__(self, desk: Desk, plan: Plan) -> None:
        self.desk = desk
        self.asks = Asks(plan)
        self.noted = frozenset(
            (each.requirement.policy, each.requirement.rule) for each in plan.approvals if each.requirement.observe
        )

    def begin(self, call: Call) -> Guard:  # noqa: ARG002 - of any call under the plan
        """There is always something to look for."""
        return _Holding(self)


class _Holding:
    """One call."""

    __slots__ = ("_asking", "_call", "_release")

    def __init__(self, asking: _Asking) -> None:
        self._asking = asking
        self._call = ""
        self._release: Release | None = None

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        asks = self._asking.asks
        cost = self._asking.desk.cost(call) if asks.asks_cost else None
        found = asks.fired(call, Facts(cost, first_use=True))
        if asks.asks_first_use and found != asks.fired(call, Facts(cost, first_use=False)):
            # Only where it makes a difference is anybody asked what the identity has used.
            return Wait(lambda: self._look(call, cost), _patience(call, found))
        return self._judged(call, found)

    async def _look(self, call: Call, cost: int | None) -> Verdict:
        used = await self._asking.desk.used(call)
        facts = Facts(cost, first_use=None if used is None else not used)
        verdict = self._judged(call, self._asking.asks.fired(call, facts))
        return await verdict.until() if isinstance(verdict, Wait) else verdict

    def _judged(self, call: Call, found: tuple[Requirement, ...]) -> Verdict | Wait[Verdict]:
        noted = self._asking.noted
        notes = tuple(
            Note(Code.APPROVAL_PENDING, each.policy, each.rule)
            for each in found
            if each.observe and (each.policy, each.rule) in noted
        )
        if notes:
            call = msgspec.structs.replace(call, notes=call.notes + notes)
        asking = tuple(each for each in found if not each.observe)
        if not asking:
            return Proceed(call) if notes else PROCEED
        deny = unjustified(call, asking)
        return deny or Wait(lambda: self._entered(call, asking), _patience(call, asking))

    async def _entered(self, call: Call, asking: tuple[Requirement, ...]) -> Verdict:
        """The call is held from here, unless too many are."""
        held, requester = self._asking.desk.held, call.principal.key
        deny = held.enter(requester)
        if deny is not None:
            return deny
        try:
            return await self._held(call, asking)
        except ApprovalsUnavailable as unavailable:
            return Deny(Code.APPROVALS_UNAVAILABLE, f"approvals can't be known or kept now: {unavailable}")
        except JournalUnavailable as unavailable:
            return Deny(Code.JOURNAL_UNAVAILABLE, f"the call can't be recorded, so nobody is asked: {unavailable}")
        finally:
            held.leave(requester)

    async def _held(self, call: Call, asking: tuple[Requirement, ...]) -> Verdict:
        desk = self._asking.desk
        hold = _hold(call, asking)
        end = desk.clock.monotonic() + hold
        # Who is held for a short time only waits longer until it comes again.
        again = max(questions.UNHELD - hold // MICROS, questions.HELD_AGAIN)
        # What would be sent is as large as the call itself, and put together anew when it is sent: it isn't kept.
        digest = await desk.digest(call, (await desk.forward(call)).body, asking)
        review = await self._question(call, asking, digest, 0)
        for number in range(1, ROUNDS):
            if isinstance(review, Deny):
                return review
            ticket = review.ticket
            if review.state is TicketState.PENDING:
                decided = await desk.held.until(desk.approvals.wait(ticket.id), end - desk.clock.monotonic())
                if decided is None:
                    return questions.pending(ticket, again)
                review = decided
            if review.state is TicketState.REJECTED:
                return questions.rejected(ticket, rejection(ticket, review.decisions))
            if review.state is TicketState.EXPIRED:
                return questions.expired(ticket)
            if review.state is TicketState.CANCELLED:
                return questions.voided(ticket)
            if review.state is TicketState.APPROVED and await self._take(call, ticket):
                return await self._released(call, review)
            # Another call took it.
            review = await self._question(call, asking, digest, number)
        return questions.pending(ticket, again)

    async def _question(self, call: Call, asking: tuple[Requirement, ...], digest: str, number: int) -> Review | Deny:
        """The question about this request: one that stands, or a new one, which is this call's of that number."""
        desk, requester = self._asking.desk, call.principal.key
        known = desk.approvals.find(digest, requester)
        if known is not None and questions.stands(known, desk.clock.now()):
            return known
        return await desk.held.once(f"{digest} {requester}", lambda: self._ask(call, asking, digest, number))

    async def _ask(self, call: Call, asking: tuple[Requirement, ...], digest: str, number: int) -> Review | Deny:
        desk, requester = self._asking.desk, call.principal.key
        known = desk.approvals.find(digest, requester)
        if known is not None and questions.stands(known, desk.clock.now()):
            return known
        preparing = desk.held.preparing
        if desk.approvals.standing(requester) + preparing[requester] >= OPEN:
            message = f"{OPEN} requests of yours wait for approval already; some of them must be decided first"
            return Deny(Code.APPROVALS_EXCEEDED, message, retry_after=questions.UNHELD)
        name = questions.ticket_id(call.request_id, number)
        ticket = questions.question(call, asking, digest, desk.clock.now(), name, desk.cost(call))
        preparing[requester] += 1
        try:
            forward = await desk.forward(call)
            # What people are shown is on record before anybody is asked.
            await desk.record(call, forward, ticket)
        finally:
            preparing[requester] -= 1
            if not preparing[requester]:
                del preparing[requester]
        return await desk.approvals.ask(ticket, forward.body)

    async def _take(self, call: Call, ticket: Ticket) -> bool:
        """Takes the approval for this call. It is noted before: whoever goes away meanwhile may have taken it."""
        self._call, self._release = call.id, Release(ticket.id)
        taken = await self._asking.desk.approvals.consume(ticket.id, call.id)
        if not taken:
            self._release = None
        return taken

    async def _released(self, call: Call, review: Review) -> Verdict:
        cap, now = terms(review.ticket, review.decisions).output_cap, call.output_cap
        own = call.asked.output_cap if now is None else now
        if cap is not None:
            if own is None or cap < own:
                call = await self._asking.desk.capped(call, cap)
            call = msgspec.structs.replace(call, approved_cap=cap)
        return Proceed(call, release=self._release)

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not judged."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:  # noqa: ARG002 - what a guard is told
        release, self._release = self._release, None
        if release is not None and not release.sent:
            self._asking.desk.approvals.restore(release.ticket, self._call)


def _hold(call: Call, asking: tuple[Requirement, ...]) -> int:
    """Microseconds for which the client is held: who is sent signs of life waits for as long as the question stands."""
    return min((each.expires if call.keep_alive else each.hold for each in asking), default=0)


def _patience(call: Call, asking: tuple[Requirement, ...]) -> float:
    return _hold(call, asking) / MICROS + SLACK
