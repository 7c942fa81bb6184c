import os

import pytest

from narrows.wiring.offload import WorkerProcesses


@pytest.fixture
def workers() -> "WorkerProcesses":
    return WorkerProcesses()


async def test_work_runs_in_another_process_and_survives_its_death(workers: WorkerProcesses) -> None:
    try:
        first = await workers.run(os.getpid)
        assert first != os.getpid()
        with pytest.raises(ZeroDivisionError):
            await workers.run(divmod, 1, 0)
        os.kill(first, 9)
        second = await workers.run(os.getpid)
        assert second not in (first, os.getpid())
    finally:
        workers.close()
