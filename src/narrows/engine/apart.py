"""Large calls are judged apart: in a process beside the gate that has the same snapshot, by the same chain of controls.

It owns what travels there and back, and both ends of the way. An errand goes with the raw bytes of a body; what comes
back is facts, and bytes to forward, send and record, in parts small enough to be taken one a turn of the event loop.
The gate never sees the texts. What it keeps: who asks, the journal, the upstream, and the guards of a streamed reply,
for which it runs the chain a second time, over the call without its texts. Nothing here is pickled: what that process
answers is read by type, as strictly as anything from outside.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from narrows.engine.bodies import Prepared, read_buffered, read_large_request
from narrows.engine.chain import Chain
from narrows.engine.facts import Facts, begun, facts, unpacked
from narrows.engine.judging import Caller, choose, make_call, recordable
from narrows.engine.onward import rewritten
from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Snapshot
from narrows.inspection.novelty import Sessions
from narrows.model.call import Call
from narrows.model.originals import Originals
from narrows.model.record import Content, Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.text import Finding, Masked, Opaque
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Note
from narrows.ports.control import Wait
from narrows.ports.dialect import Forward, ReplyInvalid, Route
from narrows.ports.inspector import TokenCounter
from narrows.ports.offload import Apart, WorkerFailed

BATCH: Final = 1_000
"""Rows that are read in one turn of the event loop."""

WHOLE: Final = 64 * 1024
"""Contents from so many bytes travel as a part of their own, so that nobody copies them."""

T = TypeVar("T")


class Tools(msgspec.Struct, frozen=True):
    """What judging needs beside a snapshot."""

    tokens: TokenCounter
    sessions: SessionIds
    sent: Sessions


class Errand(msgspec.Struct, frozen=True, tag="request"):
    """A request to be read and judged. `candidates` are connections, `targets` the path that each would be sent, `sent`
    what each session of the caller has sent before, as digests."""

    caller: Caller
    route: Route
    candidates: tuple[str, ...]
    targets: tuple[str, ...]
    sent: Mapping[str, frozenset[bytes]] = {}


class ReplyErrand(msgspec.Struct, frozen=True, tag="reply"):
    """A buffered reply to be read and judged, and the call that it answers. `originals` are what the call's stand-ins
    stand for, in parts."""

    call: Facts
    originals: tuple[bytes, ...] = ()


class Judged(msgspec.Struct, frozen=True):
    """What became of a request. Without `call` it could not be read, and `deny` says why. `recorded` is the refusal as
    it may be recorded. Then follow so many parts of rows, the bytes to forward, contents joined, and contents alone."""

    deny: Deny | None = None
    recorded: Deny | None = None
    call: Facts | None = None
    findings: int = 0
    masked: int = 0
    opaque: int = 0
    labels: int = 0
    tags: int = 0
    originals: int = 0


class Replied(msgspec.Struct, frozen=True):
    """What became of a reply. `invalid`: why it can't be used. Then follow so many parts of rows, the bytes to record,
    and where `restored` those to send."""

    events: tuple["Told", ...] = ()
    deny: Deny | None = None
    invalid: str | None = None
    masked: int = 0
    tags: int = 0
    restored: bool = False


class Told(msgspec.Struct, frozen=True):
    """The facts of one event of a reply."""

    usage: Usage | None = None
    model: str | None = None
    response_id: str | None = None
    finish: str | None = None
    notes: tuple[Note, ...] = ()


class _Label(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A content's label and size; `alone`: it is a part of its own."""

    label: str
    size: int
    alone: bool


class Settled(msgspec.Struct, frozen=True):
    """A request that was judged apart, back in the gate. `call` is as the controls left it, its body `Prepared`;
    `recorded` and `contents` are what a refusal records."""

    call: Call
    deny: Deny | None
    recorded: Deny | None
    contents: tuple[Content, ...]
    originals: Originals | None


class Digested(msgspec.Struct, frozen=True):
    """A reply that was judged apart, back in the gate. `events` carry facts, no texts; `body` is what is recorded,
    `shown` what the caller gets."""

    events: tuple[Event, ...]
    masked: tuple[Masked, ...]
    deny: Deny | None
    body: bytes
    shown: bytes


_encode: Final = msgspec.msgpack.Encoder().encode
_errand: Final = msgspec.msgpack.Decoder(Errand | ReplyErrand).decode
_judged: Final = msgspec.msgpack.Decoder(Judged).decode
_replied: Final = msgspec.msgpack.Decoder(Replied).decode
_findings: Final = msgspec.msgpack.Decoder(list[Finding])
_masked: Final = msgspec.msgpack.Decoder(list[Masked])
_opaque: Final = msgspec.msgpack.Decoder(list[Opaque])
_labels: Final = msgspec.msgpack.Decoder(list[_Label])
_tags: Final = msgspec.msgpack.Decoder(list[bytes])
_originals: Final = msgspec.msgpack.Decoder(list[tuple[str, str]])


