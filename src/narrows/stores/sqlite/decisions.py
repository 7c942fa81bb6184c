"""What people say of tickets, kept in control.db: written by commands and the console, followed by the gate.

Whoever writes an answer is told at once where it can't count. The gate judges every answer again by itself, and lets
one that was written in any other way count for nothing.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from narrows.evidence.sealing import Unsealable
from narrows.model.approval import RELEASE_ENDS, Answered, Decision, Review, Ticket, TicketState
from narrows.model.limit_words import lasting
from narrows.policy.approvals import barred, entitled, may_release, rejection, state
from narrows.policy.released_alone import looked_at, may_review, released, to_review
from narrows.ports.approvals import ApprovalsUnavailable, DecisionRefused
from narrows.ports.clock import Clock
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile, ControlReader, Place
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.revocations import contained
from narrows.stores.sqlite.ticketfile import FILE_NAME, Kept, Tickets

SINCE: Final = 2
"""The version of control.db that brought them."""

MOST: Final = 1_000_000
"""Calls that one answer may let go on, and tokens of their replies: more is a slip of the hand."""

BATCH: Final = 256
"""Tickets that are read at a time, with the file open."""

NEWEST: Final = 5_000

LONGEST: Final = 4_000
"""Characters of a reason."""

_OPEN: Final = frozenset({TicketState.PENDING, TicketState.APPROVED})

_log = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Decision).decode


class DecisionWatch:
    """The gate's side, read-only: what was written since it was asked last. Raises ApprovalsUnavailable."""

    def __init__(self, directory: Path, *, busy: float = 0.1) -> None:
        self._file = ControlReader(directory, ApprovalsUnavailable, busy=busy)
        self._seen: Place | None = None
        self._last = 0
        self._alone: dict[str, None] = {}
        """Tickets that somebody said they release alone, among the answers up to `_looked` of the file `_of_file`."""
        self._looked = 0
        self._of_file: object = None

    def news(self) -> Sequence[tuple[int, Decision]] | None:
        """Answers by their numbers, in the order in which they were written. None: the file is another than before, or
        an older copy of it, and what was known is to be read anew. Cheap where nothing was written."""
        # Noted before reading: what is written in between shows as a change again.
        place = self._file.place()
        if place == self._seen:
            return ()
        other = self._seen is None or place[0] != self._seen[0]
        with self._file.reading(SINCE) as connection:
            last = 0 if connection is None else connection.execute("SELECT max(seq) FROM decision").fetchone()[0] or 0
            found: Sequence[tuple[int, Decision]] | None = None
            if not other and last >= self._last:
                found = [] if connection is None else _decisions(connection, "WHERE seq > ?", (self._last,))
                last = max((seq for seq, _ in found), default=last)
        self._seen, self._last = place, last
        return found

    def of(self, ticket_id: str) -> Sequence[tuple[int, Decision]]:
        """All answers to one ticket."""
        self._file.place()
        with self._file.reading(SINCE) as connection:
            return () if connection is None else _decisions(connection, "WHERE ticket = ?", (ticket_id,))

    def released(self) -> Sequence[str]:
        """The tickets of which somebody said that they release them alone, oldest first. Only what was written since
        it was asked last is read."""
        file, _ = self._file.place()
        with self._file.reading(SINCE) as connection:
            last = 0 if connection is None else connection.execute("SELECT max(seq) FROM decision").fetchone()[0] or 0
            if file != self._of_file or last < self._looked:
                self._alone, self._looked, self._of_file = {}, 0, file
            if connection is not None and last > self._looked:
                rows = connection.execute(
                    "SELECT ticket FROM decision WHERE seq > ? AND seq <= ? AND json_extract(said, '$.break_glass') "
                    "ORDER BY seq",
                    (self._looked, last),
                )
                self._alone.update((ticket, None) for (ticket,) in rows)
                self._looked = last
        return list(self._alone)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class SqliteDecisions:
    """The deciding side, beside the store. Implements `narrows.ports.approvals.Decisions`. Files of the gate are opened
    for each question and left: a reader that stays would hold them back."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._directory = directory
        self._clock = clock
        self._busy = busy
        self._watch = DecisionWatch(directory, busy=busy)
        self._seen_to: set[str] = set()
        """Of those released alone, the ones of which there is nothing left to look at."""

    def list(self, states: Sequence[TicketState] = ()) -> Sequence[Review]:
        """Tickets in one of these states, or all, oldest first."""
        wanted = frozenset(states)
        if not wanted or not wanted <= _OPEN:
            return list(self.walk(states))
        with self._tickets() as tickets:
            kept = () if tickets is None else tickets.open()
        now = self._clock.now()
        return [review for each in kept if (review := self._review(each, now)).state in wanted]

    def walk(
        self, states: Sequence[TicketState] = (), after: str | None = None, *, newest: bool = False
    ) -> Iterator[Review]:
        """The same by their ids, read in batches."""
        wanted = frozenset(states) or frozenset(TicketState)
        kept: Sequence[Kept] = ()
        while True:
            with self._tickets() as tickets:
                kept = () if tickets is None else tickets.batch(wanted, after, BATCH, newest=newest)
            now = self._clock.now()
            for each in kept:
                review = self._review(each, now)
                if review.state in wanted:
                    yield review
            if len(kept) < BATCH:
                return
            after = kept[-1].ticket.id

    def to_review(self) -> Sequence[Review]:
        """Tickets that somebody released alone, and at which nobody else has looked."""
        found: list[Review] = []
        for ticket in self._watch.released():
            if ticket in self._seen_to:
                continue
            review = self.show(ticket)
            if review is not None and to_review(review.ticket, review.decisions):
                found.append(review)
            elif (self._directory / FILE_NAME).exists() if review is None else review.state not in _OPEN:
                # It is at its end, or was dropped long after it.
                self._seen_to.add(ticket)
        return found

    def show(self, ticket_id: str) -> Review | None:
        """One ticket; None where there is none of that id."""
        kept = self._kept(ticket_id)
        return None if kept is None else self._review(kept, self._clock.now())

    def of_call(self, call: str) -> Sequence[Review]:
        """The tickets that a call has asked or used."""
        with self._tickets() as tickets:
            kept = () if tickets is None else tickets.of_call(call, f"apr_{call.removeprefix('call_')}")
        now = self._clock.now()
        return [self._review(each, now) for each in kept]

    def content(self, ticket_id: str) -> bytes | None:
        """The body that would be sent, unsealed."""
        with self._tickets() as tickets:
            kept = None if tickets is None else tickets.get(ticket_id)
            if tickets is None or kept is None or kept.ended is not None:
                return None
            try:
                return tickets.body(kept.ticket, load(DataDirectory(self._directory)))
            except Unsealable as error:
                raise ApprovalsUnavailable(f"what {ticket_id} asks can't be shown: {error}") from None

    def decide(self, decision: Decision) -> Review:
        """Writes what a person said, and gives what has become of the ticket."""
        if self._kept(decision.ticket) is None:
            raise DecisionRefused(f"there is no ticket {decision.ticket}")
        file = ControlFile(self._directory, self._clock, ApprovalsUnavailable, busy=self._busy)
        try:
            # Nobody else writes now: two who decide at once are judged one after the other.
            with file.transaction() as run:
                now = self._clock.now()
                said = msgspec.structs.replace(decision, at=now)
                before = self.show(decision.ticket)
                if before is None:
                    raise DecisionRefused(f"there is no ticket {decision.ticket}")
                check(before, said, now)
                if contained(run, said.who):
                    raise DecisionRefused(f"{said.who} is contained, and decides about nothing")
                run.execute("INSERT INTO decision (ticket, said) VALUES (?, ?)", (said.ticket, _encode(said).decode()))
        finally:
            file.close()
        # The gate may have ended it in the same moment; then its word holds.
        after = self.show(decision.ticket)
        if after is None:
            raise ApprovalsUnavailable(f"{self._directory / FILE_NAME}: it was replaced just now")
        return after

    def ids(self, most: int = NEWEST) -> Sequence[str]:
        """The ids of the newest tickets, oldest first, for who mistypes one."""
        with self._tickets() as tickets:
            return () if tickets is None else tickets.ids(most)

    def close(self) -> None:
        """Closes the files."""
        self._watch.close()

    def _kept(self, ticket_id: str) -> Kept | None:
        with self._tickets() as tickets:
            return None if tickets is None else tickets.get(ticket_id)

    def _review(self, kept: Kept, now: int) -> Review:
        return review(kept, [decision for _, decision in self._watch.of(kept.ticket.id)], now)

    @contextmanager
    def _tickets(self) -> Iterator[Tickets | None]:
        """The gate's file; None where no gate has made it yet."""
        if not (self._directory / FILE_NAME).exists():
            yield None
            return
        try:
            tickets = Tickets(self._directory, wait=self._busy)
            try:
                yield tickets
            finally:
                tickets.close()
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise ApprovalsUnavailable(f"{self._directory / FILE_NAME}: {error}") from error
        except DataDirectoryError as error:
            raise ApprovalsUnavailable(str(error)) from error


