"""The canonical bytes of a log entry: what leaves commit to, so this format changes only with `VERSION`.

JSON that equals its RFC 8785 form: UTF-8, no white space, keys sorted, integers within ±(2⁵³-1), no floats; what is
absent is left out, bytes are base64. The types in entries.py declare their fields in that order.
"""

from binascii import b2a_base64
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from narrows.evidence.commitments import commit_list
from narrows.evidence.entries import (
    NO_CONTENTS,
    VERSION,
    ClosedEntry,
    ContextEntry,
    Entry,
    Head,
    Label,
    MaskEntry,
    NoteEntry,
    OpenedEntry,
    PrincipalEntry,
    Reference,
    SegmentEntry,
    StrangersEntry,
    UsageEntry,
)
from narrows.model.principal import Principal
from narrows.model.record import Closed, Opened, Segment, Strangers
from narrows.model.text import Masked
from narrows.model.usage import Usage
from narrows.model.verdict import Note

_LARGEST: Final = 2**53 - 1
_CALL: Final = "call_"
_REQUEST: Final = "req_"
_CALL_LENGTH: Final = len(_CALL)
_REQUEST_LENGTH: Final = len(_REQUEST)

_encode: Final = msgspec.json.Encoder().encode


def _form(kind: type[Entry]) -> Any:
    """A type with the same fields that takes them by position: a call by keywords builds and reads a dictionary, which
    costs more than all the rest of encoding an entry."""
    fields: list[Any] = [
        (field.name, Any, msgspec.UNSET if field.default is msgspec.NODEFAULT else field.default)
        for field in msgspec.structs.fields(kind)
    ]
    return msgspec.defstruct(f"{kind.__name__}Form", fields, bases=(Entry,), frozen=True, gc=False)


_opened_form: Final = _form(OpenedEntry)
_closed_form: Final = _form(ClosedEntry)


head: Final = msgspec.json.Decoder(Head).decode
"""What is read of an entry to find it again."""


def references(contents: Sequence[tuple[str, bytes]]) -> msgspec.Raw:
    """The serialised reference to (label, commitment) pairs."""
    return reference([commitment for _, commitment in contents], joined([label for label, _ in contents]))


def reference(commitments: Sequence[bytes], joined: bytes) -> msgspec.Raw:
    """The serialised reference to contents with these commitments, and what `joined` made of their labels."""
    if not commitments:
        return NO_CONTENTS
    commitment = b2a_base64(commit_list(commitments), newline=False)
    return msgspec.Raw(b'{"commitment":"%b","labels":%b}' % (commitment, joined))


def joined(labels: Sequence[str]) -> bytes:
    """The labels as a reference has them, serialised: array members that follow each other are one."""
    out: list[Label] = []
    array, count = "", 0
    for label in labels:
        if count and label == f"{array}[{count}]":
            count += 1
            out[-1] = (array, count)
        elif label.endswith("[0]"):
            array, count = label[:-3], 1
            out.append((array, count))
        else:
            count = 0
            out.append(label)
    try:
        return _encode(out)
    except UnicodeEncodeError:
        return _encode(_cleaned(tuple(out)))


def labels(contents: msgspec.Raw) -> list[str]:
    """The labels of all contents that a reference names, in their order."""
    if not bytes(contents):
        return []
    out: list[str] = []
    for label in msgspec.json.decode(contents, type=Reference).labels:
        match label:
            case str():
                out.append(label)
            case (array, count):
                out.extend(f"{array}[{index}]" for index in range(count))
    return out


def context(entry: Opened) -> bytes:
    """The canonical bytes of what an intent has in common with others."""
    reserved = entry.reserved
    return _encoded(
        ContextEntry(
            address=entry.address,
            agent=entry.agent,
            budgets=reserved.counters if reserved is not None else None,
            connection=entry.connection,
            credential=entry.credential,
            declared_agent=entry.declared_agent,
            dialect=entry.dialect,
            method=entry.method,
            model=entry.model,
            model_asked=entry.model_asked,
            operation=entry.operation,
            path=entry.path,
            policies=entry.policies or None,
            prices=reserved.prices if reserved is not None else None,
            principal=_principal(entry.principal),
            revision=entry.revision,
            stream=entry.stream,
            v=VERSION,
        )
    )


def request_id(entry: OpenedEntry) -> str:
    """The request's id, also where it was left out."""
    return entry.request_id if entry.request_id is not None else _REQUEST + entry.call.removeprefix(_CALL)


