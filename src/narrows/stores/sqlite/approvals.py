"""The Approvals port on SQLite, the event loop's side: the questions that stand, in memory, and who waits for answers.

approvals.db follows in a thread of its own, and whoever must know that something is durable waits for that. What people
say is read from control.db: before anything is answered that depends on it, and ten times a second while somebody may
wait. What they say is judged here, by policy.approvals alone.

In memory is what stands; what is at its end is looked up. A ticket leaves when its end is durable.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from narrows.model.approval import Review, Ticket, TicketState
from narrows.policy.approvals import state
from narrows.policy.released_alone import to_review
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.ports.clock import Clock
from narrows.stores.sqlite.decisions import DecisionWatch, review
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.opentickets import NEVER, STANDS, OpenTicket, OpenTickets
from narrows.stores.sqlite.ticketfile import Add, Change, Drop, End, GiveBack, Kept, Reopen, Tickets, Use
from narrows.stores.sqlite.ticketqueue import TicketQueue, Written, durable

EVERY: Final = 0.1
"""Seconds between two looks at what people have said."""

Told = Callable[[str, int], None]

PRUNED: Final = 20
"""Tickets that are dropped at a time: what is asked of each takes the event loop a tenth of a millisecond."""

_log = logging.getLogger(__name__)


class SqliteApprovals:
    """The gate's tickets, in its data directory. Started after the journal, which makes the master key."""

    def __init__(self, directory: Path, clock: Clock, *, every: float = EVERY, told: Told = lambda _, __: None) -> None:
        """`told` hears of each question that is decided, or is at its end undecided, and after how many
        microseconds."""
        self._directory, self._clock, self._every = directory, clock, every
        self._watch = DecisionWatch(directory)
        self._open = OpenTickets(lambda one, found: told(found, clock.now() - one.ticket.at))
        self._queue = TicketQueue()
        self._pruned = (-1, "")
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
        for one in self._open.all():
            one.tell(ApprovalsUnavailable("the gate is shutting down"))
        await self._close()

    def find(self, digest: str, requester: str) -> Review | None:
        """The latest ticket of this digest and requester."""
        tickets = self._follow()
        one = self._open.answering(digest, requester)
        if one is not None:
            return one.review()
        with _readable():
            return self._ended(tickets.latest(digest, requester))

    async def ask(self, ticket: Ticket, body: bytes) -> Review:
        """Asks, or joins who asks the same; done when the question is durable."""
        tickets = self._follow()
        one = self._open.answering(ticket.digest, ticket.requester)
        if one is None or one.state not in STANDS:
            with _readable():
                if ticket.id in self._open or tickets.get(ticket.id) is not None:
                    raise ApprovalsUnavailable(f"there is a ticket {ticket.id} already")
            one = self._open.enter(OpenTicket(ticket))
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
        if one is not None and one.state in STANDS:
            one.reason = reason
            self._open.become(one, TicketState.CANCELLED)
            self._end(one)

    def standing(self, requester: str) -> int:
        """How many tickets of this requester are pending."""
        return self._open.standing(requester)

    def open(self) -> Sequence[Ticket]:
        """The tickets that stand."""
        return [one.ticket for one in self._open.all() if one.state in STANDS]

    def sent(self, since: int, most: int) -> Sequence[Ticket]:
        """Tickets that were asked since then and used, oldest first."""
        with _readable():
            return self._follow().sent(since, most)[::-1]

    def counts(self) -> tuple[int, int]:
        """How many tickets are pending now, and how many stand in all."""
        return self._open.pending(), sum(one.state in STANDS for one in self._open.all())

    def prune(self, before: int) -> int:
        """Drops some of the tickets that have ended before then, and gives how many; asked again and again, all of
        them. What somebody released alone stays until somebody else has looked at it, and each until its question would
        have expired: a rejection stands for as long. Raises ApprovalsUnavailable."""
        tickets, now = self._follow(), self._clock.now()
        with _readable():
            found = tickets.ended(before, self._pruned, PRUNED)
        last = found[-1].ticket if len(found) == PRUNED else None
        self._pruned = (-1, "") if last is None else (last.at, last.id)
        gone = tuple(
            each.ticket.id
            for each in found
            if each.ticket.id not in self._open
            and each.ticket.expires <= now
            and not to_review(each.ticket, [said for _, said in self._watch.of(each.ticket.id)])
        )
        if gone:
            self._queue.put(Drop(gone), again=True)
        return len(gone)

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
            for one in self._open.all():
                if one.state in STANDS:
                    one.said = dict(self._watch.of(one.ticket.id))
                    self._judge(one)
        else:
            for seq, decision in news:
                known = self._open.get(decision.ticket)
                if known is not None and known.state in STANDS:
                    known.said[seq] = decision
                    self._judge(known)
        if (now := self._clock.now()) >= self._open.soonest:
            for one in self._open.due(now):
                self._judge(one)
            self._open.looked()
        return self._tickets

    def _judge(self, one: OpenTicket) -> None:
        if self._open.judge(one, self._clock.now()):
            self._end(one)

    def _end(self, one: OpenTicket) -> None:
        one.ending = True
        ended = self._queue.put(End(one.ticket.id, one.state, self._clock.now(), one.reason), again=True)

        def gone(_: Written) -> None:
            one.ending = False
            self._open.leave(one)

        ended.add_done_callback(gone)

    def _take(self, one: OpenTicket, call_id: str) -> Written:
        """Counts the call at once, so that no other takes the same, and makes it durable."""
        ticket, said = one.ticket, tuple(one.said.values())
        changes: list[Change] = [Use(ticket.id, call_id)]
        one.used += 1
        if state(ticket, said, self._clock.now(), one.used) is TicketState.CONSUMED:
            self._open.become(one, TicketState.CONSUMED)
            changes.append(End(ticket.id, TicketState.CONSUMED, self._clock.now()))
        taking = one.taking[call_id] = self._queue.put(*changes)

        def taken(written: Written) -> None:
            one.taking.pop(call_id, None)
            if written.exception() is None:
                self._open.leave(one)
            elif call_id not in one.giving:
                one.used -= 1
                if one.state is TicketState.CONSUMED:
                    one.state = TicketState.APPROVED
                    self._judge(one)

        taking.add_done_callback(taken)
        return taking

    def _give_back(self, one: OpenTicket, call_id: str) -> None:
        changes: list[Change] = [GiveBack(one.ticket.id, call_id)]
        if one.ticket.id not in self._open:
            self._open.enter(one)
        one.used -= 1
        if one.state is TicketState.CONSUMED:
            changes.append(Reopen(one.ticket.id))
            one.state = TicketState.APPROVED
        given = one.giving[call_id] = self._queue.put(*changes, again=True)

        def gone(_: Written) -> None:
            one.giving.pop(call_id, None)
            self._open.leave(one)

        given.add_done_callback(gone)
        self._judge(one)

    def _entered(self, one: OpenTicket, written: Written) -> None:
        """A question that could not be written was never asked."""
        if (error := written.exception()) is None:
            return
        one.tell(ApprovalsUnavailable(str(error)))
        self._open.become(one, TicketState.CANCELLED)
        self._open.leave(one)

    def _adopt(self, kept: Kept) -> OpenTicket:
        """Takes a ticket from the file into memory."""
        one = OpenTicket(kept.ticket, kept.used)
        one.said = dict(self._watch.of(kept.ticket.id))
        if state(kept.ticket, tuple(one.said.values()), self._clock.now(), kept.used) is TicketState.APPROVED:
            one.state = TicketState.APPROVED  # which is no news
        self._open.enter(one)
        self._judge(one)
        return one

    def _left(self, ticket_id: str) -> OpenTicket | None:
        """A ticket that has ended and left memory."""
        kept = None if self._tickets is None else self._tickets.get(ticket_id)
        if kept is None or kept.ended is None:
            return None
        one = OpenTicket(kept.ticket, kept.used)
        one.said = dict(self._watch.of(ticket_id))
        one.state, one.reason = kept.ended, kept.reason
        one.deadline = NEVER
        return one

    def _took(self, one: OpenTicket, call_id: str) -> bool:
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
