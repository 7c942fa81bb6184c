"""Builds the controls that ask people, from settings and the gate's questions; owns which calls are held now.

It knows what the controls may not: the event loop, the journal, connections and prices. Questions outlive snapshots and
the gate itself; calls that are held live as long as their clients wait, or until the gate drains.
"""

import asyncio
import hmac
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from narrows.accounting.amounts import PLACES, worst
from narrows.config.schema import Config
from narrows.controls.approve import Approve, Desk
from narrows.controls.output_cap import ApprovedCap
from narrows.controls.seal import Seal
from narrows.dialects.strict_json import read as read_json
from narrows.engine.bodies import LARGE, Prepared, forwarded
from narrows.engine.recorder import refused
from narrows.inspection.novelty import Sessions, scoped
from narrows.model.approval import Requirement, Review, Ticket
from narrows.model.call import Call
from narrows.model.limits import Unit
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.policy.policyset import PolicySet
from narrows.policy.questions import HELD_AGAIN, UNHELD, digest, pending
from narrows.ports.approvals import Approvals, ApprovalsUnavailable
from narrows.ports.clock import Clock
from narrows.ports.dialect import Dialect, Forward
from narrows.ports.journal import Journal
from narrows.ports.prices import Prices
from narrows.stores.sqlite.views import CallRecord
from narrows.wiring.limits import Reckoning

GATE_ONLY: Final = frozenset({Approve.name})
"""Controls that ask people, and need no texts: large calls are judged apart without them, and by them in the gate."""

HELD: Final = 8_192
"""Calls that one gate holds at a time, and EACH of one identity."""

EACH: Final = 128

LATE: Final = 2 * 86_400 * 1_000_000
"""Microseconds for which it is looked, when a gate starts, whether calls that used a ticket were sent."""

KNOWN: Final = 30 * 86_400 * 1_000_000
"""Microseconds for which what was approved is known of its session after a start, and of how many calls at most."""

MOST_KNOWN: Final = 10_000

_MICROS: Final = 1_000_000
_log = logging.getLogger("narrows.approvals")

Uses = Callable[[Call], Awaitable[bool | None]]


class Recorded(Protocol):
    """The record of calls, by their ids."""

    def call(self, call: str) -> CallRecord | None:
        """One call; None where there is none."""


class ApprovalControls(NamedTuple):
    """The controls that the policies ask for, each at most once, by where they stand."""

    seal: tuple[Seal, ...] = ()
    approve: tuple[Approve, ...] = ()
    cap: tuple[ApprovedCap, ...] = ()


NO_APPROVALS: Final = ApprovalControls()


class Waiting:
    """Which calls are held; lives as long as the gate. Once it drains, nobody waits any more."""

    def __init__(self, most: int = HELD, each: int = EACH) -> None:
        self._most, self._each = most, each
        self._held: Counter[str] = Counter()
        self._all = 0
        self._waits: set[asyncio.Future[Review]] = set()
        self._asking: dict[str, asyncio.Task[Review | Deny]] = {}
        self.preparing: Final[Counter[str]] = Counter()
        self._draining = False

    def __len__(self) -> int:
        return self._all

    def enter(self, requester: str) -> Deny | None:
        """One more call is held; the refusal if there are too many."""
        if self._held[requester] >= self._each:
            message = f"{self._each} requests of yours are held for approval already"
            return Deny(Code.APPROVALS_EXCEEDED, message, retry_after=UNHELD)
        if len(self) >= self._most:
            return Deny(Code.OVERLOADED, "the gate holds as many calls for approval as it can", retry_after=UNHELD)
        self._held[requester] += 1
        self._all += 1
        return None

    def leave(self, requester: str) -> None:
        """It is held no more."""
        self._held[requester] -= 1
        self._all -= 1
        if not self._held[requester]:
            del self._held[requester]

    async def until(self, decided: Awaitable[Review], microseconds: int) -> Review | None:
        """What was decided; None if nobody has within that time, or the gate drains."""
        wait = asyncio.ensure_future(decided)
        self._waits.add(wait)
        try:
            if not self._draining:
                await asyncio.wait((wait,), timeout=max(microseconds, 0) / _MICROS)
            return wait.result() if wait.done() and not wait.cancelled() else None
        finally:
            self._waits.discard(wait)
            wait.cancel()

    async def once(self, name: str, ask: Callable[[], Awaitable[Review | Deny]]) -> Review | Deny:
        """What `ask` gives; of several with the same name at a time, one asks for all. It goes on if its caller goes
        away: others may wait for it."""
        task = self._asking.get(name)
        if task is None:
            task = self._asking[name] = asyncio.create_task(_awaited(ask()))
            task.add_done_callback(lambda done: self._asked(name, done))
        return await asyncio.shield(task)

    def _asked(self, name: str, task: "asyncio.Task[Review | Deny]") -> None:
        del self._asking[name]
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody need

    def drain(self) -> None:
        """Everyone who is held gets their answer now."""
        self._draining = True
        for wait in self._waits:
            wait.cancel()


