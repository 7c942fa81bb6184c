"""The gate's side of the processes that judge large calls: started when first needed, ended when idle or hung.

There are two, so that a call of a hundred kilobytes does not wait behind one of ten megabytes. Each answers one
question at a time; what waits, waits here. Bytes go and come in pieces, so that the event loop never holds more than
one of them. Nothing that goes wrong there lets a call pass: a process that dies, hangs or can't load the snapshot
refuses it.
"""

import asyncio
import contextlib
import io
import itertools
import logging
import pickle
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.ports.offload import WorkerFailed
from narrows.wiring.blueprint import Blueprint
from narrows.wiring.worker import ASK, COUNT, DONE, KEPT, LOAD, PIECE, SIZE, header

_log = logging.getLogger("narrows.offload")

QUICK: Final = 256 * 1024
"""Bytes of data up to which a question goes to the process for quick ones."""

IDLE: Final = 120.0
"""Seconds without a question after which a process ends: it takes as much memory as the detectors do."""

LOADING: Final = 60.0
FIRST: Final = 60.0
PER_MEGABYTE: Final = 5.0
"""Seconds that a process may take to load a snapshot, for a question, and besides for each megabyte of its data."""


class _Job(msgspec.Struct):
    """A question that waits for its answer."""

    name: bytes
    blueprint: Blueprint
    question: bytes
    data: bytes
    done: asyncio.Future[Sequence[bytes]]


class _Line(asyncio.BufferedProtocol):
    """One process's socket: a message out, a message in."""

    def __init__(self) -> None:
        self._piece = bytearray(PIECE)
        self._answer: asyncio.Future[list[bytes]] | None = None
        self.lost = self.owing = False
        self.transport: asyncio.Transport
        self._begin()

    def _begin(self) -> None:
        self._head = bytearray()
        self._sizes: list[int] | None = None
        self._parts: list[bytes] = []
        self._part = io.BytesIO()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's are no subclass of asyncio's

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's signature
        self.lost = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(WorkerFailed("the process that judges large calls ended"))

    async def exchange(self, parts: Sequence[bytes], seconds: float) -> list[bytes]:
        """The answer to a message. Raises WorkerFailed; then the line is good for nothing more."""
        if self.lost:
            raise WorkerFailed("the process that judges large calls ended")
        self._answer = asyncio.get_running_loop().create_future()
        self.owing = True
        self.transport.write(header(parts))
        for part in parts:
            if part:
                self.transport.write(part)
        try:
            async with asyncio.timeout(seconds):
                return await self._answer
        except TimeoutError:
            raise WorkerFailed("the process that judges large calls took too long") from None
        finally:
            self._answer = None

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - the loop's signature
        return self._piece

    def buffer_updated(self, nbytes: int) -> None:
        with memoryview(self._piece) as piece:
            at = 0
            while at < nbytes:
                at += self._take(piece[at:nbytes])

    def _take(self, data: memoryview) -> int:
        """Reads on in the message; how many bytes of `data` that were."""
        if self._sizes is None:
            return self._take_head(data)
        left = self._sizes[len(self._parts)] - self._part.tell()
        taken = min(left, len(data))
        self._part.write(data[:taken])
        if taken == left:
            self._end_part()
        return taken

    def _take_head(self, data: memoryview) -> int:
        head = self._head
        needed = COUNT.size
        if len(head) >= COUNT.size:
            needed += SIZE.size * COUNT.unpack_from(head)[0]
        taken = min(needed - len(head), len(data))
        head += data[:taken]
        if len(head) == needed > COUNT.size:
            sizes = head[COUNT.size :]
            self._sizes = [size for (size,) in SIZE.iter_unpack(sizes)]
            self._skip_empty()
        return taken

    def _end_part(self) -> None:
        # The buffer's bytes themselves: what it holds is not copied once more.
        self._parts.append(self._part.getvalue())
        self._part = io.BytesIO()
        self._skip_empty()

    def _skip_empty(self) -> None:
        sizes = self._sizes or []
        while len(self._parts) < len(sizes) and not sizes[len(self._parts)]:
            self._parts.append(b"")
        if len(self._parts) == len(sizes):
            parts, answer = self._parts, self._answer
            self._begin()
            self.owing = False
            if answer is not None and not answer.done():
                answer.set_result(parts)


