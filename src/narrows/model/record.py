"""What the journal keeps of a call, stage by stage: opened, verdicts, forwarded, segments, closed.

A call that nothing holds is opened, judged and forwarded in one step, so one entry carries the three stages; a call
that waits for approval will write them apart. Contents are masked bytes; the store compresses, encrypts and
deduplicates them per principal and connection, and the log entry holds only salted commitments.
"""

from enum import StrEnum

import msgspec

from narrows.model.principal import Principal
from narrows.model.reservation import Reserved
from narrows.model.text import Masked
from narrows.model.usage import Usage
from narrows.model.verdict import Note


class Outcome(StrEnum):
    """How a call ended; exactly one for each call."""

    DONE = "done"
    REFUSED = "refused"
    STOPPED = "stopped"
    UPSTREAM_ERROR = "upstream_error"
    CLIENT_GONE = "client_gone"
    CUT = "cut"
    UNKNOWN = "unknown"


class Content(msgspec.Struct, frozen=True, gc=False):
    """A piece of what passed. `label` is its place.

    Requests: `$` (the body without the members below) and `$.messages[3]`, `$.tools[0]`, … Replies: `reply` (a
    buffered body) or `stream` (a `Transcript` as JSON). `error` is the body of an upstream's refusal.
    """

    label: str
    data: bytes


class Opened(msgspec.Struct, frozen=True):
    """The intent: durable before one byte goes upstream. Times are Unix microseconds.

    `forwarded` is False for a refused call: its `refusal`, `rule` and `policy` say why, and no `Closed` follows.
    `reserved` is what the call holds of budgets; None: none counts it.
    """

    call: str
    at: int
    request_id: str
    session: str
    principal: Principal
    credential: str
    address: str
    agent: str
    connection: str
    dialect: str
    operation: str
    method: str
    path: str
    model_asked: str | None
    model: str | None
    stream: bool
    revision: str
    forwarded: bool
    policies: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    refusal: str | None = None
    reason: str | None = None
    policy: str | None = None
    rule: str | None = None
    param: str | None = None
    status: int | None = None
    justification: str | None = None
    declared_agent: str | None = None
    prompt_tokens: int = 0
    output_cap: int | None = None
    contents: tuple[Content, ...] = ()
    masked: tuple[Masked, ...] = ()
    reserved: Reserved | None = None


class Segment(msgspec.Struct, frozen=True):
    """A part of a long stream, written while it runs. `index` counts from 0 within the call."""

    call: str
    index: int
    at: int
    contents: tuple[Content, ...]


class Closed(msgspec.Struct, frozen=True):
    """The ending.

    `first_byte` and `duration` are microseconds since the call was opened; `status` is what the caller received.
    `settled` is what it came to, by the counters of what was reserved; empty where nothing was, and where it is not
    known yet what it came to. `cost` is in millionths of a dollar; None where there is no price. `usage` is what the
    upstream reported; `counted` what the call came to by the gate's own count, where a limit counted it and the report
    does not say it.
    """

    call: str
    at: int
    outcome: Outcome
    status: int | None
    model: str | None = None
    usage: Usage | None = None
    upstream_status: int | None = None
    upstream_request_id: str | None = None
    refusal: str | None = None
    reason: str | None = None
    policy: str | None = None
    rule: str | None = None
    param: str | None = None
    response_ids: tuple[str, ...] = ()
    finish: str | None = None
    first_byte: int | None = None
    duration: int = 0
    sent_bytes: int = 0
    notes: tuple[Note, ...] = ()
    contents: tuple[Content, ...] = ()
    masked: tuple[Masked, ...] = ()
    settled: tuple[int, ...] = ()
    cost: int | None = None
    counted: Usage | None = None


class Strangers(msgspec.Struct, frozen=True, gc=False):
    """Refusals of unauthenticated requests, counted: one row a minute, source address and reason."""

    minute: int
    address: str
    code: str
    count: int


class Stream(msgspec.Struct, frozen=True):
    """The text of one (choice, field) of a streamed reply, or of one segment of it."""

    choice: int
    field: str
    text: str


class Transcript(msgspec.Struct, frozen=True):
    """A streamed reply or a segment of one: content `stream` is this, as JSON.

    `timing` has one row a delta, in order: microseconds since the call was opened, index into `streams`, characters.
    """

    streams: tuple[Stream, ...]
    timing: tuple[tuple[int, int, int], ...]
