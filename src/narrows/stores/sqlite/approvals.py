"""The Approvals port on SQLite, the event loop's side: the questions that stand, in memory, and who waits for answers.

approvals.db follows in a thread of its own, and whoever must know that something is durable waits for that. What people
say is read from control.db: before anything is answered that depends on it, and ten times a second while somebody may
wait. What they say is judged here, by policy.approvals alone.

In memory is what stands; what is at its end is looked up. A ticket leaves when its end is durable.
"""

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from narrows.model.approval import Decision, Review, Ticket, TicketState
from narrows.policy.approvals import state, terms
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.ports.clock import Clock
from narrows.stores.sqlite.decisions import DecisionWatch, review
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.ticketfile import Add, Change, End, GiveBack, Kept, Reopen, Tickets, Use
from narrows.stores.sqlite.ticketqueue import TicketQueue, Written, durable

EVERY: Final = 0.1
"""Seconds between two looks at what people have said."""

_NEVER: Final = 1 << 62
_STANDS: Final = frozenset({TicketState.PENDING, TicketState.APPROVED})

_RANK: Final = {TicketState.APPROVED: 2, TicketState.PENDING: 1}

_log = logging.getLogger(__name__)


class _Open:
    """A ticket in memory: all that its state comes from, and who waits for it.

    `taking` and `giving` are calls whose use of it, or whose return of that, is not durable yet; `ending`: nor is its
    end. `deadline` is when the state must be looked at again.
    """

    __slots__ = ("deadline", "ending", "giving", "said", "state", "taking", "ticket", "used", "waiting", "written")

    def __init__(self, ticket: Ticket, used: int = 0) -> None:
        self.ticket = ticket
        self.used = used
        self.said: dict[int, Decision] = {}
        self.state = TicketState.PENDING
        self.deadline = ticket.expires
        self.ending = False
        self.written: Written | None = None
        self.waiting: set[asyncio.Future[Review]] = set()
        self.taking: dict[str, Written] = {}
        self.giving: dict[str, Written] = {}

    def review(self) -> Review:
        return Review(self.ticket, self.state, tuple(self.said.values()), self.used)

    def tell(self, answer: Review | Exception) -> None:
        """Ends the waiting of all who wait."""
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_exception(answer) if isinstance(answer, Exception) else waiter.set_result(answer)


