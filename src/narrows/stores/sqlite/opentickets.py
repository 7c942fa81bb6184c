"""Tickets that stand, in memory: all that the state of one comes from, who waits for it, and by what each is found.

A ticket stays until its end, and everything of it that is on its way to the file, is durable. Nothing here reads or
writes a file.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from narrows.model.approval import Decision, Review, Ticket, TicketState
from narrows.policy.approvals import state, terms
from narrows.policy.released_alone import released
from narrows.stores.sqlite.ticketqueue import Written

NEVER: Final = 1 << 62
STANDS: Final = frozenset({TicketState.PENDING, TicketState.APPROVED})

RELEASED: Final = "released"

_RANK: Final = {TicketState.APPROVED: 2, TicketState.PENDING: 1}

_log = logging.getLogger("narrows.approvals")


class OpenTicket:
    """A ticket in memory: all that its state comes from, and who waits for it.

    `taking` and `giving` are calls whose use of it, or whose return of that, is not durable yet; `ending`: nor is its
    end. `deadline` is when the state must be looked at again.
    """

    __slots__ = (
        "deadline",
        "ending",
        "giving",
        "reason",
        "said",
        "state",
        "taking",
        "ticket",
        "used",
        "waiting",
        "written",
    )

    def __init__(self, ticket: Ticket, used: int = 0) -> None:
        self.ticket = ticket
        self.used = used
        self.said: dict[int, Decision] = {}
        self.state = TicketState.PENDING
        self.reason: str | None = None
        self.deadline = ticket.expires
        self.ending = False
        self.written: Written | None = None
        self.waiting: set[asyncio.Future[Review]] = set()
        self.taking: dict[str, Written] = {}
        self.giving: dict[str, Written] = {}

    @property
    def busy(self) -> bool:
        """Whether it stands, or something of it is on its way."""
        return bool(self.state in STANDS or self.taking or self.giving or self.ending)

    def review(self) -> Review:
        """As it stands."""
        return Review(self.ticket, self.state, tuple(self.said.values()), self.used, self.reason)

    def tell(self, answer: Review | Exception) -> None:
        """Ends the waiting of all who wait."""
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_exception(answer) if isinstance(answer, Exception) else waiter.set_result(answer)


class OpenTickets:
    """All of them. `soonest` is when the first of them must be looked at again, or earlier. `decided` hears of each
    that is pending no more: `approved`, `released` (by one person alone), `rejected`, `expired` or `cancelled`."""

    def __init__(self, decided: Callable[[OpenTicket, str], None] = lambda _, __: None) -> None:
        self._decided = decided
        self._by_id: dict[str, OpenTicket] = {}
        self._by_digest: dict[tuple[str, str], list[OpenTicket]] = {}
        """By digest and requester. Of these, several can stand where one was given back."""
        self._pending: Counter[str] = Counter()
        self.soonest = NEVER

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, ticket_id: str) -> bool:
        return ticket_id in self._by_id

    def get(self, ticket_id: str) -> OpenTicket | None:
        """The ticket of this id."""
        return self._by_id.get(ticket_id)

    def all(self) -> list[OpenTicket]:
        """Every one."""
        return list(self._by_id.values())

    def due(self, now: int) -> list[OpenTicket]:
        """Those whose state must be looked at again."""
        return [] if now < self.soonest else [each for each in self._by_id.values() if each.deadline <= now]

    def looked(self) -> None:
        """What was due has been looked at."""
        self.soonest = min((each.deadline for each in self._by_id.values()), default=NEVER)

    def answering(self, digest: str, requester: str) -> OpenTicket | None:
        """The ticket that answers for these: an approved one, else the latest that stands, or the latest."""
        known = self._by_digest.get((digest, requester))
        if known is None:
            return None
        return max(known, key=lambda one: (_RANK.get(one.state, 0), one.ticket.at, one.ticket.id))

    def standing(self, requester: str) -> int:
        """How many of this requester are pending."""
        return self._pending[requester]

    def pending(self) -> int:
        """How many are."""
        return self._pending.total()

    def enter(self, one: OpenTicket) -> OpenTicket:
        """One more."""
        self._by_id[one.ticket.id] = one
        self.soonest = min(self.soonest, one.deadline)
        self._by_digest.setdefault((one.ticket.digest, one.ticket.requester), []).append(one)
        if one.state is TicketState.PENDING:
            self._pending[one.ticket.requester] += 1
        return one

    def leave(self, one: OpenTicket) -> None:
        """From now on it is looked up; unless it stands again, or something of it is on its way."""
        if one.busy or self._by_id.pop(one.ticket.id, None) is None:
            return
        key = (one.ticket.digest, one.ticket.requester)
        self._by_digest[key].remove(one)
        if not self._by_digest[key]:
            del self._by_digest[key]

    def judge(self, one: OpenTicket, now: int) -> bool:
        """Finds what has become of a ticket; whether that is its end."""
        if one.state not in STANDS:
            return False
        said = tuple(one.said.values())
        found = state(one.ticket, said, now, one.used)
        one.deadline = one.ticket.expires if found is TicketState.PENDING else terms(one.ticket, said).until
        self.soonest = min(self.soonest, one.deadline)
        self.become(one, found)
        return found not in STANDS

    def become(self, one: OpenTicket, found: TicketState) -> None:
        """This has become of it; whoever waits is told."""
        if (one.state is TicketState.PENDING) is not (found is TicketState.PENDING):
            self._pending[one.ticket.requester] += 1 if found is TicketState.PENDING else -1
            if self._pending[one.ticket.requester] <= 0:
                del self._pending[one.ticket.requester]
            if found is TicketState.APPROVED and released(one.ticket, one.said.values()):
                _log.warning("%s was released alone, and is to be reviewed", one.ticket.id)
                self._decided(one, RELEASED)
            elif found is not TicketState.PENDING and one.state is TicketState.PENDING:
                self._decided(one, found.value)
        one.state = found
        if found is not TicketState.PENDING:
            one.tell(one.review())
        if found not in STANDS:
            one.deadline = NEVER
