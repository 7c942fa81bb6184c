"""A process that runs one plug-in: reads texts from its standard input and writes what it says of them to its output.

The plug-in gets neither of the two: what it prints goes nowhere, since it could quote a text. The process ends with its
input, and by itself when a plug-in takes far too long and nobody is there any more to end it.
"""

import contextlib
import faulthandler
import operator
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, BinaryIO, Final

import msgspec

from narrows.plugins.frames import LENGTH, Analyzed, Classified, Start, Started, frame
from narrows.ports.analyzer import ENTRY_POINTS as ANALYZERS
from narrows.ports.analyzer import Analyzer, Wanted
from narrows.ports.classifier import ENTRY_POINTS as CLASSIFIERS
from narrows.ports.classifier import Classifier, Sought

NICENESS: Final = 5
"""Calls that need no plug-in go first."""

TOO_LONG: Final = 3.0
"""Times its limit that a plug-in may take before the process ends itself; the gate ends it after once."""


_SHIPPED: Final = (EntryPoint("presidio", "narrows.plugins.presidio:Presidio", ANALYZERS),)
"""The adapters that come with Narrows. What they adapt is an extra, and may be missing."""


def installed(group: str = ANALYZERS) -> dict[str, EntryPoint]:
    """The plug-ins of one kind of all installed packages, by name; no package can take the place of a shipped one."""
    shipped = [point for point in _SHIPPED if point.group == group]
    return {point.name: point for point in (*entry_points(group=group), *shipped)}


def build(plugin: str, wanted: Wanted) -> Analyzer:
    """An analyzer, ready. Raises ValueError for one that is not installed, or can't find what is wanted, and whatever
    the plug-in raises."""
    analyzer: Analyzer = _loaded(ANALYZERS, "an analyzer", plugin)(wanted)
    unknown = sorted(wanted.entities - set(analyzer.entities))
    if unknown:
        known = ", ".join(sorted(analyzer.entities))
        raise ValueError(f"it does not find {', '.join(unknown)}, but {known}")
    return analyzer


def build_classifier(plugin: str, sought: Sought) -> Classifier:
    """The same of a classifier."""
    classifier: Classifier = _loaded(CLASSIFIERS, "a classifier", plugin)(sought)
    labels = classifier.labels
    unknown = sorted(sought.labels.difference(labels)) if labels is not None else []
    if labels is not None and unknown:
        raise ValueError(f"it does not give {', '.join(unknown)}, but {', '.join(sorted(labels))}")
    return classifier


def _loaded(group: str, word: str, plugin: str) -> Any:
    point = installed(group).get(plugin)
    if point is None:
        raise ValueError(f"no installed package offers {word} called {plugin!r}")
    return point.load()


def run(source: BinaryIO, sink: BinaryIO) -> None:
    """Serves until the source ends."""
    first = _read(source)
    if first is None:
        return
    start = msgspec.msgpack.decode(first, type=Start)
    try:
        answer = _answering(start)
    except Exception as failure:  # noqa: BLE001 - the boundary of the process; no text is known yet, so it is told
        _write(sink, Started(error=f"{type(failure).__name__}: {failure}"))
        return
    _write(sink, Started())
    texts = msgspec.msgpack.Decoder(tuple[str, ...])
    while (data := _read(source)) is not None:
        faulthandler.dump_traceback_later(start.seconds * TOO_LONG, exit=True, file=sys.stderr)
        _write(sink, answer(texts.decode(data)))
        faulthandler.cancel_dump_traceback_later()


def _answering(start: Start) -> Callable[[tuple[str, ...]], Analyzed | Classified]:
    """What answers messages of texts. Raises what building the plug-in raises."""
    if isinstance(start.wanted, Wanted):
        return partial(_analyzed, build(start.plugin, start.wanted), start.wanted.language)
    return partial(_classified, build_classifier(start.plugin, start.wanted))


def _analyzed(analyzer: Analyzer, language: str | None, texts: tuple[str, ...]) -> Analyzed:
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


def _classified(classifier: Classifier, texts: tuple[str, ...]) -> Classified:
    try:
        return Classified(
            tuple({str(label): float(score) for label, score in classifier.classify(text).items()} for text in texts)
        )
    except Exception as failure:  # noqa: BLE001 - as above
        return Classified(error=type(failure).__name__)


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
