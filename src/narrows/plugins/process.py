"""One process that runs a plug-in, as the gate sees it: started, asked, ended. It trusts nothing that comes back."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from narrows.plugins.frames import LARGEST, LENGTH, Start, Started, frame
from narrows.plugins.kinds import Kind
from narrows.ports.analyzer import Wanted
from narrows.ports.classifier import Sought
from narrows.ports.plugin import PluginFailed

T = TypeVar("T")

STARTING: Final = 120.0
"""Seconds to load a plug-in and its model."""

_DEFAULTS: Final = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
"""One process is one core's work; set where the operator has not."""

PASSED: Final = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"}
    | {"SSL_CERT_FILE", "SSL_CERT_DIR", "CUDA_VISIBLE_DEVICES", *_DEFAULTS}
)
PREFIXES: Final = ("LC_", "PYTHON")
"""Environment variables that every process gets, by name and by prefix. The gate's others may be secrets."""


class PluginUnusable(Exception):
    """A plug-in can't be started; the message says why."""


class WorkerLost(Exception):
    """The process is gone, or must go: it died, took too long, or said what is no answer. The message says which."""

    def __init__(self, message: str, *, died: bool = False) -> None:
        super().__init__(message)
        self.died = died


class Running(msgspec.Struct, frozen=True):
    """What a process is started with. `seconds` is its limit for one message; `environment` are the names of further
    variables that it gets."""

    plugin: str
    wanted: Wanted | Sought
    seconds: float
    environment: tuple[str, ...] = ()


def environment(environ: Mapping[str, str], names: Collection[str] = ()) -> dict[str, str]:
    """What of the gate's environment a process gets."""
    passed = {
        name: value for name, value in environ.items() if name in PASSED or name in names or name.startswith(PREFIXES)
    }
    return {**_DEFAULTS, **passed}


class Worker(Generic[T]):
    """A running process. Asked by one task at a time."""

    def __init__(self, process: asyncio.subprocess.Process, kind: Kind[T]) -> None:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker is spoken to through pipes")
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._read = kind.read
        self._decoder = msgspec.msgpack.Decoder(kind.answer)

    @classmethod
    async def start(cls, kind: Kind[T], running: Running) -> "Worker[T]":
        """A process whose plug-in is loaded. Raises PluginUnusable."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "narrows.plugins.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=None,
            env=environment(os.environ, running.environment), start_new_session=True,
        )  # fmt: skip
        worker = cls(process, kind)
        try:
            async with asyncio.timeout(STARTING):
                answer = await worker._exchange(Start(running.plugin, running.wanted, running.seconds))
                started = msgspec.msgpack.decode(answer, type=Started)
        except (TimeoutError, WorkerLost, msgspec.DecodeError):
            await worker.end()
            raise PluginUnusable("its process did not start") from None
        except BaseException:
            await worker.end()
            raise
        if started.error is not None:
            await worker.end()
            raise PluginUnusable(started.error)
        return worker

    async def ask(self, texts: Sequence[str], seconds: float) -> list[T]:
        """What it says of each text. Raises PluginFailed, after which it can be asked again, and WorkerLost, after
        which it can't; cancelled, it must be killed."""
        try:
            async with asyncio.timeout(seconds):
                data = await self._exchange(tuple(texts))
        except TimeoutError:
            raise WorkerLost("did not answer in time") from None
        try:
            answer = self._decoder.decode(data)
        except msgspec.DecodeError:
            raise WorkerLost("gave what is no answer") from None
        if answer.error is not None:
            raise PluginFailed(f"failed with {answer.error}")
        if len(answer.rows) != len(texts):
            raise WorkerLost("gave what is no answer")
        return [self._read(text, row) for text, row in zip(texts, answer.rows, strict=True)]

    async def _exchange(self, message: object) -> bytes:
        try:
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


def sendable(text: str) -> str:
    """A text as it is sent: a lone surrogate is none of Unicode's characters, and no name has one."""
    return text.encode("utf-8", "replace").decode()


def _sendable(message: object) -> object:
    return tuple(map(sendable, message)) if isinstance(message, tuple) else message
