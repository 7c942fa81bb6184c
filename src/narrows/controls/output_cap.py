"""Caps what a call may generate: before it starts, in the field the model takes, and while it runs, by counting.

An upstream that ignores the cap is stopped when the reply is *certainly* past it. Of three lower bounds of the tokens
generated the largest counts: non-empty deltas (a delta is at least one token), bytes / 32 (no vocabulary has longer
tokens on average), and what the upstream itself reports. What a stream says again (`repeat:` fields: the snapshots of
the responses API) and log probabilities (other tokens than the ones chosen) are not generated text.
"""

from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Limit
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.ports.control import Guard

RULE: Final = "limits.output_tokens"
LONGEST_TOKEN: Final = 32
"""Bytes of UTF-8 that one token stands for, at most, on average over a reply."""


_NOT_GENERATED: Final = ("repeat:", "logprobs")


class OutputCap:
    """The control for `limits.output_tokens`."""

    name: Final = "output_cap"

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no policy limits the reply."""
        limits = call.plan.output_tokens
        if not limits:
            return None
        enforced = [limit for limit in limits if not limit.observe]
        observed = [limit for limit in limits if limit.observe]
        return _Capping(min(enforced, key=lambda limit: limit.value) if enforced else None, observed)


class _Capping:
    """Counts the reply of one call. A limit is for the whole request; the cap is for each of its choices."""

    __slots__ = ("_allowed", "_bytes", "_deltas", "_limit", "_observed")

    def __init__(self, limit: Limit | None, observed: list[Limit]) -> None:
        self._limit = limit
        self._observed = observed
        self._allowed = 0
        self._deltas = 0
        self._bytes = 0

    def on_request(self, call: Call) -> Verdict:
        asked, choices = call.asked.output_cap, max(call.asked.choices, 1)
        notes = call.notes + tuple(
            Note(Code.OUTPUT_LIMIT, limit.policy, RULE)
            for limit in self._observed
            if asked is None or asked * choices > limit.value
        )
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
        self._allowed = cap * choices
        return Proceed(msgspec.structs.replace(call, output_cap=cap, notes=notes))

    def on_event(self, event: Event) -> Deny | None:
        if self._limit is None:
            return None
        for delta in event.deltas:
            text = delta.text
            if text and not delta.field.startswith(_NOT_GENERATED):
                self._deltas += 1
                self._bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        counted = max(self._deltas, -(-self._bytes // LONGEST_TOKEN))
        if event.usage is not None and event.usage.completion is not None:
            counted = max(counted, event.usage.completion)
        return None if counted <= self._allowed else self._deny(self._limit)

    def on_finish(self) -> Deny | None:
        """Every event has been counted."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""

    def _deny(self, limit: Limit) -> Deny:
        message = (
            f"The reply passed {self._allowed} output tokens and was stopped; policy {limit.policy} permits "
            f"{limit.value} a request."
        )
        return Deny(Code.OUTPUT_LIMIT, message, policy=limit.policy, rule=RULE)