class Lane:
    """One process and those who wait for it."""

    def __init__(self, name: str, idle: float = IDLE) -> None:
        self._name, self._idle = name, idle
        self._waiting: deque[_Job] = deque()
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._line: _Line | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._loaded: list[bytes] = []

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        return None if self._process is None else self._process.pid

    def knows(self, name: bytes) -> bool:
        """Whether the process runs and has loaded this snapshot."""
        return name in self._loaded and self._line is not None and not self._line.lost

    async def ask(self, name: bytes, blueprint: Blueprint, question: bytes = b"", data: bytes = b"") -> Sequence[bytes]:
        """The answer under this snapshot; without a question, the snapshot is only loaded. Raises WorkerFailed."""
        job = _Job(name, blueprint, question, data, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._arrived.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"narrows {self._name}")
        return await job.done

    async def close(self) -> None:
        """Ends the process; who still waits is refused."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._end()
        for job in self._waiting:
            if not job.done.done():
                job.done.set_exception(WorkerFailed("the gate is shutting down"))
        self._waiting.clear()

    async def _run(self) -> None:
        """Answers what waits; ends the process, and itself, when nothing does."""
        while True:
            while self._waiting:
                job = self._waiting.popleft()
                if not job.done.done():
                    await self._serve(job)
                del job
            self._arrived.clear()
            try:
                async with asyncio.timeout(self._idle):
                    await self._arrived.wait()
            except TimeoutError:
                if not self._waiting:
                    self._end()
                    return

    async def _serve(self, job: _Job) -> None:
        try:
            parts = await self._answered(job)
        except WorkerFailed as failure:
            _log.error("%s: %s", self._name, failure)
            if not job.done.done():
                job.done.set_exception(failure)
        except asyncio.CancelledError:
            self._waiting.appendleft(job)
            raise
        else:
            if not job.done.done():
                job.done.set_result(parts)

    async def _answered(self, job: _Job) -> Sequence[bytes]:
        line = self._line
        if line is None or line.lost:
            self._end()
            line = await self._start()
        try:
            if job.name not in self._loaded:
                await self._load(line, job)
            if not job.question:
                return ()
            seconds = FIRST + PER_MEGABYTE * (len(job.data) >> 20)
            return _good(await line.exchange((ASK, job.name, job.question, job.data), seconds))
        except BaseException:
            if line.lost or line.owing:
                # An answer that is still to come would be taken for the next one's.
                self._end()
            raise

    async def _load(self, line: _Line, job: _Job) -> None:
        packed = await asyncio.to_thread(pickle.dumps, job.blueprint)
        _good(await line.exchange((LOAD, job.name, packed), LOADING))
        self._loaded = [*self._loaded[-(KEPT - 1) :], job.name]

    async def _start(self) -> _Line:
        """Starts the process. Raises WorkerFailed."""
        loop = asyncio.get_running_loop()
        try:
            self._process, ours = await asyncio.to_thread(_spawned)
            _, line = await loop.create_unix_connection(_Line, sock=ours)
        except OSError as error:
            raise WorkerFailed(f"the process that judges large calls can't be started: {error.strerror}") from None
        self._line, self._loaded = line, []
        return line

    def _end(self) -> None:
        """Ends the process at once: it holds nothing that anyone still needs."""
        line, process = self._line, self._process
        self._line, self._process, self._loaded = None, None, []
        if line is not None:
            line.transport.abort()
        if process is not None:
            process.kill()
            # A killed process is gone in a moment, and must not stay behind as a zombie.
            asyncio.get_running_loop().run_in_executor(None, process.wait)


def _good(parts: list[bytes]) -> Sequence[bytes]:
    if parts[0] != DONE:
        raise WorkerFailed(parts[1].decode("utf-8", "replace"))
    return parts[1:]


def _spawned() -> tuple["subprocess.Popen[bytes]", socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        # -P: nothing in the working directory may pass for a module of ours.
        command = [sys.executable, "-P", "-m", "narrows.wiring.worker", str(number)]
        process = subprocess.Popen(command, pass_fds=(number,), stdin=subprocess.DEVNULL)  # noqa: S603 - our own
    ours.setblocking(False)  # noqa: FBT003
    return process, ours


class Workers:
    """Both processes of a gate, for all of its snapshots."""

    def __init__(self, idle: float = IDLE) -> None:
        self._lanes = (Lane("quick calls", idle), Lane("large calls", idle))
        self._names = itertools.count(1)
        self._loading: set[asyncio.Task[Sequence[bytes]]] = set()

    def bound(self, blueprint: Blueprint) -> "Bound":
        """The way to them under one snapshot."""
        return Bound(self, b"%d" % next(self._names), blueprint)

    def lane(self, size: int) -> Lane:
        """The process for so many bytes of data."""
        return self._lanes[size > QUICK]

    def load(self, lane: Lane, name: bytes, blueprint: Blueprint) -> None:
        """Has a process load a snapshot, without waiting for it; once at a time."""
        if not self._loading:
            task = asyncio.create_task(lane.ask(name, blueprint))
            self._loading.add(task)
            task.add_done_callback(self._loaded)

    def _loaded(self, task: "asyncio.Task[Sequence[bytes]]") -> None:
        self._loading.discard(task)
        if not task.cancelled():
            task.exception()  # the lane has logged it

    async def close(self) -> None:
        """Ends the processes."""
        for lane in self._lanes:
            await lane.close()


class Bound:
    """The `Apart` of one snapshot."""

    def __init__(self, workers: Workers, name: bytes, blueprint: Blueprint) -> None:
        self._workers, self._name, self._blueprint = workers, name, blueprint

    def takes(self, size: int) -> bool:
        """Quick questions don't wait for a process to start."""
        lane = self._workers.lane(size)
        if size > QUICK or lane.knows(self._name):
            return True
        self._workers.load(lane, self._name, self._blueprint)
        return False

    async def ask(self, question: bytes, data: bytes) -> Sequence[bytes]:
        """The parts of the answer. Raises WorkerFailed."""
        return await self._workers.lane(len(data)).ask(self._name, self._blueprint, question, data)
