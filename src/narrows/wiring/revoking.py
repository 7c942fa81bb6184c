"""Follows revocations in a process, and does in a gate what they ask: cuts calls, and makes void what people are asked
about them.

New calls are refused by the authenticators and the gateway, which ask the same `Revocations`. All of it is on the event
loop, in one step for each change: between a change and its effect no call gets through. What was done is told to who
asks for it, by way of gate.db, and so is which credentials were used.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from narrows.engine.live import LiveCalls
from narrows.identity.revocations import OWNER, Name, Revocations, about, denied
from narrows.model.approval import Ticket
from narrows.model.principal import SERVICE_ACCOUNTS
from narrows.model.revocation import Revocation, Revoked, Stopped
from narrows.ports.approvals import Approvals
from narrows.ports.clock import Clock
from narrows.ports.revocations import RevocationsUnavailable
from narrows.ports.sightings import Sightings, Use
from narrows.stores.sqlite.revocations import RevocationWatch
from narrows.wiring.reload import cancel

POLL: Final = 0.05
"""Seconds between two looks at what was revoked."""

MINUTE: Final = 60_000_000

_log = logging.getLogger("narrows.revocations")


class Following:
    """Keeps a process's revocations fresh. `start` first, `stop` last; `also` is done at every look, and whenever
    something has changed `standing.told` is."""

    def __init__(self, directory: Path, clock: Clock, also: Callable[[], None] = lambda: None) -> None:
        self._watch = RevocationWatch(directory)
        self._also = also
        self.standing: Final = Revocations(self._watch, clock)
        self._job: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Reads what stands. Raises RevocationsUnavailable."""
        self.standing.poll()
        self._job = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Ends the following. Idempotent."""
        if self._job is not None:
            await cancel(self._job)
            self._job = None
        self._watch.close()

    async def _follow(self) -> None:
        readable = True
        while True:
            await asyncio.sleep(POLL)
            try:
                self.standing.poll()
                self._also()
            except RevocationsUnavailable as error:
                if readable:
                    _log.error("what has been revoked can't be read: %s", error)
                readable = False
            except Exception:  # noqa: BLE001 - the boundary of a job: it must not end for one round that went wrong
                _log.exception("a round of looking for revocations failed")
            else:
                readable = True


class Revoking:
    """The revocations of one gate, which `name` names. `start` after the questions of approvals, `stop` before them."""

    def __init__(self, directory: Path, approvals: Approvals, sightings: Sightings, clock: Clock, name: str) -> None:
        self._following = Following(directory, clock, self._minutely)
        self._approvals = approvals
        self._sightings = sightings
        self._clock = clock
        self._name = name
        self._minute = 0
        self.standing: Final = self._following.standing
        self.standing.told = self._apply
        self.live: Final = LiveCalls(self.standing, denied, clock)

    async def start(self) -> None:
        """Reads what stands. Raises RevocationsUnavailable."""
        await self._following.start()

    async def stop(self) -> None:
        """Ends the following, and tells of the last uses. Idempotent."""
        await self._following.stop()
        self._note_uses()

    def _apply(self, made: Sequence[Revocation]) -> None:
        cut = self.live.settle()
        stopped = []
        for one in made:
            calls, tickets = [call.id for call in cut.get(one.id, ())], self._void(one)
            stopped.append(Stopped(one.id, self._name, self._clock.now(), tuple(calls), tuple(tickets)))
            _log.warning(
                "%s %s was revoked by %s (%s): %d calls are cut, %d questions are void",
                one.kind.value, one.subject, one.by, one.id, len(calls), len(tickets),
            )  # fmt: skip
        self._sightings.acknowledge(stopped)

    def _minutely(self) -> None:
        if self._clock.now() // MINUTE != self._minute:
            self._note_uses()

    def _note_uses(self) -> None:
        """Which credentials were used in the last minute."""
        self._minute = self._clock.now() // MINUTE
        used = self.live.take_used()
        self._sightings.used(
            [Use(name, call.principal.key, call.at, call.source.address) for name, call in used.items()]
        )

    def _void(self, one: Revocation) -> list[str]:
        """Makes the questions void that are about what is revoked."""
        names = frozenset(about(one))
        void = [
            ticket.id
            for ticket in self._approvals.open()
            if (one.before is None or ticket.at <= one.before) and not names.isdisjoint(_names(ticket))
        ]
        for ticket_id in void:
            self._approvals.cancel(ticket_id, f"who asked was revoked ({one.id})")
        return void


def _names(ticket: Ticket) -> Iterator[Name]:
    """By which names a question is found; nobody knows any more by which credential it was asked."""
    issuer, _, subject = ticket.requester.partition(":")
    if issuer == SERVICE_ACCOUNTS:
        yield Revoked.ACCOUNT, subject
    else:
        yield Revoked.USER, ticket.requester
    if ticket.owner is not None:
        yield OWNER, ticket.owner
    for group in ticket.groups:
        yield Revoked.GROUP, group
    yield Revoked.SESSION, ticket.session
