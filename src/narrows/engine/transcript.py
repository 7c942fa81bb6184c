"""Collects a streamed reply for its record: texts joined by (choice, field), and the timing of every delta."""

from typing import Final

import msgspec

from narrows.model.record import Content, Stream, Transcript
from narrows.model.reply import Delta

_DELTAS: Final = 512
_CHARACTERS: Final = 32_768
"""A segment is written when either is reached, so that an open stream holds little memory."""


class TranscriptBuilder:
    """The part of a stream that has not been written yet."""

    __slots__ = ("_characters", "_index", "_parts", "_timing")

    def __init__(self) -> None:
        self._index: dict[tuple[int, str], int] = {}
        self._parts: list[list[str]] = []
        self._timing: list[tuple[int, int, int]] = []
        self._characters = 0

    def add(self, delta: Delta, elapsed: int) -> None:
        """Adds a delta as it left, `elapsed` microseconds after the call was opened."""
        key = (delta.choice, delta.field)
        index = self._index.get(key)
        if index is None:
            index = self._index[key] = len(self._parts)
            self._parts.append([])
        self._parts[index].append(delta.text)
        self._timing.append((elapsed, index, len(delta.text)))
        self._characters += len(delta.text)

    @property
    def full(self) -> bool:
        """Whether a segment should be written now."""
        return len(self._timing) >= _DELTAS or self._characters >= _CHARACTERS

    def take(self) -> tuple[Content, ...]:
        """What was collected, as content; the builder starts anew."""
        if not self._timing:
            return ()
        streams = tuple(
            Stream(choice, field, "".join(self._parts[index])) for (choice, field), index in self._index.items()
        )
        content = Content("stream", msgspec.json.encode(Transcript(streams, tuple(self._timing))))
        self.__init__()  # type: ignore[misc]  # begins anew, as if just made
        return (content,)
