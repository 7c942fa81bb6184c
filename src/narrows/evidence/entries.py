"""The entries of the log: what each kind says, field by field. How they become bytes is canonical.py's.

An entry is hashed, stored and kept for years, so it says nothing twice: who asks for what in which way is a context,
stored once and named by its commitment; contents appear only as their labels and one commitment of all. What is
absent is left out. Each type declares its fields in sorted order, so that encoding sorts nothing.
"""

from enum import IntEnum
from typing import Final

import msgspec

VERSION: Final = 1

NO_CONTENTS: Final = msgspec.Raw(b"")
"""An entry without contents: left out."""


class Kind(IntEnum):
    """What an entry is; the number is stored, the name is in the canonical bytes."""

    OPENED = 1
    SEGMENT = 2
    CLOSED = 3
    STRANGERS = 4


KINDS: Final = {kind.name.lower(): kind for kind in Kind}
"""By the name in the canonical bytes."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base: optional fields are left out when absent."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """What every entry says, and whether an intent was let through."""

    at: int
    kind: str
    call: str | None = None
    forwarded: bool = True


Label = str | tuple[str, int]
"""A content's label, or the common part of those of an array and how many there are of them."""


class Reference(Entry, frozen=True, kw_only=True):
    """Contents by the commitment of the list of theirs. `$.messages[0]`, `$.messages[1]`, … are one label."""

    commitment: bytes
    labels: tuple[Label, ...]


class NoteEntry(Entry, frozen=True, kw_only=True):
    """An observed refusal."""

    code: str
    param: str | None = None
    policy: str
    rule: str | None = None


class PrincipalEntry(Entry, frozen=True, kw_only=True):
    """A verified identity; groups and attributes are sorted."""

    attributes: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    groups: tuple[str, ...] | None = None
    issuer: str
    kind: str
    owner: str | None = None
    subject: str


class MaskEntry(Entry, frozen=True):
    """What was masked at one place, or would have been."""

    count: int
    detector: str
    entity: str
    observed: bool = False
    path: str = ""


class UsageEntry(Entry, frozen=True):
    """Token counts."""

    audio_completion: int | None = None
    audio_prompt: int | None = None
    cache_write: int | None = None
    cache_write_long: int | None = None
    cached: int | None = None
    completion: int | None = None
    prompt: int | None = None
    reasoning: int | None = None


class ContextEntry(Entry, frozen=True, kw_only=True):
    """What calls of one caller have in common: stored beside the log, once for many of them. `budgets` are the names of
    the counters that a reservation holds something of, `prices` is the table that money was reckoned by."""

    address: str
    agent: str
    budgets: tuple[str, ...] | None = None
    connection: str
    credential: str
    declared_agent: str | None = None
    dialect: str
    method: str
    model: str | None = None
    model_asked: str | None = None
    operation: str
    path: str
    policies: tuple[str, ...] | None = None
    prices: str | None = None
    principal: PrincipalEntry
    revision: str
    stream: bool
    v: int


class OpenedEntry(Entry, frozen=True, kw_only=True):
    """The intent. `context` is the commitment of a ContextEntry, `contents` a Reference, serialised. A `request_id`
    that is left out is the call's id with another prefix. `reserved` are amounts, by the context's `budgets`;
    `reserved_at` says when, where the call had waited."""

    at: int
    call: str
    contents: msgspec.Raw = NO_CONTENTS
    context: bytes
    forwarded: bool = True
    justification: str | None = None
    kind: str
    masked: tuple[MaskEntry, ...] | None = None
    notes: tuple[NoteEntry, ...] | None = None
    output_cap: int | None = None
    param: str | None = None
    policy: str | None = None
    prompt_tokens: int = 0
    reason: str | None = None
    refusal: str | None = None
    request_id: str | None = None
    reserved: tuple[int, ...] | None = None
    reserved_at: int | None = None
    rule: str | None = None
    seq: int
    session: str
    status: int | None = None
    v: int


class SegmentEntry(Entry, frozen=True, kw_only=True):
    """A part of a long stream."""

    at: int
    call: str
    contents: msgspec.Raw = NO_CONTENTS
    index: int
    kind: str
    seq: int
    v: int


class ClosedEntry(Entry, frozen=True, kw_only=True):
    """The ending. `settled` are amounts, by the `budgets` of the intent's context; where something was reserved and
    nothing settled, it is not known what the call came to. `cost` is in millionths of a dollar. `counted` is the gate's
    own count, where `usage`, the upstream's report, does not say what the call came to."""

    at: int
    call: str
    contents: msgspec.Raw = NO_CONTENTS
    cost: int | None = None
    counted: UsageEntry | None = None
    duration: int
    finish: str | None = None
    first_byte: int | None = None
    kind: str
    masked: tuple[MaskEntry, ...] | None = None
    model: str | None = None
    notes: tuple[NoteEntry, ...] | None = None
    outcome: str
    param: str | None = None
    policy: str | None = None
    reason: str | None = None
    refusal: str | None = None
    response_ids: tuple[str, ...] | None = None
    rule: str | None = None
    sent_bytes: int
    seq: int
    settled: tuple[int, ...] | None = None
    status: int | None = None
    upstream_request_id: str | None = None
    upstream_status: int | None = None
    usage: UsageEntry | None = None
    v: int


class StrangersEntry(Entry, frozen=True, kw_only=True):
    """Refusals of unauthenticated requests, counted."""

    address: str
    at: int
    code: str
    count: int
    kind: str
    minute: int
    seq: int
    v: int
