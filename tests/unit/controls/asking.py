"""Questions and answers in memory, for the tests of what holds calls."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from narrows.controls.approve import Approve, Desk
from narrows.model.approval import (
    Answered,
    Approvers,
    Condition,
    Decision,
    Requirement,
    Review,
    Ticket,
    TicketState,
)
from narrows.model.call import Call, Source
from narrows.model.plan import Action, Plan, Rule
from narrows.model.text import Finding
from narrows.model.verdict import Verdict
from narrows.policy import questions
from narrows.policy.approvals import state
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.ports.control import Guard, Wait
from narrows.ports.dialect import Forward
from narrows.ports.journal import JournalUnavailable
from narrows.wiring.approvals import Waiting
from unit.controls.calls import call
from unit.controls.limited import SECOND, Stopwatch

HOUR = 3_600 * SECOND


def requirement(rule: str = "risky", **more: Any) -> Requirement:
    given = {"by": Approvers(("corp:security",)), "needed": 1, "hold": 50_000, "expires": HOUR, **more}
    return Requirement("research", rule, rule * 8, **given)


def asking(*requirements: Requirement) -> Plan:
    """A plan whose rules on prompts ask this."""
    return Plan(
        "r",
        rules=tuple(
            Rule(each.rule, each.policy, (), "", action=Action.APPROVE, observe=each.observe, requirement=each)
            for each in requirements
        ),
    )


def condition(asks: Requirement, **parts: Any) -> Plan:
    """A plan that asks about calls."""
    return Plan("r", approvals=(Condition(asks, **parts),))


def risky(plan: Plan | None = None, number: int = 1, text: str = "delete it", **facts: Any) -> Call:
    """A call in which every rule on prompts found something."""
    plan = plan or asking(requirement())
    findings = tuple(Finding(rule.name, rule.policy, "$.messages[0].content", 0, 6) for rule in plan.rules)
    about = call(plan, asked={"body": {"prompt": text}}, findings=findings, sealed=text.encode())
    return msgspec.structs.replace(about, id=f"call_{number}", request_id=f"req_{number}", **facts)


def saying(about: Call, why: str) -> Call:
    return msgspec.structs.replace(about, source=Source("127.0.0.1", justification=why))


class Board:
    """Tickets and what is said of them. `failing`: it is away; `slow`: taking waits for it."""

    def __init__(self, clock: Stopwatch) -> None:
        self.clock = clock
        self.tickets: list[Ticket] = []
        self.bodies: list[bytes] = []
        self.said: dict[str, list[Decision]] = {}
        self.uses_of: dict[str, set[str]] = {}
        self.void: set[str] = set()
        self.restored: list[tuple[str, str]] = []
        self.failing = False
        self.slow: asyncio.Event | None = None
        self._news = asyncio.Event()

    def find(self, digest: str, requester: str) -> Review | None:
        self._check()
        found = [each for each in self.tickets if (each.digest, each.requester) == (digest, requester)]
        return self.review(found[-1]) if found else None

    async def ask(self, ticket: Ticket, body: bytes) -> Review:
        self._check()
        known = self.find(ticket.digest, ticket.requester)
        if known is not None and known.state in (TicketState.PENDING, TicketState.APPROVED):
            return known
        assert ticket.id not in {each.id for each in self.tickets}
        self.tickets.append(ticket)
        self.bodies.append(body)
        await asyncio.sleep(0)
        return self.review(ticket)

    async def wait(self, ticket_id: str) -> Review:
        self._check()
        while (found := self.review(self._ticket(ticket_id))).state is TicketState.PENDING:
            await self._news.wait()
        return found

    async def consume(self, ticket_id: str, call_id: str) -> bool:
        self._check()
        uses = self.uses_of.setdefault(ticket_id, set())
        taken = call_id in uses or self.review(self._ticket(ticket_id)).state is TicketState.APPROVED
        if taken:
            uses.add(call_id)
        if self.slow is not None:
            await self.slow.wait()
        return taken

    def restore(self, ticket_id: str, call_id: str) -> None:
        self.restored.append((ticket_id, call_id))
        self.uses_of.get(ticket_id, set()).discard(call_id)

    def cancel(self, ticket_id: str, reason: str) -> None:
        self.void.add(ticket_id)
        self._tell()

    def standing(self, requester: str) -> int:
        return sum(
            each.requester == requester and self.review(each).state is TicketState.PENDING for each in self.tickets
        )

    def open(self) -> Sequence[Ticket]:
        stands = (TicketState.PENDING, TicketState.APPROVED)
        return [each for each in self.tickets if self.review(each).state in stands]

    def uses(self, since: int) -> Sequence[tuple[str, str]]:
        return [(ticket, call) for ticket, calls in self.uses_of.items() for call in calls]

    def prune(self, before: int) -> int:
        self._check()
        old = [each for each in self.tickets if each not in self.open() and each.at < before]
        self.tickets = [each for each in self.tickets if each not in old]
        return len(old)

    def sent(self, since: int, most: int) -> Sequence[Ticket]:
        return [each for each in self.tickets if self.uses_of.get(each.id) and each.at >= since][-most:]

    def say(self, answer: Answered, who: str = "corp:sam", ticket: Ticket | None = None, **more: Any) -> None:
        """Somebody of security decides, about the latest ticket unless another is named."""
        ticket = ticket or self.tickets[-1]
        decision = Decision(ticket.id, who, answer, self.clock.now(), groups=("corp:security",), **more)
        self.said.setdefault(ticket.id, []).append(decision)
        self._tell()

    def review(self, ticket: Ticket) -> Review:
        said, used = tuple(self.said.get(ticket.id, ())), len(self.uses_of.get(ticket.id, ()))
        found = state(ticket, said, self.clock.now(), used)
        return Review(ticket, TicketState.CANCELLED if ticket.id in self.void else found, said, used)

    def wake(self) -> None:
        """Time has passed."""
        self._tell()

    def _ticket(self, ticket_id: str) -> Ticket:
        return next(each for each in self.tickets if each.id == ticket_id)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _check(self) -> None:
        if self.failing:
            raise ApprovalsUnavailable("the disk is full")


class Office:
    """A desk with all that it needs."""

    def __init__(self, waiting: Waiting | None = None) -> None:
        self.clock = Stopwatch()
        self.board = Board(self.clock)
        self.waiting = Waiting() if waiting is None else waiting
        self.recorded: list[tuple[str, bytes]] = []
        self.unrecorded = False
        self.recording: asyncio.Event | None = None
        self.cost: int | None = 7
        self.used: bool | None = True
        self.looked = 0
        self.control = Approve(
            Desk(
                approvals=self.board,
                clock=self.clock,
                held=self.waiting,
                forward=self._forward,
                digest=self._digest,
                record=self._record,
                cost=lambda _: self.cost,
                used=self._used,
                capped=self._capped,
            )
        )

    async def _forward(self, about: Call) -> Forward:
        return Forward(msgspec.json.encode({**about.asked.body, "model": about.model, "cap": about.output_cap}), ())

    async def _digest(self, about: Call, body: bytes, asking: tuple[Requirement, ...]) -> str:
        return questions.digest(about, body, asking)

    async def _record(self, about: Call, forward: Forward, ticket: Ticket) -> None:
        if self.unrecorded:
            raise JournalUnavailable("the disk is full")
        if self.recording is not None:
            await self.recording.wait()
        self.recorded.append((ticket.id, forward.body))

    async def _used(self, about: Call) -> bool | None:
        self.looked += 1
        return self.used

    async def _capped(self, about: Call, cap: int) -> Call:
        return msgspec.structs.replace(about, output_cap=cap)

    def guard(self, about: Call) -> Guard:
        guard = self.control.begin(about)
        assert guard is not None
        return guard

    async def judge(self, about: Call) -> Verdict:
        """What becomes of a call, however long it takes."""
        return (await self.asked(about))[1]

    async def asked(self, about: Call) -> tuple[Guard, Verdict]:
        guard = self.guard(about)
        verdict = guard.on_request(about)
        return guard, await verdict.until() if isinstance(verdict, Wait) else verdict

    async def until(self, holds: Callable[[], Any]) -> None:
        """Lets others go on until this holds."""
        for _ in range(1_000):
            if holds():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came to that")
