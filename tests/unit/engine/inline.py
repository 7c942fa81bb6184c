"""What judges large calls in a gate, in the test's own process."""

from collections.abc import Sequence

from narrows.engine.apart import Tools, answer
from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Snapshot
from narrows.inspection.novelty import Sessions
from narrows.policy.tokens import EstimatingCounter
from narrows.ports.offload import WorkerFailed


class Inline:
    """Judges large calls in this process, as the one beside the gate would, and counts. `failing`: it can't."""

    def __init__(self) -> None:
        self.runs = 0
        self.failing = ""
        self.ready = True
        self.snapshot: Snapshot | None = None

    def takes(self, size: int) -> bool:
        return self.ready

    async def ask(self, question: bytes, data: bytes) -> Sequence[bytes]:
        self.runs += 1
        if self.failing:
            raise WorkerFailed(self.failing)
        assert self.snapshot is not None
        return answer(
            self.snapshot, Tools(EstimatingCounter(), SessionIds(b"key"), Sessions(b"s" * 32)), question, data
        )
