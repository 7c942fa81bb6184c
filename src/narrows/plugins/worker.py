"""A process that runs one analyzer: reads texts from its standard input and writes what was found to its output.

The plug-in gets neither of the two: what it prints goes nowhere, since it could quote a text. The process ends with its
input, and by itself when a plug-in takes far too long and nobody is there any more to end it.
"""

import contextlib
import faulthandler
import operator
import os
import signal
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import BinaryIO, Final

import msgspec

from narrows.plugins.frames import LENGTH, Analyzed, Start, Started, frame
from narrows.ports.analyzer import ENTRY_POINTS, Analyzer, Wanted

NICENESS: Final = 5
"""Calls that need no analyzer go first."""

TOO_LONG: Final = 3.0
"""Times its limit that a plug-in may take before the process ends itself; the gate ends it after once."""


_SHIPPED: Final = (EntryPoint("presidio", "narrows.plugins.presidio:Presidio", ENTRY_POINTS),)
"""The adapters that come with Narrows. What they adapt is an extra, and may be missing."""


def installed() -> dict[str, EntryPoint]:
    """The analyzers of all installed packages, by name; no package can take the place of a shipped one."""
    return {point.name: point for point in (*entry_points(group=ENTRY_POINTS), *_SHIPPED)}


def build(plugin: str, wanted: Wanted) -> Analyzer:
    """A plug-in, ready. Raises ValueError for one that is not installed, or can't find what is wanted, and whatever
    the plug-in raises."""
    point = installed().get(plugin)
    if point is None:
        raise ValueError(f"no installed package offers an analyzer called {plugin!r}")
    analyzer: Analyzer = point.load()(wanted)
    unknown = sorted(wanted.entities - set(analyzer.entities))
    if unknown:
        known = ", ".join(sorted(analyzer.entities))
        raise ValueError(f"it does not find {', '.join(unknown)}, but {known}")
    return analyzer


def run(source: BinaryIO, sink: BinaryIO) -> None:
    """Serves until the source ends."""
    first = _read(source)
    if first is None:
        return
    start = msgspec.msgpack.decode(first, type=Start)
    try:
        analyzer = build(start.plugin, start.wanted)
        entities = tuple(sorted(analyzer.entities))
    except Exception as failure:  # noqa: BLE001 - the boundary of the process; nothing was analysed yet, so it is told
        _write(sink, Started(error=f"{type(failure).__name__}: {failure}"))
        return
    _write(sink, Started(entities))
    texts = msgspec.msgpack.Decoder(tuple[str, ...])
    while (data := _read(source)) is not None:
        faulthandler.dump_traceback_later(start.seconds * TOO_LONG, exit=True, file=sys.stderr)
        _write(sink, _analyzed(analyzer, texts.decode(data), start.wanted.language))
        faulthandler.cancel_dump_traceback_later()


def _analyzed(analyzer: Analyzer, texts: tuple[str, ...], language: str | None) -> Analyzed:
    try:
        return Analyzed(
            tuple(
                tuple(
                    (operator.index(span.start), operator.index(span.end), str(span.entity), float(span.score))
                    for span in analyzer.analyze(text, language)
                )
                for text in texts
            )
        )
    except Exception as failure:  # noqa: BLE001 - the boundary of the process: the gate refuses the call
        return Analyzed(error=type(failure).__name__)


def _read(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    data = source.read(size)
    return data if len(data) == size else None


def _write(sink: BinaryIO, message: object) -> None:
    sink.write(frame(message))
    sink.flush()


def main() -> None:
    """The process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The gate decides when it ends, not the terminal.
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    with source, sink, contextlib.suppress(BrokenPipeError):
        run(source, sink)


if __name__ == "__main__":
    main()
