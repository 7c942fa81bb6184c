"""Answers from chats: whose they are, and what they say to the store.

A chat's word for who somebody is counts for nothing by itself: the settings link its users to verified identities, with
the groups they have when they answer there. Whoever is not linked decides nothing. Whether a person may decide is
judged by the store, as everywhere: the requester's own answer, or that of their service account's owner, never counts.
"""

import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from narrows.model.approval import Answered, Decision, Review, TicketState
from narrows.ports.approvals import ApprovalsUnavailable, DecisionRefused, Decisions
from narrows.ports.clock import Clock

LONGEST: Final = 2_000
"""Characters of a reason."""

_log = logging.getLogger("narrows.notify")


class Linked(msgspec.Struct, frozen=True):
    """Who a user of a chat is: `issuer:subject`, their groups, as `issuer:group`, and other names of theirs."""

    who: str
    groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Said(msgspec.Struct, frozen=True):
    """What is told to whoever answered."""

    counts: bool
    text: str


class Answers:
    """Takes answers of one chat. It touches files: not for the event loop's thread."""

    def __init__(self, decisions: Decisions, people: Mapping[str, Linked], clock: Clock) -> None:
        self._decisions, self._people, self._clock = decisions, people, clock

    def knows(self, user: str) -> bool:
        """Whether this user of the chat is anybody."""
        return user in self._people

    def decide(self, user: str, ticket: str, answer: Answered, reason: str | None) -> Said:
        """Writes what a user of the chat says of a ticket."""
        person = self._people.get(user)
        if person is None:
            _log.warning("a user of a chat who is nobody here answered %s", ticket)
            return Said(counts=False, text=f"You are not known here as anybody who may decide ({user}).")
        reason = (reason or "").strip()[:LONGEST] or None
        now = self._clock.now()
        decision = Decision(ticket, person.who, answer, now, reason, person.groups, names=person.names)
        try:
            review = self._decisions.decide(decision)
        except DecisionRefused as refused:
            return Said(counts=False, text=f"That does not count: {refused}")
        except ApprovalsUnavailable as unavailable:
            _log.error("an answer from a chat can't be written: %s", unavailable)
            return Said(counts=False, text="That can't be decided now; try again, or use the command line.")
        _log.info("%s: %s by %s, from a chat", ticket, answer, person.who)
        return Said(counts=True, text=_outcome(review, answer))


def _outcome(review: Review, answer: Answered) -> str:
    if answer is Answered.REJECT:
        return "You rejected it."
    if review.state is TicketState.PENDING:
        return "You approved it; it takes more people."
    return "You approved it."
