"""Work that would hold the event loop too long, done by another process that knows the same snapshot.

A port of bytes: what a question and its answer mean is the engine's business (`narrows.engine.apart`). Bytes are all
that both sides can take piece by piece, with turns for others in between.
"""

from collections.abc import Sequence
from typing import Protocol


class WorkerFailed(Exception):
    """There is no answer: the process died, took too long or could not load the snapshot. The call is refused."""


class Apart(Protocol):
    """The way to such a process, bound to one snapshot: what it answers, it answers under that one."""

    def takes(self, size: int) -> bool:
        """Whether a question with so many bytes of data should be asked now. False: where the process is not up yet,
        and waiting for it would take longer than the work itself; it is started meanwhile."""

    async def ask(self, question: bytes, data: bytes) -> Sequence[bytes]:
        """The parts of the answer. Raises WorkerFailed."""
