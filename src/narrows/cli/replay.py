"""A recorded reply once more, at the pace it came. Time and output are given, so that a test owns them."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from narrows.cli.moments import SECOND
from narrows.cli.passages import answered
from narrows.model.record import Transcript
from narrows.stores.sqlite.views import CallRecord

_BUFFERED: Final = "reply"


class Step(msgspec.Struct, frozen=True):
    """A piece of a reply. `at` is in microseconds since the call was opened."""

    at: int
    choice: int
    field: str
    text: str


def steps(record: CallRecord) -> Iterator[Step]:
    """The pieces of a reply in the order they came; a buffered reply is one piece for each of its texts."""
    if record.transcript is not None:
        yield from _streamed(record.transcript)
        return
    at = record.call.duration or 0
    for passage in answered(record):
        yield Step(at, 0, passage.speaker, passage.text)


def play(record: CallRecord, emit: Callable[[Step], None], sleep: Callable[[float], None], speed: float | None) -> None:
    """Emits the pieces, waiting as long as it took then, divided by `speed`; None waits for nothing."""
    now = 0
    for step in steps(record):
        if speed is not None and step.at > now:
            sleep((step.at - now) / SECOND / speed)
            now = step.at
        emit(step)


def _streamed(transcript: Transcript) -> Iterator[Step]:
    places = [0] * len(transcript.streams)
    for at, index, length in transcript.timing:
        stream = transcript.streams[index]
        start = places[index]
        places[index] = start + length
        yield Step(at, stream.choice, stream.field, stream.text[start : start + length])


def separator(before: Step | None, step: Step) -> str:
    """What stands between two pieces on a terminal: nothing within one text, a heading where another begins."""
    if before is not None and (before.choice, before.field) == (step.choice, step.field):
        return ""
    name = step.field if step.choice == 0 else f"{step.field} [{step.choice}]"
    heading = "" if name in ("content", "text", _BUFFERED) else f"[{name}] "
    return heading if before is None else f"\n{heading}"
