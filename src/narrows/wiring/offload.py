"""A worker process for work that would hold the event loop: started at the first need, replaced when it dies."""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

T = TypeVar("T")


class WorkerProcesses:
    """Runs picklable functions in a small pool of spawned processes."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """The function's result; a pool whose worker died is replaced and the work tried once more."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._running(), function, *args)
        except BrokenProcessPool:
            self._drop()
            return await loop.run_in_executor(self._running(), function, *args)

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # spawn: a forked child would inherit the gate's sockets, threads and journal lock.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=context, initializer=_ignore_signals)
        return self._pool

    def _drop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def close(self) -> None:
        """Ends the workers."""
        self._drop()


def _ignore_signals() -> None:
    """The gate decides when its workers end, not the terminal's Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