class SqliteApprovals:
    """The gate's tickets, in its data directory. Started after the journal, which makes the master key."""

    def __init__(self, directory: Path, clock: Clock, *, every: float = EVERY) -> None:
        self._directory, self._clock, self._every = directory, clock, every
        self._watch = DecisionWatch(directory)
        self._open: dict[str, _Open] = {}
        self._asked: dict[tuple[str, str], list[_Open]] = {}
        """The same by digest and requester. Of these, several can stand where one was given back."""
        self._soonest = _NEVER  # when the first of them must be looked at again, or earlier
        self._pending: Counter[str] = Counter()
        self._queue = TicketQueue()
        self._timer: asyncio.TimerHandle | None = None
        self._tickets: Tickets | None = None
        self._blind = False

    async def start(self) -> None:
        """Reads what stands. Raises DataDirectoryError and ApprovalsUnavailable."""
        self._loop = asyncio.get_running_loop()
        await self._queue.open(self._directory, load(DataDirectory(self._directory)))
        try:
            self._tickets = Tickets(self._directory)
            for kept in self._tickets.open():
                self._adopt(kept)
            self._follow()
        except BaseException as error:
            await self._close()
            if isinstance(error, sqlite3.Error | msgspec.MsgspecError):
                raise DataDirectoryError(f"{self._directory}: tickets can't be read: {error}") from None
            raise
        self._timer = self._loop.call_later(self._every, self._tick)

    async def stop(self) -> None:
        """Makes durable what can be; whoever still waits is told that nobody answers here any more."""
        if self._tickets is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        await self._queue.drain()
        for one in self._open.values():
            one.tell(ApprovalsUnavailable("the gate is shutting down"))
        await self._close()

    def find(self, digest: str, requester: str) -> Review | None:
        """The latest ticket of this digest and requester."""
        tickets = self._follow()
        one = self._answering(digest, requester)
        if one is not None:
            return one.review()
        with _readable():
            return self._ended(tickets.latest(digest, requester))

    async def ask(self, ticket: Ticket, body: bytes) -> Review:
        """Asks, or joins who asks the same; done when the question is durable."""
        tickets = self._follow()
        one = self._answering(ticket.digest, ticket.requester)
        if one is None or one.state not in _STANDS:
            with _readable():
                if ticket.id in self._open or tickets.get(ticket.id) is not None:
                    raise ApprovalsUnavailable(f"there is a ticket {ticket.id} already")
            one = self._enter(_Open(ticket))
            one.written = self._queue.put(Add(ticket, body))
            one.written.add_done_callback(partial(self._entered, one))
        await durable(one.written)
        return one.review()

    async def wait(self, ticket_id: str) -> Review:
        """Done when the ticket is no longer pending."""
        tickets = self._follow()
        one = self._open.get(ticket_id)
        if one is None:
            with _readable():
                found = self._ended(tickets.get(ticket_id))
            if found is None:
                raise ApprovalsUnavailable(f"there is no ticket {ticket_id}")
            return found
        await durable(one.written)
        self._follow()
        if one.state is not TicketState.PENDING:
            return one.review()
        waiter: asyncio.Future[Review] = self._loop.create_future()
        one.waiting.add(waiter)
        try:
            return await waiter
        finally:
            one.waiting.discard(waiter)

    async def consume(self, ticket_id: str, call_id: str) -> bool:
        """Takes one of the calls that were approved; done when that is durable."""
        one = self._open.get(ticket_id)
        if one is not None:
            await durable(one.giving.get(call_id))
        tickets = self._follow()
        one = self._open.get(ticket_id)
        taking = None if one is None else one.taking.get(call_id)
        if taking is None:
            with _readable():
                if (one is None or one.used) and tickets.took(ticket_id, call_id):
                    return True
            if one is None or one.state is not TicketState.APPROVED:
                return False
            taking = self._take(one, call_id)
        await durable(taking)
        return True

    def restore(self, ticket_id: str, call_id: str) -> None:
        """Gives back what this call took."""
        try:
            one = self._open.get(ticket_id) or self._left(ticket_id)
            if one is not None and call_id not in one.giving and self._took(one, call_id):
                self._give_back(one, call_id)
        except Exception:  # noqa: BLE001 - the port's boundary: what can't be given back stays taken
            _log.exception("what a call took of an approval can't be given back; it stays taken")

    def cancel(self, ticket_id: str, reason: str) -> None:
        """Makes the question void."""
        one = self._open.get(ticket_id)
        if one is not None and one.state in _STANDS:
            self._become(one, TicketState.CANCELLED)
            self._end(one, reason)

    def standing(self, requester: str) -> int:
        """How many tickets of this requester are pending."""
        return self._pending[requester]

    def open(self) -> Sequence[Ticket]:
        """The tickets that stand."""
        return [one.ticket for one in self._open.values() if one.state in _STANDS]

    def uses(self, since: int) -> Sequence[tuple[str, str]]:
        """Ticket and call, where a call has used a ticket that was asked since then."""
        with _readable():
            return self._follow().uses(since)

    def tick(self) -> None:
        """Looks at what people have said, and at the clock; it is done by itself ten times a second."""
        self._queue.retry()
        if not self._open:
            return
        try:
            self._follow()
        except ApprovalsUnavailable as error:
            if not self._blind:
                _log.error("what people decide can't be read, and nothing that waits for them goes on: %s", error)
            self._blind = True
            return
        if self._blind:
            _log.info("what people decide can be read again")
        self._blind = False

    def _tick(self) -> None:
        self._timer = self._loop.call_later(self._every, self._tick)
        self.tick()

    def _follow(self) -> Tickets:
        """Reckons with all that was said until now. Raises ApprovalsUnavailable."""
        if self._tickets is None:
            raise ApprovalsUnavailable("approvals are not running")
        news = self._watch.news()
        if news is None:
            for one in list(self._open.values()):
                if one.state in _STANDS:
                    one.said = dict(self._watch.of(one.ticket.id))
                    self._judge(one)
        else:
            for seq, decision in news:
                known = self._open.get(decision.ticket)
                if known is not None and known.state in _STANDS:
                    known.said[seq] = decision
                    self._judge(known)
        if (now := self._clock.now()) >= self._soonest:
            for one in [each for each in self._open.values() if each.deadline <= now]:
                self._judge(one)
            self._soonest = min((each.deadline for each in self._open.values()), default=_NEVER)
        return self._tickets

    def _judge(self, one: _Open) -> None:
        """What has become of a ticket that stands."""
        if one.state not in _STANDS:
            return
        said = tuple(one.said.values())
        found = state(one.ticket, said, self._clock.now(), one.used)
        one.deadline = one.ticket.expires if found is TicketState.PENDING else terms(one.ticket, said).until
        self._soonest = min(self._soonest, one.deadline)
        self._become(one, found)
        if found not in _STANDS:
            self._end(one)

    def _become(self, one: _Open, found: TicketState) -> None:
        if (one.state is TicketState.PENDING) is not (found is TicketState.PENDING):
            self._pending[one.ticket.requester] += 1 if found is TicketState.PENDING else -1
            if self._pending[one.ticket.requester] <= 0:
                del self._pending[one.ticket.requester]
        one.state = found
        if found is not TicketState.PENDING:
            one.tell(one.review())
        if found not in _STANDS:
            one.deadline = _NEVER

    def _end(self, one: _Open, reason: str | None = None) -> None:
        one.ending = True
        ended = self._queue.put(End(one.ticket.id, one.state, self._clock.now(), reason), again=True)

        def gone(_: Written) -> None:
            one.ending = False
            self._leave(one)

        ended.add_done_callback(gone)

    def _take(self, one: _Open, call_id: str) -> Written:
        """Counts the call at once, so that no other takes the same, and makes it durable."""
        ticket, said = one.ticket, tuple(one.said.values())
        changes: list[Change] = [Use(ticket.id, call_id)]
        one.used += 1
        if state(ticket, said, self._clock.now(), one.used) is TicketState.CONSUMED:
            self._become(one, TicketState.CONSUMED)
            changes.append(End(ticket.id, TicketState.CONSUMED, self._clock.now()))
        taking = one.taking[call_id] = self._queue.put(*changes)

        def taken(written: Written) -> None:
            one.taking.pop(call_id, None)
            if written.exception() is None:
                self._leave(one)
            elif call_id not in one.giving:
                one.used -= 1
                if one.state is TicketState.CONSUMED:
                    one.state = TicketState.APPROVED
                    self._judge(one)

        taking.add_done_callback(taken)
        return taking

    def _give_back(self, one: _Open, call_id: str) -> None:
        changes: list[Change] = [GiveBack(one.ticket.id, call_id)]
        if one.ticket.id not in self._open:
            self._enter(one)
        one.used -= 1
        if one.state is TicketState.CONSUMED:
            changes.append(Reopen(one.ticket.id))
            one.state = TicketState.APPROVED
        given = one.giving[call_id] = self._queue.put(*changes, again=True)

        def gone(_: Written) -> None:
            one.giving.pop(call_id, None)
            self._leave(one)

        given.add_done_callback(gone)
        self._judge(one)

    def _answering(self, digest: str, requester: str) -> _Open | None:
        """The ticket in memory that answers for these: an approved one, else the latest that stands, or the latest."""
        known = self._asked.get((digest, requester))
        if known is None:
            return None
        return max(known, key=lambda one: (_RANK.get(one.state, 0), one.ticket.at, one.ticket.id))

    def _enter(self, one: _Open) -> _Open:
        self._open[one.ticket.id] = one
        self._soonest = min(self._soonest, one.deadline)
        self._asked.setdefault((one.ticket.digest, one.ticket.requester), []).append(one)
        if one.state is TicketState.PENDING:
            self._pending[one.ticket.requester] += 1
        return one

    def _entered(self, one: _Open, written: Written) -> None:
        """A question that could not be written was never asked."""
        if (error := written.exception()) is None:
            return
        one.tell(ApprovalsUnavailable(str(error)))
        self._become(one, TicketState.CANCELLED)
        self._leave(one)

    def _leave(self, one: _Open) -> None:
        """From now on it is looked up; unless it stands again, or something of it is on its way."""
        if one.state in _STANDS or one.taking or one.giving or one.ending:
            return
        if self._open.pop(one.ticket.id, None) is None:
            return
        key = (one.ticket.digest, one.ticket.requester)
        self._asked[key].remove(one)
        if not self._asked[key]:
            del self._asked[key]

    def _adopt(self, kept: Kept) -> _Open:
        """Takes a ticket from the file into memory."""
        one = self._enter(_Open(kept.ticket, kept.used))
        one.said = dict(self._watch.of(kept.ticket.id))
        self._judge(one)
        return one

    def _left(self, ticket_id: str) -> _Open | None:
        """A ticket that has ended and left memory."""
        kept = None if self._tickets is None else self._tickets.get(ticket_id)
        if kept is None or kept.ended is None:
            return None
        one = _Open(kept.ticket, kept.used)
        one.said = dict(self._watch.of(ticket_id))
        one.state = kept.ended
        one.deadline = _NEVER
        return one

    def _took(self, one: _Open, call_id: str) -> bool:
        if call_id in one.taking:
            return True
        return self._tickets is not None and self._tickets.took(one.ticket.id, call_id)

    def _ended(self, kept: Kept | None) -> Review | None:
        if kept is None:
            return None
        return review(kept, [said for _, said in self._watch.of(kept.ticket.id)], self._clock.now())

    async def _close(self) -> None:
        # The last connection of a file puts what is beside it into it, which one that only reads can't.
        if self._tickets is not None:
            self._tickets.close()
            self._tickets = None
        self._watch.close()
        await self._queue.close()


@contextmanager
def _readable() -> Iterator[None]:
    """What keeps a ticket from being looked up, as the port says it."""
    try:
        yield
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise ApprovalsUnavailable(f"tickets can't be read: {error}") from error
