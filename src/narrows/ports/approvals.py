"""Approvals: tickets, which a gate writes, and decisions, which others do.

The two sides are two protocols because each has files of its own, and writes no others.
"""

from collections.abc import Awaitable, Iterator, Sequence
from typing import Protocol

from narrows.model.approval import Decision, Review, Ticket, TicketState


class ApprovalsUnavailable(Exception):
    """Tickets or decisions can't be read or written now; nothing may go on that asks for approval."""


class DecisionRefused(Exception):
    """It can't be decided as asked; the message says why: no such ticket, too late, not entitled, no reason given."""


class Approvals(Protocol):
    """The gate's side. Every method raises ApprovalsUnavailable, at once or late; what it gives reckons with every
    decision that was written at least 200 ms ago."""

    def find(self, digest: str, requester: str) -> Review | None:
        """The latest ticket of this digest and requester, whatever has become of it; None where there is none."""

    def ask(self, ticket: Ticket, body: bytes) -> Awaitable[Review]:
        """Asks; done when the question is durable. Where an equal one (digest and requester) is pending or approved,
        it is that one that comes back, and nothing is asked again. `standing` counts it from the call on. `body` is
        what would be sent, masks and caps applied: it is what people are shown, and kept sealed until the question is
        at its end."""

    def wait(self, ticket_id: str) -> Awaitable[Review]:
        """Done when the ticket is no longer pending. Whoever waits may be cancelled; the ticket lives on."""

    def consume(self, ticket_id: str, call_id: str) -> Awaitable[bool]:
        """Takes one of the calls that were approved, for this one; done when that is durable. False: there is none
        left, or the ticket is not approved. Asked again for the same call it says the same and takes nothing."""

    def restore(self, ticket_id: str, call_id: str) -> None:
        """Gives back what this call took, because nothing of it was sent. Never raises."""

    def cancel(self, ticket_id: str, reason: str) -> None:
        """Makes the question void. One that is at its end is left as it is."""

    def standing(self, requester: str) -> int:
        """How many tickets of this requester are pending."""

    def open(self) -> Sequence[Ticket]:
        """The tickets that stand: pending or approved."""

    def sent(self, since: int, most: int) -> Sequence[Ticket]:
        """Tickets that were asked since then and used, the newest of them and so many at most, oldest first: what their
        sessions have sent."""

    def prune(self, before: int) -> int:
        """Drops some of the tickets that have ended before then, and gives how many; asked again and again, all of
        them. What somebody released alone stays until somebody else has looked at it."""

    def uses(self, since: int) -> Sequence[tuple[str, str]]:
        """Ticket and call, where a call has used a ticket that was asked since then."""


class Decisions(Protocol):
    """The side of those who decide: the command line and the console. Every method raises ApprovalsUnavailable."""

    def list(self, states: Sequence[TicketState] = ()) -> Sequence[Review]:
        """Tickets in one of these states, or all, oldest first. Those that stand are few; for others see `walk`."""

    def walk(
        self, states: Sequence[TicketState] = (), after: str | None = None, *, newest: bool = False
    ) -> Iterator[Review]:
        """The same one after another, by their ids, which sort as calls came, from behind this one on; with `newest`
        backwards. Who stops early has had little read."""

    def to_review(self) -> Sequence[Review]:
        """Tickets that somebody released alone, and at which nobody else has looked, oldest first."""

    def show(self, ticket_id: str) -> Review | None:
        """One ticket; None where there is none of that id."""

    def content(self, ticket_id: str) -> bytes | None:
        """The body that would be sent; None where there is no such ticket, or it is at its end or was: then the record
        has it, under the ticket's id."""

    def decide(self, decision: Decision) -> Review:
        """Writes what a person said, and gives what has become of the ticket; when it returns, it is durable. It counts
        as said when it is written, whatever its `at`. Raises DecisionRefused."""