# In the process apart.


def answer(snapshot: Snapshot, tools: Tools, question: bytes, data: bytes) -> list[bytes]:
    """Runs an errand. May raise anything; whoever calls makes a refusal of it."""
    errand = _errand(question)
    if isinstance(errand, ReplyErrand):
        return _digest(snapshot, errand, data)
    return _judge(snapshot, tools, errand, data)


def _judge(snapshot: Snapshot, tools: Tools, errand: Errand, data: bytes) -> list[bytes]:
    candidates = [snapshot.connections[name] for name in errand.candidates]
    asked = read_large_request(candidates[0].dialect, errand.route, data)
    if isinstance(asked, Deny):
        return [_encode(Judged(asked))]
    connected, plan = choose(snapshot, errand.caller, candidates, asked)
    target = errand.targets[errand.candidates.index(connected.name)]
    call = make_call(errand.caller, asked, connected, plan, target, len(data), tools.tokens, tools.sessions)
    tools.sent.replace(call.principal.key, errand.sent)
    chain = Chain(snapshot, call)
    deny = chain.judge()
    # Whether it is forwarded is the gate's to decide, and to remember.
    chain.end(Outcome.REFUSED, None)
    call = chain.call
    recorded: Deny | None = None
    if deny is not None:
        if not isinstance(deny, Deny):
            raise TypeError("a control that waits was asked apart from the gate")
        call, recorded = recordable(snapshot, call, deny)
    if not call.asked.body:
        return _packed(call, deny, recorded, Forward(b"", ()), None)
    cap = call.output_cap if deny is None else None
    return _packed(call, deny, recorded, connected.dialect.forward(call.asked, call.model, cap), chain.originals)


def _packed(
    call: Call, deny: Deny | None, recorded: Deny | None, forward: Forward, originals: Originals | None
) -> list[bytes]:
    """The parts of an answer."""
    contents = forward.contents
    labels = [_Label(one.label, len(one.data), len(one.data) >= WHOLE) for one in contents]
    pairs = originals.pairs() if originals is not None and deny is None else []
    lists = (call.findings, call.masked or (), call.asked.opaque, labels, call.tags, pairs)
    rows = [_batches(list_) for list_ in lists]
    judged = Judged(deny, recorded, facts(call), *(len(batches) for batches in rows))
    together = b"".join([one.data for one in contents if len(one.data) < WHOLE])
    alone = [one.data for one in contents if len(one.data) >= WHOLE]
    # Of a refused call nothing is forwarded.
    body = forward.body if deny is None else b""
    return [_encode(judged), *(batch for batches in rows for batch in batches), body, together, *alone]


def _digest(snapshot: Snapshot, errand: ReplyErrand, data: bytes) -> list[bytes]:
    told = errand.call
    asked, kind = told.asked, told.credential.kind
    plan = snapshot.policies.plan(told.principal, told.connection, asked.operation, asked.model, kind)
    chain = Chain(snapshot, begun(unpacked(told, plan)))
    if chain.judge() is not None:
        raise ValueError("a call that was judged before is judged otherwise now")
    reader = snapshot.connections[told.connection].dialect.reply(told.asked, stream=False, usable=_no_model)
    events: list[Told] = []
    masked: dict[tuple[str, str, str, bool], int] = {}
    tags: list[bytes] = []
    body = b""
    deny: object = None
    read: list[Event] = []
    try:
        for event in (read := read_buffered(reader, data)):
            deny = chain.on_event(event)
            events.append(Told(event.usage, event.model, event.response_id, event.finish, tuple(event.notes)))
            for row in event.masked:
                key = (row.path, row.entity, row.detector, row.observed)
                masked[key] = masked.get(key, 0) + row.count
            tags += event.tags
            if deny is not None:
                break
            body += reader.write(event)
    except ReplyInvalid as invalid:
        return [_encode(Replied(invalid=str(invalid)))]
    deny = chain.on_finish() if deny is None else deny
    if deny is not None and not isinstance(deny, Deny):
        raise TypeError("a control that waits was asked apart from the gate")
    rows = [_batches([Masked(*key[:3], count, key[3]) for key, count in masked.items()]), _batches(tags)]
    pairs = [pair for part in errand.originals for pair in _originals.decode(part)]
    shown = rewritten(reader, read, Originals(pairs)) if pairs and deny is None else None
    head = Replied(tuple(events), deny, None, len(rows[0]), len(rows[1]), shown is not None)
    bodies = (body if deny is None else b"", *(() if shown is None else (shown,)))
    return [_encode(head), *(batch for batches in rows for batch in batches), *bodies]