def review(kept: Kept, decisions: Sequence[Decision], now: int) -> Review:
    """A ticket as it stands now: what the gate has written of its end holds, whatever was said later."""
    ended = kept.ended or state(kept.ticket, decisions, now, kept.used)
    return Review(kept.ticket, ended, tuple(decisions), kept.used, kept.reason)


def check(before: Review, said: Decision, now: int) -> None:
    """Whether this may be said of a ticket as it stands. Raises DecisionRefused."""
    ticket = before.ticket
    if said.answer is Answered.REVIEW:
        _check_review(before, said)
        return
    _check_state(before, said)
    _check_terms(ticket, said, now)
    if said.break_glass and not any(
        may_release(each, said.who, said.groups, ticket.requester, ticket.owner) for each in ticket.requirements
    ):
        raise DecisionRefused(f"no rule that asks lets {said.who} release {ticket.id} alone")
    if not entitled(ticket, said):
        raise DecisionRefused(_not_entitled(ticket, said, now))


def _check_review(before: Review, said: Decision) -> None:
    ticket, known = before.ticket, before.decisions
    if not released(ticket, known):
        raise DecisionRefused(f"{ticket.id} was not released by one person alone, so there is nothing to review")
    seen = looked_at(ticket, known)
    if seen is not None:
        raise DecisionRefused(f"{ticket.id} was reviewed already by {seen.who}")
    comment = (said.reason or "").strip()
    if not comment or len(comment) > LONGEST:
        raise DecisionRefused(f"say what you found: a comment of at most {LONGEST} characters is needed")
    if (said.output_cap, said.repeats, said.until, said.break_glass) != (None, None, None, False):
        raise DecisionRefused("a review has no terms")
    if not may_review(ticket, known, said):
        raise DecisionRefused(
            f"{said.who} may not review {ticket.id}: somebody else must, neither who asked nor who released it"
        )


