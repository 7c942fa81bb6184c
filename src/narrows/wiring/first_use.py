"""Says which identities have used which models, from the record.

The record is read once from its beginning, off the event loop, and then from where it was left: what is kept is a short
hash of each identity, connection and model that has met. Nothing is asked of it unless a policy wants to know.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from narrows.model.call import Call
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.views import CallView

PATIENCE: Final = 20.0
"""Seconds that a call waits for the record to be read; then nobody knows."""

_log = logging.getLogger("narrows.approvals")


class Tail(Protocol):
    """The record, from a place on."""

    def tail(self, after: int) -> tuple[Sequence[CallView], int]:
        """The calls that began or ended next, and the place to go on from."""


class FirstUses:
    """What has been used. Asked on the event loop."""

    def __init__(self, record: Callable[[], Tail]) -> None:
        """`record` opens it when it is first asked for."""
        self._open = record
        self._record: Tail | None = None
        self._seen: set[bytes] = set()
        self._place = 0
        self._reading: asyncio.Task[None] | None = None

    async def used(self, call: Call) -> bool | None:
        """Whether the identity of a call has used its model over its connection before; None: nobody knows."""
        name = _name(call.principal.key, call.connection, call.model)
        if name in self._seen:
            return True
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(self._read())
        except (TimeoutError, DataDirectoryError) as failure:
            _log.warning("which models were used before can't be read now: %s", str(failure) or "it takes too long")
            return None
        return name in self._seen

    def _read(self) -> "asyncio.Task[None]":
        """Reads what has come since; one reads for all. What is written just now may be missing: then people are asked
        once too often."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(asyncio.to_thread(self._read_on))
        return self._reading

    def _read_on(self) -> None:
        record = self._record = self._record or self._open()
        while True:
            calls, last = record.tail(self._place)
            self._seen.update(_name(call.user, call.connection, call.model) for call in calls if call.forwarded)
            if last <= self._place:
                return
            self._place = last


def _name(user: str, connection: str, model: str | None) -> bytes:
    parts = [part.encode("utf-8", "surrogatepass") for part in (user, connection, model or "")]
    return hashlib.blake2b(b"\0".join(b"%d:" % len(part) + part for part in parts), digest_size=16).digest()
