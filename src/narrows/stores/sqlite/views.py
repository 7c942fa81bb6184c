"""What the archive gives back: frozen values that hold everything a listing, a replay or `--json` needs."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from narrows.evidence.canonical import request_id
from narrows.evidence.entries import ClosedEntry, ContextEntry, MaskEntry, NoteEntry, OpenedEntry, UsageEntry
from narrows.model.record import Outcome, Stream, Transcript
from narrows.model.usage import Usage

TICKET: Final = "apr_"
HELD: Final = "held"
"""In the place of an outcome: people were asked about a call."""


class Intent(msgspec.Struct, frozen=True):
    """An opened entry with the context that it names."""

    opened: OpenedEntry
    context: ContextEntry


class CallView(msgspec.Struct, frozen=True):
    """A call without its contents. Times are Unix microseconds, durations microseconds.

    `seq` and `closed_seq` are places in the log. `outcome` is None while the call runs, and HELD where this is a
    question about a call. `model` is what was
    forwarded, `model_answered` what the upstream said it used. `user` is `issuer:subject`. `reserved` and `settled` are
    amounts by the names of budgets' counters; `settled` is None while it is not known what the call came to, and where
    nothing was reserved. `cost` is in millionths of a dollar, `prices` the table by which it was reckoned. `counted` is
    the gate's own count of tokens, where the upstream's report, `usage`, does not say what the call came to.
    """

    id: str
    seq: int
    at: int
    request_id: str
    session: str
    user: str
    issuer: str
    subject: str
    kind: str
    groups: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]]
    owner: str | None
    credential: str
    address: str
    agent: str
    declared_agent: str | None
    justification: str | None
    connection: str
    dialect: str
    operation: str
    method: str
    path: str
    model_asked: str | None
    model: str | None
    model_answered: str | None
    stream: bool
    forwarded: bool
    revision: str
    policies: tuple[str, ...]
    notes: tuple[NoteEntry, ...]
    prompt_tokens: int
    output_cap: int | None
    outcome: str | None
    status: int | None
    refusal: str | None
    reason: str | None
    policy: str | None
    rule: str | None
    param: str | None
    usage: Usage | None
    upstream_status: int | None
    upstream_request_id: str | None
    response_ids: tuple[str, ...]
    finish: str | None
    first_byte: int | None
    duration: int | None
    sent_bytes: int | None
    closed_at: int | None
    closed_seq: int | None
    masked: tuple[MaskEntry, ...] = ()
    reserved: dict[str, int] | None = None
    settled: dict[str, int] | None = None
    cost: int | None = None
    counted: Usage | None = None
    prices: str | None = None


class Piece(msgspec.Struct, frozen=True):
    """A content as it passed, masked. `text` is None when it can't be read any more: erased, or changed."""

    label: str
    text: str | None
    size: int
    commitment: bytes


class SegmentView(msgspec.Struct, frozen=True):
    """A part of a long stream."""

    index: int
    at: int
    contents: tuple[Piece, ...]


class CallRecord(msgspec.Struct, frozen=True):
    """A whole call. `transcript` joins the parts of a streamed reply.

    `intact`: each of its log entries has its leaf hash, and each content is the one that its entry commits to.
    """

    call: CallView
    request: tuple[Piece, ...]
    reply: tuple[Piece, ...]
    segments: tuple[SegmentView, ...]
    transcript: Transcript | None
    intact: bool


class SessionView(msgspec.Struct, frozen=True):
    """The calls of one session that a selection covers. `outcomes` counts them, "running" included."""

    id: str
    user: str
    first: int
    last: int
    calls: int
    connections: tuple[str, ...]
    models: tuple[str, ...]
    agents: tuple[str, ...]
    outcomes: dict[str, int]
    statuses: dict[int, int]
    prompt_tokens: int
    completion_tokens: int


