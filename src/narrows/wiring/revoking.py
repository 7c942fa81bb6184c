"""Follows revocations in a process, and does in a gate what they ask: cuts calls, and makes void what people are asked
about them.

New calls are refused by the authenticators and the gateway, which ask the same `Revocations`, in one step with each
change: between a change and its effect no call gets through. Calls that are under way are cut a few at a time, so that
however many there are, others go on. What was done is told to who asks for it, by way of gate.db, and so is which
credentials were used.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from narrows.engine.live import LiveCalls
from narrows.identity.revocations import Name, Revocations, about, denied, owned_by
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

SOME: Final = 200
"""Calls, or questions, that are looked at in one turn of the event loop."""

_log = logging.getLogger("narrows.revocations")

T = TypeVar("T")


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
        self._made: list[Revocation] = []
        self._working: asyncio.Task[None] | None = None
        self._begun = False
        self.standing: Final = self._following.standing
        self.standing.told = self._apply
        self.live: Final = LiveCalls(self.standing, denied, clock)

    async def start(self) -> None:
        """Reads what stands. Raises RevocationsUnavailable."""
        await self._following.start()
        await self._done()
        self._begun = True

    async def stop(self) -> None:
        """Ends the following, and tells of the last uses. Idempotent."""
        await self._following.stop()
        await self._done()
        self._note_uses()

    def _apply(self, made: Sequence[Revocation]) -> None:
        self.live.changed()
        self._made += made
        if self._made and self._working is None:
            self._working = asyncio.create_task(self._work())

    async def _done(self) -> None:
        if self._working is not None:
            await self._working

    async def _work(self) -> None:
        try:
            while self._made:
                made, self._made = self._made, []
                await self._carry_out(made)
        except Exception:  # noqa: BLE001 - the boundary of a job: what comes next must be carried out
            _log.exception("not all that was revoked could be cut")
        finally:
            self._working = None

    async def _carry_out(self, made: Sequence[Revocation]) -> None:
        """Cuts what is under way, makes questions void, and says so."""
        calls: dict[str, list[str]] = {one.id: [] for one in made}
        for some in _batches(list(self.live.running)):
            for name, cut in self.live.cut(some).items():
                calls.setdefault(name, []).extend(call.id for call in cut)
            await asyncio.sleep(0)
        tickets = await self._void(made)
        stopped = [
            Stopped(one.id, self._name, self._clock.now(), tuple(calls[one.id]), tuple(tickets[one.id])) for one in made
        ]
        self._sightings.acknowledge(stopped)
        for one, what in zip(made, stopped, strict=True):
            # What has stood for long is told at a start only if something came of it.
            if self._begun or what.calls or what.tickets:
                _log.warning(
                    "%s %s was revoked by %s (%s): %d calls are cut, %d questions are void",
                    one.kind.value, one.subject, one.by, one.id, len(what.calls), len(what.tickets),
                )  # fmt: skip

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

    async def _void(self, made: Sequence[Revocation]) -> dict[str, list[str]]:
        """Makes the questions void that are about what is revoked; gives them by the ids of what ended them."""
        named: dict[Name, list[int]] = {}
        for place, one in enumerate(made):
            for name in about(one):
                named.setdefault(name, []).append(place)
        void: dict[str, list[str]] = {one.id: [] for one in made}
        for some in _batches(self._approvals.open()):
            for ticket in some:
                places = [place for name in _names(ticket) for place in named.get(name, ())]
                first = next((made[place] for place in sorted(places) if _is_about(made[place], ticket)), None)
                if first is not None:
                    void[first.id].append(ticket.id)
                    self._approvals.cancel(ticket.id, f"who asked was revoked ({first.id})")
            await asyncio.sleep(0)
        return void


def _batches(all_: Sequence[T]) -> Iterator[Sequence[T]]:
    for begin in range(0, len(all_), SOME):
        yield all_[begin : begin + SOME]


def _is_about(one: Revocation, ticket: Ticket) -> bool:
    return one.before is None or ticket.at <= one.before


def _names(ticket: Ticket) -> Iterator[Name]:
    """By which names a question is found; nobody knows any more by which credential it was asked."""
    issuer, _, subject = ticket.requester.partition(":")
    if issuer == SERVICE_ACCOUNTS:
        yield Revoked.ACCOUNT, subject
    else:
        yield Revoked.USER, ticket.requester
    if ticket.owner is not None:
        yield owned_by(ticket.owner)
    for group in ticket.groups:
        yield Revoked.GROUP, group
    yield Revoked.SESSION, ticket.session
