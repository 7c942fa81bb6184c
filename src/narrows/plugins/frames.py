"""What the gate and a process that runs a plug-in say to each other: MessagePack, each message behind its length."""

import struct
from typing import Final

import msgspec

from narrows.ports.analyzer import Wanted
from narrows.ports.classifier import Sought

LENGTH: Final = struct.Struct(">I")
LARGEST: Final = 64 << 20
"""Bytes of a message; a longer one is a failure."""


class Start(msgspec.Struct, frozen=True):
    """The first message: which plug-in to run, of the kind that what is wanted tells. `seconds` is how long it may take
    for one message of texts."""

    plugin: str
    wanted: Wanted | Sought
    seconds: float


class Started(msgspec.Struct, frozen=True):
    """The answer: it can be asked, or why it can't be used."""

    error: str | None = None


class Analyzed(msgspec.Struct, frozen=True):
    """The answer to a list of texts: for each of them start, end, entity and score of each span; or the class of what
    it raised, whose message could quote a text."""

    rows: tuple[tuple[tuple[int, int, str, float], ...], ...] = ()
    error: str | None = None


class Classified(msgspec.Struct, frozen=True):
    """The same of a classifier: for each text the labels, and how sure it is of each."""

    rows: tuple[dict[str, float], ...] = ()
    error: str | None = None


def frame(message: object) -> bytes:
    """A message as it is sent. Raises ValueError for one that is too large."""
    data = msgspec.msgpack.encode(message)
    if len(data) > LARGEST:
        raise ValueError("the message is too large")
    return LENGTH.pack(len(data)) + data
