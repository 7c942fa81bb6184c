"""The outbox: what is to be told, kept until it is told. Written by the one process that sends."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec


class OutboxUnavailable(Exception):
    """The outbox can't be read or written now; what is to be told is found again later."""


class Letter(msgspec.Struct, frozen=True):
    """One message to one channel. `id` is the same however often it is made or sent, so that receivers can drop
    doubles. Times are Unix time in microseconds: not before `due` is it sent (again)."""

    id: str
    channel: str
    ticket: str
    event: str
    body: bytes
    made: int
    due: int = 0
    tries: int = 0


class Post(msgspec.Struct, frozen=True):
    """How one channel stands: what waits, since when, why; and what was given up."""

    channel: str
    waiting: int
    dead: int
    oldest: int | None = None
    tries: int = 0
    fault: str | None = None


class Dead(msgspec.Struct, frozen=True):
    """A message that was given up."""

    id: str
    channel: str
    ticket: str
    event: str
    made: int
    ended: int
    tries: int
    fault: str


class Outbox(Protocol):
    """Every method raises OutboxUnavailable. What is written here may be lost to a power cut, the last of it first, but
    not to a crash of the process; then it is told again, with the same ids."""

    def told(self, ticket: str) -> frozenset[str]:
        """The events of a ticket that were put."""

    def open(self) -> Sequence[str]:
        """The tickets of which something was put, and that were not closed since."""

    def channels(self, ticket: str) -> frozenset[str]:
        """To which channels something of a ticket was put."""

    def put(self, ticket: str, event: str, at: int, letters: Sequence[Letter]) -> None:
        """Puts the messages of one event, all or none; nothing where the event was put before."""

    def close_ticket(self, ticket: str, at: int) -> None:
        """Nothing more is expected of a ticket."""

    def next(self, channel: str) -> Letter | None:
        """The oldest message that waits for a channel, due or not: they go in their order."""

    def sent(self, letter: str, at: int, reference: str | None) -> None:
        """It was taken. `reference`: by which name the channel knows it."""

    def later(self, letter: str, due: int, fault: str) -> None:
        """It was tried, and will be again."""

    def dead(self, letter: str, at: int, fault: str) -> None:
        """It is given up."""

    def reference(self, ticket: str, channel: str) -> str | None:
        """By which name a channel knows the first message about a ticket."""

    def room(self, channel: str) -> bool:
        """Whether so little waits for a channel that more may be put."""

    def standing(self) -> Mapping[str, Post]:
        """How every channel stands of which there is anything."""

    def graves(self) -> Sequence[Dead]:
        """What was given up, oldest first."""

    def abandon(self, channels: Collection[str], before: int, at: int) -> int:
        """Gives up what was made before then for channels that are none of these; gives how much."""

    def forget(self, before: int) -> int:
        """Drops what was sent or given up, and closed, before then; gives how much."""
