"""The process beside the gate: it holds a gate's snapshot without any way out, and judges large calls under it.

`python -m narrows.wiring.worker FD` is started by `offload` and ends when the socket it was given closes. It knows no
credential of an upstream or of the gate, and writes nothing but answers. What arrives are blueprints of snapshots, and
questions with their data; it answers under no snapshot but the one that is named.
"""

import gc
import io
import logging
import os
import pickle
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Final

from narrows.engine.apart import Tools, answer
from narrows.engine.snapshot import Snapshot
from narrows.wiring import allocator
from narrows.wiring.blueprint import Blueprint, Unbuildable, build
from narrows.wiring.logs import configure

_log = logging.getLogger("narrows.worker")

KEPT: Final = 2
"""Snapshots that are kept: the one in force, and the one before it for calls that began under it."""

NICENESS: Final = 10
"""Large calls take what others leave: where there is one core, the gate comes first."""

LOAD: Final = b"load"
ASK: Final = b"ask"
DONE: Final = b"done"
FAILED: Final = b"failed"

COUNT: Final = struct.Struct(">I")
SIZE: Final = struct.Struct(">Q")
"""A message: how many parts, their sizes, and the parts."""

PIECE: Final = 256 * 1024
"""Bytes that are sent or read at once."""


class Worker:
    """Answers one message after another."""

    def __init__(self) -> None:
        self._built: dict[bytes, tuple[Snapshot, Tools]] = {}

    def handle(self, parts: list[bytes]) -> list[bytes]:
        """The parts of the answer; never raises."""
        try:
            kind, name, *rest = parts
            if kind == LOAD:
                self._load(name, rest[0])
                return [DONE]
            snapshot, tools = self._built[name]
            return [DONE, *answer(snapshot, tools, *rest)]
        except Unbuildable as failure:
            return [FAILED, str(failure).encode()]
        except Exception as failure:  # noqa: BLE001
            # The boundary of the process: its message could quote a prompt, its class can't.
            _log.error("a large call could not be judged: %s", type(failure).__qualname__)
            return [FAILED, type(failure).__qualname__.encode()]

    def _load(self, name: bytes, packed: bytes) -> None:
        plan: Blueprint = pickle.loads(packed)  # noqa: S301 - the gate alone has the other end of the socket
        configure(plan.config.logging)
        while len(self._built) >= KEPT:
            del self._built[next(iter(self._built))]
        self._built[name] = build(plan)
        gc.collect()
        gc.freeze()


def receive(line: socket.socket) -> list[bytes]:
    """One message; empty at the end."""
    head = _exactly(line, COUNT.size)
    if len(head) < COUNT.size:
        return []
    (count,) = COUNT.unpack(head)
    sizes = [SIZE.unpack(_exactly(line, SIZE.size))[0] for _ in range(count)]
    return [_exactly(line, size) for size in sizes]


def header(parts: Sequence[bytes]) -> bytes:
    """What goes before the parts of a message."""
    return COUNT.pack(len(parts)) + b"".join([SIZE.pack(len(part)) for part in parts])


def _exactly(line: socket.socket, size: int) -> bytes:
    """So many bytes; fewer where the line ends. A buffer's value is the buffer itself: nothing is copied once more."""
    data = io.BytesIO()
    while data.tell() < size and (piece := line.recv(min(size - data.tell(), PIECE))):
        data.write(piece)
    return data.getvalue()


def serve(line: socket.socket) -> None:
    """Answers until the other side closes."""
    worker = Worker()
    while parts := receive(line):
        answered = worker.handle(parts)
        del parts
        line.sendall(header(answered))
        for part in answered:
            line.sendall(part)
        del answered


def main() -> None:
    """The process. The gate decides when it ends, not a signal to their group."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    gc.set_threshold(50_000, 20, 20)
    allocator.settle()
    with socket.socket(fileno=int(sys.argv[1])) as line:
        try:
            serve(line)
        except OSError:
            # The gate is gone; there is nobody to answer.
            return


if __name__ == "__main__":
    main()
