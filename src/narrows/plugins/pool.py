"""A configured plug-in: its processes, or others that answer; the texts that wait for one, and what is known of texts
that come again.

Agents send their whole history with every turn, so what was said of a text is kept, by the text's hash; it is asked
about new text only. A process that dies, hangs or talks nonsense is replaced, and what it was asked for fails. Texts
are asked for in batches, so that a call with many of them leaves others their turn.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from hashlib import blake2b
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from narrows.model.span import Span
from narrows.plugins.process import PluginUnusable, WorkerLost
from narrows.policy.recent import Recent
from narrows.ports.plugin import PluginFailed

T = TypeVar("T")

_log = logging.getLogger("narrows.plugins")

KNOWN: Final = 32_768
"""Texts of which it is known what was said of them, at least; twice as many at most. Some 200 bytes each."""

MOST_CHARACTERS: Final = 16_384
MOST_TEXTS: Final = 64
"""Of one batch; a longer text is a batch of its own."""

LEAST_PAUSE: Final = 0.5
MOST_PAUSE: Final = 30.0
"""Seconds before a plug-in that could not be started again is tried once more."""


class Settings(msgspec.Struct, frozen=True):
    """`processes` is how many batches are asked for at a time, `batch` of how many texts at most. `word` says what it
    is."""

    name: str
    word: str
    timeout: float
    processes: int = 1
    required: bool = True
    batch: int = MOST_TEXTS


class Asker(Protocol[T]):
    """What answers: a process, a service. Asked by one task at a time."""

    async def ask(self, texts: Sequence[str], seconds: float) -> list[T]:
        """What it says of each text. Raises PluginFailed, after which it can be asked again, and WorkerLost, after
        which it can't."""

    async def end(self) -> None:
        """Lets it go."""


Begin = Callable[[], Awaitable[Asker[T]]]
"""Gives one that can be asked. Raises PluginUnusable and OSError."""


class _Batch(Generic[T]):
    __slots__ = ("answer", "texts", "tried")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.answer: asyncio.Future[list[T]] = asyncio.get_running_loop().create_future()
        self.tried = False

    def fail(self, message: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(PluginFailed(message))


class Pool(Generic[T]):
    """Belongs to one event loop: `start` before anything else, and at last `close`, or `retire` where calls still use
    it."""

    def __init__(self, settings: Settings, begin: Begin[T]) -> None:
        self.settings = settings
        self.name = settings.name
        self.required = settings.required
        self.timeout = settings.timeout
        self._begin = begin
        self._known: Recent[bytes, T] = Recent(KNOWN)
        self._queue: asyncio.Queue[_Batch[T]] = asyncio.Queue()
        self._slots: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._inside = 0
        self._retired = False

    async def start(self) -> None:
        """Returns when the first process is ready. Raises PluginUnusable."""
        self._loop = asyncio.get_running_loop()
        first = await self._begin()
        self._slots.append(asyncio.create_task(self._slot(first)))
        self._slots += [asyncio.create_task(self._slot(None)) for _ in range(self.settings.processes - 1)]
        await asyncio.sleep(0)  # A task that is cancelled before it has begun would not end what it was given.

    def recall(self, text: str) -> T | None:
        """What was said of a text lately; None: nobody remembers. Safe in a thread."""
        return self._known.get(_digest(text))

    async def ask(self, texts: Sequence[str]) -> list[T]:
        """What it says of each text. Raises PluginFailed; also where that takes too long."""
        known = {text: self.recall(text) for text in texts}
        answers = {text: said for text, said in known.items() if said is not None}
        if len(answers) < len(known):
            try:
                async with asyncio.timeout(self.timeout):
                    await self._ask([text for text in known if text not in answers], answers)
            except TimeoutError:
                _log.warning("%s %s: no answer within %g s", self.settings.word, self.name, self.timeout)
                raise PluginFailed("did not answer in time") from None
        return [answers[text] for text in texts]

    async def _ask(self, texts: Sequence[str], answers: dict[str, T]) -> None:
        """A few batches at a time."""
        batches = list(_batches(texts, self.settings.batch))
        for at in range(0, len(batches), self.settings.processes):
            some: list[_Batch[T]] = [_Batch(part) for part in batches[at : at + self.settings.processes]]
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

    async def _slot(self, worker: Asker[T] | None) -> None:
        """One that answers after another, as long as the pool is there."""
        pause = LEAST_PAUSE
        while True:
            if worker is None:
                try:
                    worker = await self._begin()
                except (PluginUnusable, OSError) as error:
                    _log.error("%s %s can't be started, it is tried again: %s", self.settings.word, self.name, error)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, MOST_PAUSE)
                    continue
            pause = LEAST_PAUSE
            try:
                await self._serve(worker)
            finally:
                await worker.end()
            worker = None

    async def _serve(self, worker: Asker[T]) -> None:
        """Until it can't be used any more."""
        while True:
            batch = await self._queue.get()
            if batch.answer.done():
                continue
            try:
                said = await worker.ask(batch.texts, self.timeout)
            except PluginFailed as failed:
                _log.warning("%s %s %s", self.settings.word, self.name, failed)
                batch.fail(str(failed))
                continue
            except WorkerLost as lost:
                _log.warning("%s %s %s; its process is replaced", self.settings.word, self.name, lost)
                if lost.died and not batch.tried:
                    batch.tried = True  # It may have been dead for long, so another one is asked, once.
                    self._queue.put_nowait(batch)
                else:
                    batch.fail(str(lost))
                return
            except BaseException:
                batch.fail("was stopped")
                raise
            for text, answer in zip(batch.texts, said, strict=True):
                self._known.put(_digest(text), answer)
            if not batch.answer.done():
                batch.answer.set_result(said)


class AnalyzerPool(Pool[tuple[Span, ...]]):
    """An `Analysis`."""

    def __init__(self, settings: Settings, begin: Begin[tuple[Span, ...]], entities: Collection[str]) -> None:
        super().__init__(settings, begin)
        self.entities = frozenset(entities)

    async def analyze(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """What it finds in each text. Raises PluginFailed."""
        return await self.ask(texts)


class ClassifierPool(Pool[tuple[str, ...]]):
    """A `Classification`."""

    def __init__(self, settings: Settings, begin: Begin[tuple[str, ...]], labels: Collection[str]) -> None:
        super().__init__(settings, begin)
        self.labels = frozenset(labels)

    async def classify(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """The labels of each text. Raises PluginFailed."""
        return await self.ask(texts)


def _batches(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (size + len(text) > MOST_CHARACTERS or len(batch) == most):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    yield batch


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