def _no_model(_: str) -> bool:
    """Lists of models are always read in the gate."""
    return False


def _batches(rows: Sequence[Any]) -> list[bytes]:
    return [_encode(rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)]


# In the gate.


def rejoined(call: Call, judged: Call) -> Call:
    """A call as the gate's own chain left it, with what only those could find who had its texts."""
    notes = tuple(dict.fromkeys((*judged.notes, *call.notes)))
    return msgspec.structs.replace(call, masked=judged.masked, notes=notes)


async def judge(apart: Apart, snapshot: Snapshot, errand: Errand, data: bytes) -> Settled | Deny:
    """Has a request read and judged; a Deny where it could not be read, or not be judged."""
    try:
        parts = iter(await apart.ask(_encode(errand), data))
        return await _settled(snapshot, errand, parts)
    except WorkerFailed as failure:
        return Deny(Code.CONTROL_FAILED, f"the call can't be judged now: {failure}")


async def _settled(snapshot: Snapshot, errand: Errand, parts: Iterator[bytes]) -> Settled | Deny:
    judged = _judged(next(parts))
    told = judged.call
    if told is None:
        return judged.deny or _unjudged()
    findings = await _rows(parts, judged.findings, _findings)
    masked = await _rows(parts, judged.masked, _masked)
    opaque = await _rows(parts, judged.opaque, _opaque)
    labels = await _rows(parts, judged.labels, _labels)
    tags = await _rows(parts, judged.tags, _tags)
    originals = Originals(await _rows(parts, judged.originals, _originals)) if judged.originals else None
    body = next(parts)
    contents = await _contents(labels, next(parts), parts)
    candidates = [snapshot.connections[name] for name in errand.candidates]
    connected, plan = choose(snapshot, errand.caller, candidates, told.asked)
    if connected.name != told.connection or (plan.refusal is not None and judged.deny is None):
        return _unjudged()
    prepared = Prepared(Forward(body, contents), told.model, told.output_cap)
    asked = msgspec.structs.replace(told.asked, body=prepared, opaque=tuple(opaque))
    call = unpacked(msgspec.structs.replace(told, asked=asked), plan)
    scope = errand.caller.identity.scope
    call = msgspec.structs.replace(call, scope=scope, findings=tuple(findings), masked=tuple(masked), tags=tuple(tags))
    return Settled(call, judged.deny, judged.recorded, contents, originals)


def _unjudged() -> Deny:
    return Deny(Code.CONTROL_FAILED, "the call was judged under other rules than the gate's")


async def _rows(parts: Iterator[bytes], count: int, decoder: msgspec.msgpack.Decoder[list[T]]) -> list[T]:
    rows: list[T] = []
    for _ in range(count):
        rows += decoder.decode(next(parts))
        await asyncio.sleep(0)
    return rows


async def _contents(labels: Iterable[_Label], together: bytes, alone: Iterator[bytes]) -> tuple[Content, ...]:
    contents: list[Content] = []
    at = 0
    for number, label in enumerate(labels, 1):
        if label.alone:
            contents.append(Content(label.label, next(alone)))
        else:
            contents.append(Content(label.label, together[at : at + label.size]))
            at += label.size
        if number % BATCH == 0:
            await asyncio.sleep(0)
    return tuple(contents)


async def digest(apart: Apart, call: Call, data: bytes, originals: Originals | None = None) -> Digested | Deny:
    """Has a buffered reply read and judged; `originals`: what is put back in it. Raises ReplyInvalid."""
    pairs = () if originals is None else originals.pairs()
    errand = ReplyErrand(facts(call), tuple(_batches(pairs)))
    try:
        parts = iter(await apart.ask(_encode(errand), data))
    except WorkerFailed as failure:
        return Deny(Code.CONTROL_FAILED, f"the reply can't be judged now: {failure}")
    replied = _replied(next(parts))
    if replied.invalid is not None:
        raise ReplyInvalid(replied.invalid)
    masked = await _rows(parts, replied.masked, _masked)
    tags = await _rows(parts, replied.tags, _tags)
    events = tuple(
        Event(
            None,
            usage=told.usage,
            model=told.model,
            response_id=told.response_id,
            finish=told.finish,
            notes=list(told.notes),
        )
        for told in replied.events
    )
    if events:
        events[-1].tags = tuple(tags)
    body = next(parts)
    return Digested(events, tuple(masked), replied.deny, body, next(parts) if replied.restored else body)


async def hear(chain: Chain, digested: Digested, note: Callable[[Event], None]) -> Deny | None:
    """What the gate's own guards make of the facts of a reply, after those apart have judged its texts."""
    deny = digested.deny
    for event in digested.events:
        answer = chain.on_event(event)
        if type(answer) is Wait:
            answer = await answer.until()
        note(event)
        deny = deny or answer
    return deny or chain.on_finish()
