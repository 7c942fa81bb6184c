"""A configured analyzer: its processes, the texts that wait for one, and what is known of texts that come again.

Agents send their whole history with every turn, so what was found in a text is kept, by the text's hash; only new text
is analysed. A process that dies, hangs or talks nonsense is replaced, and what it was asked for fails. Texts are asked
for in batches, so that a call with many of them leaves others their turn.
"""

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from narrows.model.span import Span
from narrows.plugins.process import AnalyzerUnusable, Worker, WorkerLost
from narrows.policy.recent import Recent
from narrows.ports.analyzer import AnalyzerFailed, Wanted

_log = logging.getLogger("narrows.plugins")

KNOWN: Final = 32_768
"""Texts of which it is known what was found in them, at least; twice as many at most. Some 200 bytes each."""

MOST_CHARACTERS: Final = 16_384
MOST_TEXTS: Final = 64
"""Of one batch; a longer text is a batch of its own."""

LEAST_PAUSE: Final = 0.5
MOST_PAUSE: Final = 30.0
"""Seconds before a plug-in that could not be started again is tried once more."""


class Settings(msgspec.Struct, frozen=True):
    """What makes two pools the same."""

    name: str
    plugin: str
    wanted: Wanted
    timeout: float
    processes: int
    required: bool


class _Batch:
    __slots__ = ("answer", "texts", "tried")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.answer: asyncio.Future[list[tuple[Span, ...]]] = asyncio.get_running_loop().create_future()
        self.tried = False

    def fail(self, message: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(AnalyzerFailed(message))


class AnalyzerPool:
    """Belongs to one event loop: `start` before anything else, and at last `close`, or `retire` where calls still use
    it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = settings.name
        self.entities = settings.wanted.entities
        self.required = settings.required
        self.timeout = settings.timeout
        self._known: Recent[bytes, tuple[Span, ...]] = Recent(KNOWN)
        self._queue: asyncio.Queue[_Batch] = asyncio.Queue()
        self._slots: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._inside = 0
        self._retired = False

    async def start(self) -> None:
        """Returns when the first process is ready. Raises AnalyzerUnusable."""
        self._loop = asyncio.get_running_loop()
        first = await self._worker()
        self._slots.append(asyncio.create_task(self._slot(first)))
        self._slots += [asyncio.create_task(self._slot(None)) for _ in range(self.settings.processes - 1)]

    def recall(self, text: str) -> tuple[Span, ...] | None:
        return self._known.get(_digest(text))

    async def analyze(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        known = {text: self.recall(text) for text in texts}
        answers = {text: spans for text, spans in known.items() if spans is not None}
        if len(answers) < len(known):
            try:
                async with asyncio.timeout(self.timeout):
                    await self._ask([text for text in known if text not in answers], answers)
            except TimeoutError:
                _log.warning("analyzer %s: no answer within %g s", self.name, self.timeout)
                raise AnalyzerFailed("did not answer in time") from None
        return [answers[text] for text in texts]

    async def _ask(self, texts: Sequence[str], answers: dict[str, tuple[Span, ...]]) -> None:
        """A few batches at a time."""
        batches = list(_batches(texts))
        for at in range(0, len(batches), self.settings.processes):
            some = [_Batch(part) for part in batches[at : at + self.settings.processes]]
            try:
                for batch in some:
                    self._queue.put_nowait(batch)
                for batch in some:
                    answers.update(zip(batch.texts, await batch.answer, strict=True))
            finally:
                # Who asked may have gone, or had enough: what no process has begun with is not begun any more.
                for batch in some:
                    batch.answer.cancel()

    def enter(self) -> None:
        with self._lock:
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            last = self._retired and not self._inside
        if last and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop)

    def retire(self) -> None:
        """It is no longer configured: it stops when no call uses it any more."""
        with self._lock:
            self._retired = True
            last = not self._inside
        if last:
            self._stop()

    async def close(self) -> None:
        """Ends the processes."""
        self._stop()
        await asyncio.gather(*self._slots, return_exceptions=True)

    def _stop(self) -> None:
        for slot in self._slots:
            slot.cancel()

    async def _worker(self) -> Worker:
        settings = self.settings
        return await Worker.start(settings.name, settings.plugin, settings.wanted, settings.timeout)

    async def _slot(self, worker: Worker | None) -> None:
        """One process after another, as long as the pool is there."""
        pause = LEAST_PAUSE
        while True:
            if worker is None:
                try:
                    worker = await self._worker()
                except (AnalyzerUnusable, OSError) as error:
                    _log.error("analyzer %s can't be started, it is tried again: %s", self.name, error)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, MOST_PAUSE)
                    continue
            pause = LEAST_PAUSE
            try:
                await self._serve(worker)
            finally:
                await worker.end()
            worker = None

    async def _serve(self, worker: Worker) -> None:
        """Until the process can't be used any more."""
        while True:
            batch = await self._queue.get()
            if batch.answer.done():
                continue
            try:
                found = await worker.ask(batch.texts, self.timeout)
            except AnalyzerFailed as failed:
                _log.warning("analyzer %s %s", self.name, failed)
                batch.fail(str(failed))
                continue
            except WorkerLost as lost:
                _log.warning("analyzer %s %s; its process is replaced", self.name, lost)
                if lost.died and not batch.tried:
                    batch.tried = True  # It may have been dead for long, so another one is asked, once.
                    self._queue.put_nowait(batch)
                else:
                    batch.fail(str(lost))
                return
            except BaseException:
                batch.fail("was stopped")
                raise
            for text, spans in zip(batch.texts, found, strict=True):
                self._known.put(_digest(text), spans)
            if not batch.answer.done():
                batch.answer.set_result(found)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (size + len(text) > MOST_CHARACTERS or len(batch) == MOST_TEXTS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    yield batch


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