def call_view(intent: Intent, closed: ClosedEntry | None) -> CallView:
    """The call that these two entries tell of. The ending's refusal, where it has one, is later and so wins."""
    opened, context, who = intent.opened, intent.context, intent.context.principal
    refusal = closed if closed and closed.refusal is not None else opened
    return CallView(
        id=opened.call,
        seq=opened.seq,
        at=opened.at,
        request_id=request_id(opened),
        session=opened.session,
        user=f"{who.issuer}:{who.subject}",
        issuer=who.issuer,
        subject=who.subject,
        kind=who.kind,
        groups=who.groups or (),
        attributes=dict(who.attributes or ()),
        owner=who.owner,
        credential=context.credential,
        address=context.address,
        agent=context.agent,
        declared_agent=context.declared_agent,
        justification=opened.justification,
        connection=context.connection,
        dialect=context.dialect,
        operation=context.operation,
        method=context.method,
        path=context.path,
        model_asked=context.model_asked,
        model=context.model,
        model_answered=closed.model if closed else None,
        stream=context.stream,
        forwarded=opened.forwarded,
        revision=context.revision,
        policies=context.policies or (),
        masked=(opened.masked or ()) + (closed.masked or () if closed else ()),
        notes=(opened.notes or ()) + (closed.notes or () if closed else ()),
        prompt_tokens=opened.prompt_tokens,
        output_cap=opened.output_cap,
        outcome=closed.outcome if closed else _unclosed(opened),
        status=closed.status if closed else opened.status,
        refusal=refusal.refusal,
        reason=refusal.reason,
        policy=refusal.policy,
        rule=refusal.rule,
        param=refusal.param,
        usage=_usage(closed.usage) if closed else None,
        upstream_status=closed.upstream_status if closed else None,
        upstream_request_id=closed.upstream_request_id if closed else None,
        response_ids=(closed.response_ids or ()) if closed else (),
        finish=closed.finish if closed else None,
        first_byte=closed.first_byte if closed else None,
        duration=closed.duration if closed else None,
        sent_bytes=closed.sent_bytes if closed else None,
        closed_at=closed.at if closed else None if opened.forwarded else opened.at,
        closed_seq=closed.seq if closed else None,
        prices=context.prices,
        reserved=_amounts(context, opened.reserved) if opened.forwarded else None,
        **_outlay(context, closed),
    )


def is_question(call: str) -> bool:
    """Whether an entry of this id is a question to people about a call, not a call: what they were shown. The call has
    an entry of its own, when it goes on or is refused."""
    return call.startswith(TICKET)


def _unclosed(opened: OpenedEntry) -> str | None:
    if opened.forwarded:
        return None
    return HELD if is_question(opened.call) else Outcome.REFUSED


def _outlay(context: ContextEntry, closed: ClosedEntry | None) -> dict[str, Any]:
    """What a call came to."""
    if closed is None:
        return {}
    settled, counted = _amounts(context, closed.settled), _usage(closed.counted)
    return {"settled": settled, "cost": closed.cost, "counted": counted}


def join(parts: Sequence[Transcript]) -> Transcript | None:
    """One transcript of the parts of a stream, in their order: a text that a part boundary splits is whole again."""
    if not parts:
        return None
    places: dict[tuple[int, str], int] = {}
    texts: list[list[str]] = []
    timing: list[tuple[int, int, int]] = []
    for part in parts:
        here = []
        for stream in part.streams:
            place = places.setdefault((stream.choice, stream.field), len(texts))
            if place == len(texts):
                texts.append([])
            texts[place].append(stream.text)
            here.append(place)
        timing.extend((at, here[index], length) for at, index, length in part.timing if index < len(here))
    streams = tuple(Stream(choice, field, "".join(text)) for (choice, field), text in zip(places, texts, strict=True))
    return Transcript(streams, tuple(timing))


def _amounts(context: ContextEntry, amounts: tuple[int, ...] | None) -> dict[str, int] | None:
    return None if amounts is None else dict(zip(context.budgets or (), amounts, strict=False))


def _usage(entry: UsageEntry | None) -> Usage | None:
    if entry is None:
        return None
    return Usage(
        entry.prompt,
        entry.completion,
        entry.cached,
        entry.reasoning,
        entry.cache_write,
        entry.audio_prompt,
        entry.audio_completion,
        entry.cache_write_long,
    )
