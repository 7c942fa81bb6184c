"""One process that runs an analyzer, as the gate sees it: started, asked, ended. It trusts nothing that comes back."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.model.span import Span
from narrows.plugins.frames import LARGEST, LENGTH, Analyzed, Start, Started, frame
from narrows.ports.analyzer import AnalyzerFailed, Wanted

STARTING: Final = 120.0
"""Seconds to load a plug-in and its model."""

_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
"""One process is one core's work; set where the operator has not."""


class AnalyzerUnusable(Exception):
    """A plug-in can't be started; the message says why."""


class WorkerLost(Exception):
    """The process is gone, or must go: it died, took too long, or said what is no answer. The message says which."""

    def __init__(self, message: str, *, died: bool = False) -> None:
        super().__init__(message)
        self.died = died


class Worker:
    """A running process. Asked by one task at a time."""

    def __init__(self, process: asyncio.subprocess.Process, name: str, entities: frozenset[str]) -> None:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker is spoken to through pipes")
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._name = name
        self._entities = entities
        self._decoder = msgspec.msgpack.Decoder(Analyzed)

    @classmethod
    async def start(cls, name: str, plugin: str, wanted: Wanted, seconds: float) -> "Worker":
        """A process whose plug-in is loaded. `seconds` is its limit for one message. Raises AnalyzerUnusable."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "narrows.plugins.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=None,
            env={**_ENVIRONMENT, **os.environ}, start_new_session=True,
        )  # fmt: skip
        worker = cls(process, name, wanted.entities)
        try:
            async with asyncio.timeout(STARTING):
                answer = await worker._exchange(Start(plugin, wanted, seconds))
                started = msgspec.msgpack.decode(answer, type=Started)
        except (TimeoutError, WorkerLost, msgspec.DecodeError):
            await worker.end()
            raise AnalyzerUnusable("its process did not start") from None
        except BaseException:
            await worker.end()
            raise
        if started.error is not None:
            await worker.end()
            raise AnalyzerUnusable(started.error)
        return worker

    async def ask(self, texts: Sequence[str], seconds: float) -> list[tuple[Span, ...]]:
        """What is found in each text. Raises AnalyzerFailed, after which it can be asked again, and WorkerLost, after
        which it can't; cancelled, it must be killed."""
        try:
            async with asyncio.timeout(seconds):
                data = await self._exchange(tuple(texts))
        except TimeoutError:
            raise WorkerLost("did not answer in time") from None
        try:
            analyzed = self._decoder.decode(data)
        except msgspec.DecodeError:
            raise WorkerLost("gave what is no answer") from None
        if analyzed.error is not None:
            raise AnalyzerFailed(f"failed with {analyzed.error}")
        if len(analyzed.spans) != len(texts):
            raise WorkerLost("gave what is no answer")
        return [self._checked(text, spans) for text, spans in zip(texts, analyzed.spans, strict=True)]

    def _checked(self, text: str, spans: Sequence[tuple[int, int, str, float]]) -> tuple[Span, ...]:
        checked = []
        for start, end, entity, score in spans:
            if not 0 <= start < end <= len(text):
                raise AnalyzerFailed("gave a span that the text does not have")
            if entity not in self._entities:
                raise AnalyzerFailed("gave an entity that it was not asked for")
            if not 0 <= score <= 1:
                raise AnalyzerFailed("gave a score that is none")
            checked.append(Span(start, end, entity, score, self._name))
        return tuple(checked)

    async def _exchange(self, message: object) -> bytes:
        try:
            # A lone surrogate is none of Unicode's characters, so it can't be sent; no name has one.
            self._stdin.write(frame(_sendable(message)))
            await self._stdin.drain()
            (size,) = LENGTH.unpack(await self._stdout.readexactly(LENGTH.size))
            if size > LARGEST:
                raise WorkerLost("gave what is no answer")
            return await self._stdout.readexactly(size)
        except (OSError, asyncio.IncompleteReadError):
            raise WorkerLost("died", died=True) from None

    def kill(self) -> None:
        """Ends the process at once."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        self._stdin.close()

    async def end(self) -> None:
        """Ends the process, and waits for it to be gone."""
        self.kill()
        await self._process.wait()


def _sendable(message: object) -> object:
    return (
        tuple(text.encode("utf-8", "replace").decode() for text in message) if isinstance(message, tuple) else message
    )
