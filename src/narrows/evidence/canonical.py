"""The canonical bytes of a log entry: what leaves commit to, so this format changes only with `VERSION`.

JSON that equals its RFC 8785 form: UTF-8, no white space, keys sorted, integers within ±(2⁵³-1), no floats; what is
absent is left out, bytes are base64. Contents appear only as {label, commitment}: the members of an array
(`$.messages[0]`, `$.messages[1]`, …) as one reference with their `count` and the commitment of the list.
The types declare their fields in sorted order, so that encoding sorts nothing.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

import msgspec

from narrows.evidence.commitments import commit_list
from narrows.model.principal import Principal
from narrows.model.record import Closed, Opened, Segment, Strangers
from narrows.model.usage import Usage
from narrows.model.verdict import Note

VERSION: Final = 1
_LARGEST: Final = 2**53 - 1
_REMEMBERED: Final = 4096


class Kind(IntEnum):
    """What an entry is; the number is stored, the name is in the canonical bytes."""

    OPENED = 1
    SEGMENT = 2
    CLOSED = 3
    STRANGERS = 4


class _Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base: optional fields are left out when absent."""


class Reference(_Entry, frozen=True, kw_only=True):
    """A content, or with `count` an array of them, by commitment."""

    commitment: bytes
    count: int | None = None
    label: str


class NoteEntry(_Entry, frozen=True, kw_only=True):
    """An observed refusal."""

    code: str
    param: str | None = None
    policy: str
    rule: str | None = None


class PrincipalEntry(_Entry, frozen=True, kw_only=True):
    """A verified identity; groups and attributes are sorted."""

    attributes: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    groups: tuple[str, ...] | None = None
    issuer: str
    kind: str
    owner: str | None = None
    subject: str


class UsageEntry(_Entry, frozen=True, kw_only=True):
    """Token counts."""

    cached: int | None = None
    completion: int | None = None
    prompt: int | None = None
    reasoning: int | None = None


class OpenedEntry(_Entry, frozen=True, kw_only=True):
    """The intent. `principal` is a PrincipalEntry, serialised."""

    address: str
    agent: str
    at: int
    call: str
    connection: str
    contents: tuple[Reference, ...] | None = None
    credential: str
    declared_agent: str | None = None
    dialect: str
    forwarded: bool
    justification: str | None = None
    kind: str
    method: str
    model: str | None = None
    model_asked: str | None = None
    notes: tuple[NoteEntry, ...] | None = None
    operation: str
    output_cap: int | None = None
    param: str | None = None
    path: str
    policies: tuple[str, ...] | None = None
    policy: str | None = None
    principal: msgspec.Raw
    prompt_tokens: int
    reason: str | None = None
    refusal: str | None = None
    request_id: str
    revision: str
    rule: str | None = None
    seq: int
    session: str
    status: int | None = None
    stream: bool
    v: int


class _Forwarded(msgspec.Struct, frozen=True, gc=False):
    forwarded: bool


class SegmentEntry(_Entry, frozen=True, kw_only=True):
    """A part of a long stream."""

    at: int
    call: str
    contents: tuple[Reference, ...] | None = None
    index: int
    kind: str
    seq: int
    v: int


class ClosedEntry(_Entry, frozen=True, kw_only=True):
    """The ending."""

    at: int
    call: str
    contents: tuple[Reference, ...] | None = None
    duration: int
    finish: str | None = None
    first_byte: int | None = None
    kind: str
    model: str | None = None
    notes: tuple[NoteEntry, ...] | None = None
    outcome: str
    policy: str | None = None
    reason: str | None = None
    refusal: str | None = None
    response_ids: tuple[str, ...] | None = None
    sent_bytes: int
    seq: int
    status: int | None = None
    upstream_request_id: str | None = None
    upstream_status: int | None = None
    usage: UsageEntry | None = None
    v: int


class StrangersEntry(_Entry, frozen=True, kw_only=True):
    """Refusals of unauthenticated requests, counted."""

    address: str
    at: int
    code: str
    count: int
    kind: str
    minute: int
    seq: int
    v: int


def references(contents: Sequence[tuple[str, bytes]]) -> tuple[Reference, ...] | None:
    """References for (label, commitment) pairs, array members that follow each other joined; order is kept."""
    out: list[Reference] = []
    array, run = "", list[bytes]()
    for label, commitment in contents:
        if run and label == f"{array}[{len(run)}]":
            run.append(commitment)
            continue
        if run:
            out.append(_joined(array, run))
            array, run = "", []
        if label.endswith("[0]"):
            array, run = label[:-3], [commitment]
        else:
            out.append(Reference(commitment=commitment, label=label))
    if run:
        out.append(_joined(array, run))
    return tuple(out) or None


def _joined(array: str, run: list[bytes]) -> Reference:
    return Reference(commitment=commit_list(run), count=len(run), label=array)


def was_forwarded(entry: bytes) -> bool:
    """Whether the canonical bytes of an intent are those of a call that was let through."""
    return msgspec.json.decode(entry, type=_Forwarded).forwarded


