"""Caps what a call may generate: before it starts, in the field the model takes, and while it runs, by counting.

An upstream that ignores the cap is stopped when the reply is *certainly* past it (see `dialects.generated`).
"""

from typing import Final

import msgspec

from narrows.dialects.generated import Generated
from narrows.model.call import Call
from narrows.model.plan import Limit, Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.ports.control import Guard

RULE: Final = "limits.output_tokens"

_NOT_GENERATING: Final = frozenset({"models", "count_tokens", "embeddings", "moderations"})


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


class _Capping:
    """Counts the reply of one call. A limit is for the whole request; the cap is for each of its choices."""

    __slots__ = ("_generated", "_limit", "_observed")

    def __init__(self, limit: Limit | None, observed: tuple[Limit, ...]) -> None:
        self._limit = limit
        self._observed = observed
        self._generated = Generated(0)

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
        self._generated.allowed = cap * choices
        return Proceed(msgspec.structs.replace(call, output_cap=cap, notes=notes))

    def on_event(self, event: Event) -> Deny | None:
        limit = self._limit
        return self._deny(limit) if limit is not None and self._generated.passed(event) else None

    def on_finish(self) -> Deny | None:
        """Every event has been counted."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""

    def _deny(self, limit: Limit) -> Deny:
        message = (
            f"The reply passed {self._generated.allowed} output tokens and was stopped; policy {limit.policy} permits "
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

    __slots__ = ("_generated",)

    def __init__(self, allowed: int) -> None:
        self._generated = Generated(allowed)

    def on_request(self, call: Call) -> Verdict:  # noqa: ARG002 - the request is capped already
        return PROCEED

    def on_event(self, event: Event) -> Deny | None:
        if not self._generated.passed(event):
            return None
        message = (
            f"The reply passed {self._generated.allowed} output tokens and was stopped; those who approved the call "
            "allowed it no more."
        )
        return Deny(Code.OUTPUT_LIMIT, message)

    def on_finish(self) -> Deny | None:
        """Every event has been counted."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""