def opened(entry: Opened, seq: int, context: bytes, contents: msgspec.Raw) -> bytes:
    """The bytes of an intent: the fields of OpenedEntry in their order."""
    call, request, cap = entry.call, entry.request_id, entry.output_cap
    reserved = entry.reserved
    made = request[:_REQUEST_LENGTH] == _REQUEST and request[_REQUEST_LENGTH:] == call[_CALL_LENGTH:]
    form = _opened_form(
        entry.at,
        call,
        contents,
        context,
        entry.forwarded,
        entry.justification,
        "opened",
        _masked(entry.masked) if entry.masked else None,
        _notes(entry.notes) if entry.notes else None,
        cap if cap is None or -_LARGEST <= cap <= _LARGEST else _bounded(cap),
        entry.param,
        entry.policy,
        entry.prompt_tokens,
        entry.reason,
        entry.refusal,
        None if made and call[:_CALL_LENGTH] == _CALL else request,
        None if reserved is None else _amounts(reserved.amounts),
        None if reserved is None or not reserved.at else reserved.at,
        entry.rule,
        seq,
        entry.session,
        entry.status,
        VERSION,
    )
    try:
        return _encode(form)
    except UnicodeEncodeError:
        return _encode(_cleaned(form))


def segment(entry: Segment, seq: int, contents: msgspec.Raw) -> bytes:
    """The bytes of a stream's part."""
    return _encoded(
        SegmentEntry(
            at=entry.at, call=entry.call, contents=contents, index=entry.index, kind="segment", seq=seq, v=VERSION
        )
    )


def closed(entry: Closed, seq: int, contents: msgspec.Raw) -> bytes:
    """The bytes of an ending: the fields of ClosedEntry in their order."""
    form = _closed_form(
        entry.at,
        entry.call,
        contents,
        None if entry.cost is None else _bounded(entry.cost),
        None if entry.counted is None else _usage(entry.counted),
        entry.duration,
        entry.finish,
        entry.first_byte,
        "closed",
        _masked(entry.masked) if entry.masked else None,
        entry.model,
        _notes(entry.notes) if entry.notes else None,
        entry.outcome,
        entry.param,
        entry.policy,
        entry.reason,
        entry.refusal,
        entry.response_ids or None,
        entry.rule,
        entry.sent_bytes,
        seq,
        _amounts(entry.settled) if entry.settled else None,
        entry.status,
        entry.upstream_request_id,
        entry.upstream_status,
        None if entry.usage is None else _usage(entry.usage),
        VERSION,
    )
    try:
        return _encode(form)
    except UnicodeEncodeError:
        return _encode(_cleaned(form))


def strangers(entry: Strangers, seq: int, at: int) -> bytes:
    """The bytes of a count."""
    return _encoded(
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


def _encoded(entry: Entry) -> bytes:
    try:
        return _encode(entry)
    except UnicodeEncodeError:
        return _encode(_cleaned(entry))


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


def _amounts(amounts: tuple[int, ...]) -> tuple[int, ...]:
    """Amounts are never negative."""
    return amounts if not amounts or max(amounts) <= _LARGEST else tuple(min(one, _LARGEST) for one in amounts)


def _notes(notes: tuple[Note, ...]) -> tuple[NoteEntry, ...]:
    return tuple(NoteEntry(code=note.label, param=note.param, policy=note.policy, rule=note.rule) for note in notes)


def _masked(masked: tuple[Masked, ...]) -> tuple[MaskEntry, ...]:
    return tuple(MaskEntry(one.count, one.detector, one.entity, one.observed, one.path) for one in masked)


def _usage(usage: Usage) -> UsageEntry:
    """An upstream may report any number; one beyond JSON's exact integers is kept as the largest of them."""
    prompt, completion = usage.prompt, usage.completion
    if prompt is not None and completion is not None and usage == Usage(prompt, completion):
        # What most replies report.
        return UsageEntry(None, None, None, None, None, _bounded(completion), _bounded(prompt))
    return UsageEntry(
        _figure(usage.audio_completion),
        _figure(usage.audio_prompt),
        _figure(usage.cache_write),
        _figure(usage.cache_write_long),
        _figure(usage.cached),
        _figure(completion),
        _figure(prompt),
        _figure(usage.reasoning),
    )


def _figure(number: int | None) -> int | None:
    return None if number is None else _bounded(number)


def _bounded(number: int) -> int:
    if -_LARGEST <= number <= _LARGEST:
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