class Canonical:
    """Makes canonical bytes. It remembers the serialised form of principals that come again; not thread-safe."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._principals: dict[int, tuple[Principal, msgspec.Raw]] = {}

    def opened(self, entry: Opened, seq: int, contents: tuple[Reference, ...] | None) -> bytes:
        """The bytes of an intent."""
        return self._bytes(
            OpenedEntry(
                address=entry.address,
                agent=entry.agent,
                at=entry.at,
                call=entry.call,
                connection=entry.connection,
                contents=contents,
                credential=entry.credential,
                declared_agent=entry.declared_agent,
                dialect=entry.dialect,
                forwarded=entry.forwarded,
                justification=entry.justification,
                kind="opened",
                method=entry.method,
                model=entry.model,
                model_asked=entry.model_asked,
                notes=_notes(entry.notes),
                operation=entry.operation,
                output_cap=_bounded(entry.output_cap),
                param=entry.param,
                path=entry.path,
                policies=entry.policies or None,
                policy=entry.policy,
                principal=self._principal(entry.principal),
                prompt_tokens=entry.prompt_tokens,
                reason=entry.reason,
                refusal=entry.refusal,
                request_id=entry.request_id,
                revision=entry.revision,
                rule=entry.rule,
                seq=seq,
                session=entry.session,
                status=entry.status,
                stream=entry.stream,
                v=VERSION,
            )
        )

    def segment(self, entry: Segment, seq: int, contents: tuple[Reference, ...] | None) -> bytes:
        """The bytes of a stream's part."""
        return self._bytes(
            SegmentEntry(
                at=entry.at, call=entry.call, contents=contents, index=entry.index, kind="segment", seq=seq, v=VERSION
            )
        )

    def closed(self, entry: Closed, seq: int, contents: tuple[Reference, ...] | None) -> bytes:
        """The bytes of an ending."""
        return self._bytes(
            ClosedEntry(
                at=entry.at,
                call=entry.call,
                contents=contents,
                duration=entry.duration,
                finish=entry.finish,
                first_byte=entry.first_byte,
                kind="closed",
                model=entry.model,
                notes=_notes(entry.notes),
                outcome=entry.outcome,
                policy=entry.policy,
                reason=entry.reason,
                refusal=entry.refusal,
                response_ids=entry.response_ids or None,
                sent_bytes=entry.sent_bytes,
                seq=seq,
                status=entry.status,
                upstream_request_id=entry.upstream_request_id,
                upstream_status=entry.upstream_status,
                usage=_usage(entry.usage),
                v=VERSION,
            )
        )

    def strangers(self, entry: Strangers, seq: int, at: int) -> bytes:
        """The bytes of a count."""
        return self._bytes(
            StrangersEntry(
                address=entry.address,
                at=at,
                code=entry.code,
                count=entry.count,
                kind="strangers",
                minute=entry.minute,
                seq=seq,
                v=VERSION,
            )
        )

    def _principal(self, principal: Principal) -> msgspec.Raw:
        known = self._principals.get(id(principal))
        if known is not None and known[0] is principal:
            return known[1]
        raw = msgspec.Raw(self._bytes(_principal(principal)))
        if len(self._principals) >= _REMEMBERED:
            self._principals.clear()
        self._principals[id(principal)] = (principal, raw)
        return raw

    def _bytes(self, entry: _Entry) -> bytes:
        try:
            return self._encode(entry)
        except UnicodeEncodeError:
            return self._encode(_cleaned(entry))


def _principal(principal: Principal) -> PrincipalEntry:
    attributes = tuple(sorted((name, tuple(values)) for name, values in principal.attributes.items()))
    return PrincipalEntry(
        attributes=attributes or None,
        groups=tuple(sorted(principal.groups)) or None,
        issuer=principal.issuer,
        kind=principal.kind,
        owner=principal.owner,
        subject=principal.subject,
    )


def _notes(notes: tuple[Note, ...]) -> tuple[NoteEntry, ...] | None:
    if not notes:
        return None
    return tuple(NoteEntry(code=note.code, param=note.param, policy=note.policy, rule=note.rule) for note in notes)


def _usage(usage: Usage | None) -> UsageEntry | None:
    """An upstream may report any number; one beyond JSON's exact integers is kept as the largest of them."""
    if usage is None:
        return None
    return UsageEntry(
        cached=_bounded(usage.cached),
        completion=_bounded(usage.completion),
        prompt=_bounded(usage.prompt),
        reasoning=_bounded(usage.reasoning),
    )


def _bounded(number: int | None) -> int | None:
    if number is None or -_LARGEST <= number <= _LARGEST:
        return number
    return _LARGEST if number > 0 else -_LARGEST


def _cleaned(value: Any) -> Any:
    """The same entry without what UTF-8 can't carry: each lone surrogate becomes a question mark."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case tuple():
            return tuple(_cleaned(item) for item in value)
        case msgspec.Struct():
            return type(value)(**{name: _cleaned(item) for name, item in msgspec.structs.asdict(value).items()})
        case _:
            return value
