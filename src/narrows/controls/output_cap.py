"""Caps what a call may generate: before it starts, in the field the model takes, and while it runs, by counting.

An upstream that ignores the cap is stopped when the reply is *certainly* past it. Of three lower bounds of the tokens
generated the largest counts: non-empty deltas (a delta is at least one token), bytes / 32 (no vocabulary has longer
tokens on average), and what the upstream itself reports. Only generated text counts: not what a stream says again
(`repeat:` fields: the snapshots of the responses API), not log probabilities, not the envelope. Of any JSON (`$…`
fields) it is not known which strings were generated one token at a time, so only their bytes count.
"""

from typing import Final

import msgspec

from narrows.dialects.fields import ENVELOPE_TEXT, ID, PADDING
from narrows.model.call import Call
from narrows.model.plan import Limit, Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.ports.control import Guard

RULE: Final = "limits.output_tokens"
LONGEST_TOKEN: Final = 32
"""Bytes of UTF-8 that one token stands for, at most, on average over a reply."""

_NOT_GENERATING: Final = frozenset({"models", "count_tokens", "embeddings", "moderations"})
_GENERATED: Final = ("content", "reasoning", "refusal", "tool_call")
_ANY_JSON: Final = "$"
_ENVELOPE: Final = frozenset({ENVELOPE_TEXT, ID, PADDING})
"""Every event has texts of these, so they are told apart first."""


class OutputCap:
    """The control for `limits.output_tokens`."""

    name: Final = "output_cap"

    def under(self, plan: Plan) -> "_Limits | None":
        """Nothing to do where no policy limits the reply."""
        tightest: Limit | None = None
        observed: tuple[Limit, ...] = ()
        for limit in plan.output_tokens:
            if limit.observe:
                observed += (limit,)
            elif tightest is None or limit.value < tightest.value:
                tightest = limit
        return _Limits(tightest, observed) if plan.output_tokens else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where the operation generates no reply, either."""
        limits = self.under(call.plan)
        return None if limits is None else limits.begin(call)


class _Limits:
    """The control under one plan."""

    __slots__ = ("_observed", "_tightest")

    name: Final = OutputCap.name
    wordless: Final = True

    def __init__(self, tightest: Limit | None, observed: tuple[Limit, ...]) -> None:
        self._tightest = tightest
        self._observed = observed

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where the operation generates no reply."""
        return None if call.asked.operation in _NOT_GENERATING else _Capping(self._tightest, self._observed)


class Ceiling:
    """Counts what a reply certainly comes to, against what it may come to in all."""

    __slots__ = ("_bytes", "_deltas", "allowed")

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self._deltas = 0
        self._bytes = 0

    def passed(self, event: Event) -> bool:
        """Whether the reply is past it with this event."""
        deltas, size = self._deltas, self._bytes
        for delta in event.deltas:
            text, field = delta.text, delta.field
            if field == "content":
                if not text:
                    continue
                deltas += 1
            elif not text or field in _ENVELOPE:
                continue
            elif field.startswith(_GENERATED):
                deltas += 1
            elif not field.startswith(_ANY_JSON):
                continue
            size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        self._deltas, self._bytes = deltas, size
        allowed, usage = self.allowed, event.usage
        if deltas > allowed or size > allowed * LONGEST_TOKEN:
            return True
        return usage is not None and usage.completion is not None and usage.completion > allowed


class _Capping:
    """Counts the reply of one call. A limit is for the whole request; the cap is for each of its choices."""

    __slots__ = ("_ceiling", "_limit", "_observed")

    def __init__(self, limit: Limit | None, observed: tuple[Limit, ...]) -> None:
        self._limit = limit
        self._observed = observed
        self._ceiling = Ceiling(0)

    def on_request(self, call: Call) -> Verdict:
        asked, choices, notes = call.asked.output_cap, call.asked.choices, call.notes
        choices = max(choices, 1)
        for watched in self._observed:
            if asked is None or asked * choices > watched.value:
                notes += (Note(Code.OUTPUT_LIMIT, watched.policy, RULE),)
        limit = self._limit
        if limit is None:
            return Proceed(msgspec.structs.replace(call, notes=notes)) if notes else PROCEED
        cap = limit.value // choices
        if cap < 1:
            message = (
                f"The request asks for {choices} replies; policy {limit.policy} permits {limit.value} output tokens "
                "for all of them together."
            )
            return Deny(Code.OUTPUT_LIMIT, message, policy=limit.policy, rule=RULE)
        if asked is not None and asked < cap:
            cap = max(asked, 0)
        self._ceiling.allowed = cap * choices
        return Proceed(msgspec.structs.replace(call, output_cap=cap, notes=notes))

    def on_event(self, event: Event) -> Deny | None:
        limit = self._limit
        return self._deny(limit) if limit is not None and self._ceiling.passed(event) else None

    def on_finish(self) -> Deny | None:
        """Every event has been counted."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""

    def _deny(self, limit: Limit) -> Deny:
        message = (
            f"The reply passed {self._ceiling.allowed} output tokens and was stopped; policy {limit.policy} permits "
            f"{limit.value} a request."
        )
        return Deny(Code.OUTPUT_LIMIT, message, policy=limit.policy, rule=RULE)


class ApprovedCap:
    """The control for the caps of approvers, who set less than was asked for. The cap is in the request by then; this
    holds an upstream to it that ignores it. Where nobody set one, no reply needs to be read for it."""

    name: Final = "approved_cap"
    wordless: Final = True

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no approver set a cap."""
        cap = call.approved_cap
        return None if cap is None else _Held(cap * max(call.asked.choices, 1))


class _Held:
    """One call whose reply may come to so many tokens, all its choices together."""

    __slots__ = ("_ceiling",)

    def __init__(self, allowed: int) -> None:
        self._ceiling = Ceiling(allowed)

    def on_request(self, call: Call) -> Verdict:  # noqa: ARG002 - the request is capped already
        return PROCEED

    def on_event(self, event: Event) -> Deny | None:
        if not self._ceiling.passed(event):
            return None
        message = (
            f"The reply passed {self._ceiling.allowed} output tokens and was stopped; those who approved the call "
            "allowed it no more."
        )
        return Deny(Code.OUTPUT_LIMIT, message)

    def on_finish(self) -> Deny | None:
        """Every event has been counted."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""
