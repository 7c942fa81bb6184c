"""What the gate and a process that runs an analyzer say to each other: MessagePack, each message behind its length."""

import struct
from typing import Final

import msgspec

from narrows.ports.analyzer import Wanted

LENGTH: Final = struct.Struct(">I")
LARGEST: Final = 64 << 20
"""Bytes of a message; a longer one is a failure."""


class Start(msgspec.Struct, frozen=True):
    """The first message: which plug-in to run. `seconds` is how long it may take for one message of texts."""

    plugin: str
    wanted: Wanted
    seconds: float


class Started(msgspec.Struct, frozen=True):
    """The answer: what it can find, or why it can't be used."""

    entities: tuple[str, ...] = ()
    error: str | None = None


class Analyzed(msgspec.Struct, frozen=True):
    """The answer to a list of texts: for each of them start, end, entity and score of each span; or the class of what
    it raised, whose message could quote a text."""

    spans: tuple[tuple[tuple[int, int, str, float], ...], ...] = ()
    error: str | None = None


def frame(message: object) -> bytes:
    """A message as it is sent. Raises ValueError for one that is too large."""
    data = msgspec.msgpack.encode(message)
    if len(data) > LARGEST:
        raise ValueError("the message is too large")
    return LENGTH.pack(len(data)) + data
