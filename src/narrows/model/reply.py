"""The reply as a stream of events, each with the texts it carries. A buffered reply is one event."""

from typing import Any

import msgspec

from narrows.model.span import Spans
from narrows.model.text import Masked, Opaque
from narrows.model.usage import Usage
from narrows.model.verdict import Note


class Delta(msgspec.Struct, gc=False):
    """One text of one event. `field` names its stream within the choice (`content`, `reasoning`, `refusal`,
    `tool_call:0`, …). A guard that changes `text` marks nothing: the writer puts `text` back at its place. `name` is
    what the value is called where its holder names it (`narrows.model.names`); the API's own members name nothing."""

    choice: int
    field: str
    text: str
    container: Any = None
    key: Any = None
    name: str = ""


class Event(msgspec.Struct):
    """One event of a reply. `data` is the checked tree, `name` the SSE event name where the dialect has one.

    `hidden` events are recorded, not sent. `last` marks the event after which the reply is complete.
    `response_id` is the upstream's id of a stored response, if it names one. `ends` names the (choice, field) streams
    whose last text this event carries, or has left behind (the last event ends all): what is held of one goes out
    before it, or in it. A guard
    puts what must go out before the event into `before`, as choice, field and text, and what it masked into `masked`.
    `spans` is what plug-ins found in the texts that are whole with this event; None: none was asked. `opaque` are parts
    that nobody can inspect: images, sound, files. `notes` is what rules on replies saw in it and let pass.
    `tags` are the digests of all texts that were delivered, on the event after which that is known.
    """

    data: Any
    name: str | None = None
    deltas: list[Delta] = []
    usage: Usage | None = None
    model: str | None = None
    response_id: str | None = None
    finish: str | None = None
    hidden: bool = False
    last: bool = False
    ends: tuple[tuple[int, str], ...] = ()
    before: list[tuple[int, str, str]] = []
    masked: list[Masked] = []
    spans: Spans | None = None
    opaque: list[Opaque] = []
    notes: list[Note] = []
    tags: tuple[bytes, ...] = ()