def _check_state(before: Review, said: Decision) -> None:
    ticket, name = before.ticket, before.ticket.id
    if before.state is TicketState.REJECTED:
        first = rejection(ticket, before.decisions)
        raise DecisionRefused(f"{name} was rejected already{f' by {first.who}' if first else ''}")
    if before.state not in _OPEN:
        words = {TicketState.EXPIRED: "has expired", TicketState.CONSUMED: "was approved, and its calls have gone on"}
        raise DecisionRefused(f"{name} {words.get(before.state, _void(before))}")
    if said.answer is Answered.APPROVE:
        if before.state is TicketState.APPROVED:
            raise DecisionRefused(f"{name} is approved already")
        # Who has approved it with others may still release it alone.
        mine = [each for each in before.decisions if each.who == said.who and each.answer is said.answer]
        if any(each.break_glass or not said.break_glass for each in mine):
            raise DecisionRefused(f"{said.who} has approved {name} already; others must, too")


def _void(before: Review) -> str:
    return f"is void: {before.reason}" if before.reason else "is void: it was cancelled"


def _check_terms(ticket: Ticket, said: Decision, now: int) -> None:
    reason = (said.reason or "").strip()
    if len(reason) > LONGEST:
        raise DecisionRefused(f"a reason has at most {LONGEST} characters")
    if not reason and (said.break_glass or said.answer is Answered.REJECT):
        raise DecisionRefused("say why: a reason is needed")
    if said.answer is Answered.REJECT and (said.output_cap, said.repeats, said.until) != (None, None, None):
        raise DecisionRefused("a rejection has no terms")
    if said.output_cap is not None:
        highest = MOST if ticket.output_cap is None else min(ticket.output_cap, MOST)
        if not 1 <= said.output_cap <= highest:
            raise DecisionRefused(f"the cap of replies must be at least 1 and at most {highest} tokens, as the call's")
    if said.break_glass and said.until is not None and said.until > now + RELEASE_ENDS:
        raise DecisionRefused(f"what somebody releases alone ends within {lasting(RELEASE_ENDS)}")
    if said.repeats is not None and not 1 <= said.repeats <= MOST:
        raise DecisionRefused(f"at least 1 and at most {MOST} calls can be approved")
    if said.until is not None and said.until <= now:
        raise DecisionRefused("the approval would be over already")


def _not_entitled(ticket: Ticket, said: Decision, now: int) -> str:
    if said.who == ticket.requester:
        return f"{said.who} asked for it, and nobody decides about their own calls"
    if ticket.owner is not None and barred(said.who, ticket.requester, ticket.owner, said.names):
        return f"{said.who} owns the service account that asks, and nobody decides about their own calls"
    waiting = min((each.then.after for each in ticket.requirements if each.then), default=None)
    later = "" if waiting is None or now - ticket.at >= waiting else " yet: others may once it has waited longer"
    return f"{said.who} may not decide about {ticket.id}{later}"


def _decisions(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[tuple[int, Decision]]:
    found = []
    for seq, said in connection.execute(f"SELECT seq, said FROM decision {where} ORDER BY seq", values):  # noqa: S608 - constants
        try:
            found.append((seq, _decode(said)))
        except msgspec.MsgspecError as error:
            _log.error("decision %d can't be read and counts for nothing: %s", seq, error)
    return found
