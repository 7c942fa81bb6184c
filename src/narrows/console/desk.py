"""Where the console reads and writes files: on one thread of its own, so that the event loop never waits for a disk and
no two requests are in a file at once.

It owns the thread and what is open on it. It knows nothing of HTTP.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

from narrows.identity.containment import Holdings
from narrows.model.approval import RecentCall, Ticket
from narrows.ports.access import Grants
from narrows.ports.approvals import Decisions
from narrows.ports.audit import Audit
from narrows.ports.changes import Changes
from narrows.ports.clock import Clock
from narrows.ports.directory import Directory
from narrows.ports.revocations import Revocations
from narrows.ports.sightings import Sighted
from narrows.ports.tokens import Tokens

T = TypeVar("T")


class Books(Protocol):
    """What is open on the desk. Used on the desk's thread alone."""

    @property
    def decisions(self) -> Decisions:
        """Tickets, and what is decided of them."""

    def recent(self, ticket: Ticket) -> Sequence[RecentCall]:
        """Calls of a ticket's session before it was asked."""

    @property
    def audit(self) -> Audit:
        """The trail of acts."""

    @property
    def grants(self) -> Grants:
        """Access that was asked for."""

    @property
    def tokens(self) -> Tokens:
        """Tokens that were issued."""

    @property
    def directory(self) -> Directory:
        """People and groups as providers sent them."""

    @property
    def changes(self) -> Changes:
        """Changes of what teams manage."""

    @property
    def revocations(self) -> Revocations:
        """What was revoked."""

    @property
    def sighted(self) -> Sighted:
        """What gates have seen."""

    def holdings(self, who: str) -> Holdings:
        """What a person (`issuer:subject`) has in hand now."""

    def close(self) -> None:
        """Closes the files."""


class Desk:
    """Runs work on what `opens` opened. `start` first, `close` last. `now` gives Unix microseconds."""

    def __init__(self, opens: Callable[[], Books], clock: Clock) -> None:
        self.clock: Final = clock
        self.now: Final = clock.now
        self._opens = opens
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="console-desk")
        self._books: Books | None = None

    async def start(self) -> None:
        """Opens the files. Raises what opening them raises."""
        self._books = await self._on_thread(self._opens)

    async def run(self, work: Callable[[Books], T]) -> T:
        """What the work gives; raises what it raises. A request that is cancelled meanwhile does not stop it: what was
        begun is written to its end."""
        books = self._books
        if books is None:
            raise RuntimeError("the desk is not open")
        return await asyncio.shield(self._on_thread(lambda: work(books)))

    async def close(self) -> None:
        """Ends what is at work, then closes the files."""
        books, self._books = self._books, None
        if books is not None:
            await self._on_thread(books.close)
        self._thread.shutdown(wait=True)

    def _on_thread(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self._thread, work)
