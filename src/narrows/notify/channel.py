"""What every channel is: a way to one place, that takes one message at a time."""

from typing import Protocol

import msgspec

from narrows.notify.notice import Notice
from narrows.ports.outbox import Letter


class Undelivered(Exception):
    """A message was not taken; the text says why, and holds no secret.

    `after`: not before so many microseconds should it be tried again. `final`: it is this message that is not taken,
    whatever becomes of others.
    """

    def __init__(self, reason: str, *, after: int = 0, final: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.final = final


class Telling(msgspec.Struct, frozen=True):
    """One message to be sent. `excerpt`: what may be shown of the content. `first`: by which name the channel knows the
    first message about this question."""

    letter: Letter
    notice: Notice
    excerpt: str | None = None
    first: str | None = None


class Channel(Protocol):
    """One channel."""

    async def send(self, telling: Telling) -> str | None:
        """Done when the message was taken; gives the name by which the channel knows it. Raises Undelivered."""

    def close(self) -> None:
        """Ends its connections. Idempotent."""


class Answer(msgspec.Struct, frozen=True):
    """What a server said. `retry`: seconds after which it wants to be asked again."""

    status: int
    body: bytes
    retry: int | None = None


class Outward(Protocol):
    """The way to one server."""

    async def post(self, path: str | None, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> Answer:
        """The answer to a POST; `path` is below the server's address, None its own. Raises Undelivered where there is
        none."""

    def close(self) -> None:
        """Ends its connections. Idempotent."""


def taken(answer: Answer) -> None:
    """Any 2xx. Raises Undelivered: what a server says of one message is told from what it says of all."""
    if 200 <= answer.status < 300:
        return
    after = (answer.retry or 0) * 1_000_000
    raise Undelivered(f"answered with status {answer.status}", after=after, final=answer.status in (400, 413, 415, 422))
