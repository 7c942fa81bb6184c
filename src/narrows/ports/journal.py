"""The write-ahead record of calls, and reading it back."""

from collections.abc import Awaitable
from typing import Protocol

from narrows.model.record import Closed, Opened, Segment, Strangers


class JournalUnavailable(Exception):
    """The record can't be written now (disk full, I/O error, writer too far behind); nothing may be forwarded."""


class Journal(Protocol):
    """Written by one gate. Entries are kept in the order of these calls."""

    def open(self, entry: Opened) -> Awaitable[None]:
        """Writes the intent; the awaitable is done when it is durable. Raises JournalUnavailable, at once or late."""

    def segment(self, entry: Segment) -> None:
        """Writes a part of a running stream, without waiting."""

    def close(self, entry: Closed) -> None:
        """Writes the ending of an opened call, without waiting; it survives unless the process dies first, and then
        the next start closes the call as `unknown`. Never raises."""

    def strangers(self, counts: list[Strangers]) -> None:
        """Writes the counts of unauthenticated refusals of a past minute."""

    async def owns(self, principal_key: str, connection: str, reference: str) -> bool:
        """Whether this principal received the response or conversation `reference` through this connection."""

    @property
    def healthy(self) -> bool:
        """False when the last write failed."""