async def _awaited(review: Awaitable[Review | Deny]) -> Review | Deny:
    return await review


class Approving:
    """Makes the controls of each snapshot. `key` gives the key of sessions; `uses` says whether an identity has used a
    model before; `record` opens the record of calls."""

    def __init__(
        self,
        approvals: Approvals,
        clock: Clock,
        journal: Journal,
        key: Callable[[], bytes],
        uses: Uses,
        record: Callable[[], Recorded],
    ) -> None:
        self._approvals, self._clock, self._journal = approvals, clock, journal
        self._key, self._uses, self._record_of = key, uses, record
        self.waiting: Final = Waiting()

    def controls(
        self, config: Config, policies: PolicySet, dialects: Mapping[str, Dialect], prices: Prices | None
    ) -> ApprovalControls:
        """The controls of a snapshot."""
        if not asking(policies):
            return NO_APPROVALS
        terms = Reckoning(config.connections, prices).terms
        sending = _Sending(dialects)

        def cost(call: Call) -> int | None:
            found = terms(call.connection, call.model, call.asked.tier)
            return worst(call, found).vector[PLACES[Unit.USD]]

        desk = Desk(
            approvals=self._approvals,
            clock=self._clock,
            held=self.waiting,
            forward=sending.forward,
            digest=_digest,
            record=self._record,
            cost=cost,
            used=self._uses,
            capped=sending.capped,
        )
        return ApprovalControls((Seal(sealing_key(self._key())),), (Approve(desk),), (ApprovedCap(),))

    async def _record(self, call: Call, forward: Forward, ticket: Ticket) -> None:
        """What people are shown, as an entry of its own: that of the call comes when it goes on, or is refused. Nobody
        has been answered yet, so it has no status."""
        entry = refused(call, forward.contents, pending(ticket, HELD_AGAIN))
        await self._journal.open(msgspec.structs.replace(entry, call=ticket.id, at=ticket.at, status=None))

    def settle(self, policies: PolicySet) -> None:
        """These policies are in force: questions are void that no rule of them asks any more, or asks otherwise."""
        asked = {each.trigger for each in _requirements(policies) if not each.observe}
        for ticket in self._approvals.open():
            gone = next((each for each in ticket.requirements if each.trigger not in asked), None)
            if gone is not None:
                self._approvals.cancel(ticket.id, f"rule {gone.rule} of policy {gone.policy} was changed")

    async def start(self) -> None:
        """Gives back what calls took that were never sent, because the gate died before their intent was durable.
        Raises DataDirectoryError and ApprovalsUnavailable."""
        uses = self._approvals.uses(self._clock.now() - LATE)
        for ticket, call in await asyncio.to_thread(self._unsent, uses) if uses else ():
            _log.info("the approval %s was used by no call, so it stands again", ticket)
            self._approvals.restore(ticket, call)

    def remember(self, sent: Sessions) -> None:
        """What was approved and has gone on is known of its session, as it was before the gate started: it is not asked
        about again as history. Raises ApprovalsUnavailable."""
        for ticket in self._approvals.sent(self._clock.now() - KNOWN, MOST_KNOWN):
            if ticket.sent:
                sent.passed((ticket.requester, ticket.session + scoped(ticket.scope)), ticket.sent)

    def forget(self, seconds: float) -> None:
        """Drops some of the questions that have ended so long ago. Never raises."""
        try:
            self._approvals.prune(self._clock.now() - round(seconds * _MICROS))
        except ApprovalsUnavailable as error:
            _log.warning("questions that ended long ago stay for now: %s", error)

    def _unsent(self, uses: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        record = self._record_of()
        found = [(use, record.call(use[1])) for use in uses]
        return [use for use, entry in found if entry is None or not entry.call.forwarded]

    def drain(self) -> None:
        """The gate ends: what is held is answered now."""
        self.waiting.drain()


async def _digest(call: Call, body: bytes, asking: tuple[Requirement, ...]) -> str:
    """That of a question. Hashing megabytes would hold up other calls; in a thread it needs no lock."""
    if len(body) <= LARGE:
        return digest(call, body, asking)
    return await asyncio.to_thread(digest, call, body, asking)


class _Sending:
    """How calls look when they are sent."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._dialects = dialects

    async def forward(self, call: Call) -> Forward:
        """A call as it would be sent."""
        return await forwarded(self._dialects[call.connection], call.asked, call.model, call.output_cap)

    async def capped(self, call: Call, cap: int) -> Call:
        """The call with a lower cap. One that was judged apart has been put together already, so it is read again."""
        body = call.asked.body
        if isinstance(body, Prepared):
            body = await asyncio.to_thread(self._again, call, body, cap)
        asked = msgspec.structs.replace(call.asked, body=body)
        return msgspec.structs.replace(call, asked=asked, output_cap=cap)

    def _again(self, call: Call, body: Prepared, cap: int) -> Prepared:
        dialect = self._dialects[call.connection]
        read = read_json(body.forward.body, dialect.governed)
        if isinstance(read, Deny):
            raise ValueError("a body that was put together can't be read")  # noqa: TRY004 - it is no wrong type
        asked = msgspec.structs.replace(call.asked, body=read)
        return Prepared(dialect.forward(asked, call.model, cap), call.model, cap)


def asking(policies: PolicySet) -> bool:
    """Whether some policy asks people."""
    return any(True for _ in _requirements(policies))


def _requirements(policies: PolicySet) -> Iterator[Requirement]:
    for rule in policies.rules:
        if rule.requirement is not None:
            yield rule.requirement
    for policy in policies.policies:
        for condition in policy.approvals:
            yield condition.requirement


def sealing_key(session_key: bytes) -> bytes:
    """By what calls are sealed, from the key of sessions: the same in every process and after every start."""
    return hmac.digest(session_key, b"seal", "sha256")


def seals(policies: PolicySet, session_key: bytes) -> ApprovalControls:
    """The controls of a snapshot that judges large calls and replies apart from the gate: it asks nobody."""
    if not asking(policies):
        return NO_APPROVALS
    return ApprovalControls((Seal(sealing_key(session_key)),), cap=(ApprovedCap(),))


def judged_by(config: Config, policies: PolicySet, files: Mapping[str, object]) -> Callable[[Call], object]:
    """Gives all settings by which a call is judged. `files` are the states of those that masks were made of."""
    common = (config.detectors, config.classifiers, config.controls, config.limits, dict(files))
    settings = {policy.name: policy for policy in config.policies}

    def judging(call: Call) -> object:
        about = policies.about(policies.clauses(call.principal, call.credential.kind))
        names = {name: None for policy in about for name in (policy.name, policy.guard and policy.guard.name) if name}
        return *common, config.connections.get(call.connection), [settings[name] for name in names]

    return judging
