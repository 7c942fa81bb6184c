"""Writes the record of one call: the intent before anything is forwarded, and exactly one ending."""

from collections.abc import Awaitable, Iterable
from typing import Final

import msgspec

from narrows.engine.transcript import TranscriptBuilder
from narrows.model.call import Call
from narrows.model.record import Closed, Content, Opened, Outcome, Segment
from narrows.model.reply import Event
from narrows.model.reservation import Reservation, Reserved
from narrows.model.text import Masked
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Note
from narrows.ports.clock import Clock
from narrows.ports.journal import Journal

_LEFT_OUT: Final = ("repeat:", "copy:", "logprobs", "envelope", "number:")
"""Fields of a stream that a record leaves out: what repeats it, its probabilities, what each event says of itself, and
figures."""

_OTHER: Final = "other"
_ENVELOPE: Final = 256
"""Characters of a text that may be part of each event's envelope, and how many such texts are known of one call."""


def opened(call: Call, contents: tuple[Content, ...], reserved: Reserved | None = None) -> Opened:
    """The first entry of a call that is forwarded: its intent."""
    asked, source, plan = call.asked, call.source, call.plan
    # By position, in the order of `Opened`: Python gathers this many named arguments in a dictionary first, at more
    # cost than all the rest of the recorder.
    return Opened(
        call.id,
        call.at,
        call.request_id,
        call.session,
        call.principal,
        call.credential.id,
        source.address,
        source.agent,
        call.connection,
        call.dialect,
        asked.operation,
        call.method,
        call.path if call.shown_path is None else call.shown_path,
        asked.model,
        call.model,
        asked.stream,
        plan.revision,
        True,  # noqa: FBT003 - forwarded
        plan.policies,
        call.notes,
        None,  # no refusal, no reason, no policy, rule or parameter that it is about, and no status
        None,
        None,
        None,
        None,
        None,
        source.justification,
        source.declared_agent,
        call.prompt_tokens,
        call.output_cap,
        contents,
        call.masked or (),
        reserved,
    )


def refused(call: Call, contents: tuple[Content, ...], deny: Deny, reserved: Reserved | None = None) -> Opened:
    """The one entry of a call that is not forwarded, and why it is not. It holds nothing; `reserved` names those of
    whom it would have been counted."""
    return msgspec.structs.replace(
        opened(call, contents, reserved),
        forwarded=False,
        refusal=deny.code.value,
        reason=deny.message,
        policy=deny.policy,
        rule=deny.rule,
        param=deny.param,
        status=deny.meaning.status,
    )


class Recorder(msgspec.Struct, eq=False):
    """The record of a forwarded call. `open` first; then `close` exactly once, whatever happens, after what the call
    holds of its limits has settled. `duration` is the call's, in microseconds; None until it is closed."""

    _journal: Journal
    _clock: Clock
    _call: Call
    _started: int
    _reservation: Reservation | None = None
    _transcript: TranscriptBuilder | None = None
    _segments: int = 0
    _opened: bool = False
    _envelope: frozenset[str] = frozenset()
    duration: int | None = None
    contents: tuple[Content, ...] = ()
    masked: tuple[Masked, ...] = ()
    notes: tuple[Note, ...] = ()
    usage: Usage | None = None
    model: str | None = None
    finish: str | None = None
    response_ids: tuple[str, ...] = ()
    first_byte: int | None = None
    sent_bytes: int = 0
    upstream_status: int | None = None
    upstream_request_id: str | None = None

    def open(self, contents: tuple[Content, ...]) -> Awaitable[None]:
        """Writes the intent; the awaitable is done when it is durable. Raises JournalUnavailable, at once or late; then
        nothing may be forwarded."""
        reservation = self._reservation
        reserved = None if reservation is None else reservation.record
        durable = self._journal.open(opened(self._call, contents, reserved))
        # From here an entry may exist, even if waiting for it is cancelled: `close` must follow.
        self._opened = True
        return durable

    def never_opened(self) -> None:
        """The intent could not be written, so there is nothing to close."""
        self._opened = False

    def elapsed(self) -> int:
        """Microseconds since the call began."""
        return self._clock.monotonic() - self._started

    def note(self, event: Event) -> None:
        """Takes the facts of an event that the reply's end reports."""
        if (usage := event.usage) is not None:
            self.usage = usage if self.usage is None else self.usage.merge(usage)
        if (model := event.model) is not None:
            self.model = model
        if (finish := event.finish) is not None:
            self.finish = finish
        if event.masked:
            self.masked = _added(self.masked, event.masked)
        if event.notes:
            self.notes += tuple(event.notes)
        if (response := event.response_id) is not None and response not in self.response_ids:
            self.response_ids = (*self.response_ids, response)

    def stream(self, event: Event) -> None:
        """Takes an event of a stream as it leaves; writes a segment when enough has gathered."""
        self.note(event)
        if event.deltas:
            transcript = self._transcript
            if transcript is None:
                transcript = self._transcript = TranscriptBuilder()
            elapsed = -1
            for delta in event.deltas:
                if not delta.text:
                    continue
                field = delta.field
                if field == "content" or (self._is_new(delta.text) if field == _OTHER else _is_said(field)):
                    if elapsed < 0:
                        elapsed = self._clock.monotonic() - self._started
                    transcript.add(delta, elapsed)
            if transcript.full:
                entry = Segment(self._call.id, self._segments, self._clock.now(), transcript.take())
                self._segments += 1
                self._journal.segment(entry)

    def _is_new(self, text: str) -> bool:
        """Whether a text that no dialect classifies is more than what every event of this stream says."""
        if text in self._envelope:
            return False
        if len(text) <= _ENVELOPE and len(self._envelope) < _ENVELOPE:
            self._envelope = self._envelope | {text}
        return True

    def close(self, outcome: Outcome, status: int | None, deny: Deny | None = None) -> int:
        """Writes the ending, once; later calls do nothing. Returns the call's duration in microseconds."""
        if self.duration is not None:
            return self.duration
        duration = self.duration = self._clock.monotonic() - self._started
        if not self._opened:
            return duration
        call, contents = self._call, self.contents
        if self._transcript is not None:
            contents += self._transcript.take()
        code = reason = policy = rule = param = None
        if deny is not None:
            code, reason, policy = deny.code.value, deny.message, deny.policy
            rule, param = deny.rule, deny.param
        settled: tuple[int, ...] = ()
        cost: int | None = None
        counted: Usage | None = None
        if (held := self._reservation) is not None:
            settled, cost, counted = held.settled, held.cost, held.counted
        # By position, as in `opened`.
        self._journal.close(
            Closed(
                call.id,
                call.at + duration,
                outcome,
                status,
                self.model,
                self.usage,
                self.upstream_status,
                self.upstream_request_id,
                code,
                reason,
                policy,
                rule,
                param,
                self.response_ids,
                self.finish,
                self.first_byte,
                duration,
                self.sent_bytes,
                self.notes,
                contents,
                self.masked,
                settled,
                cost,
                counted,
            )
        )
        return duration


def _added(known: tuple[Masked, ...], new: Iterable[Masked]) -> tuple[Masked, ...]:
    """What was masked, counted by place, entity and detector."""
    counts: dict[tuple[str, str, str, bool], int] = {}
    for one in (*known, *new):
        key = (one.path, one.entity, one.detector, one.observed)
        counts[key] = counts.get(key, 0) + one.count
    return tuple(Masked(path, entity, name, count, seen) for (path, entity, name, seen), count in counts.items())


def _is_said(field: str) -> bool:
    return not field.startswith(_LEFT_OUT)
