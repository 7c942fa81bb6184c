"""Refuses what no policy permits, or none without a reason, and takes the plan's notes into the call.

Knows only the plan: which policies there are, and how they were matched, is decided before.
"""

from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.policy.approvals import JUSTIFICATION, justified, unjustified
from narrows.ports.control import Guard

LONGEST_NAME: Final = 100
"""Characters of a caller's model name that a message repeats."""


class Access:
    """The control for `may`: `connections`, `operations`, `models` and `justification`."""

    name: Final = "access"

    def under(self, plan: Plan) -> "Access | None":
        """See `begin`."""
        says = plan.refusal is not None or plan.notes or plan.justification or plan.justification_watchers
        return self if says else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where the plan grants the call without notes."""
        return None if self.under(call.plan) is None else _JUDGING


class _Judging:
    """Has no state: the plan says it all."""

    __slots__ = ()

    def on_request(self, call: Call) -> Verdict:
        refusal = call.plan.refusal
        if refusal is not None:
            return _naming(refusal, call.asked.model)
        deny = unjustified(call)
        if deny is not None:
            return deny
        notes = call.plan.notes
        if not justified(call):
            code = Code.JUSTIFICATION_REQUIRED
            notes += tuple(Note(code, policy, param=JUSTIFICATION) for policy in call.plan.justification_watchers)
        return Proceed(msgspec.structs.replace(call, notes=call.notes + notes)) if notes else PROCEED

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not judged."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


_JUDGING: Final = _Judging()


def _naming(refusal: Deny, model: str | None) -> Deny:
    """The refusal with the model the caller named. Plans are shared by all models, so theirs can't name it."""
    if refusal.code is not Code.MODEL_NOT_ALLOWED or model is None:
        return refusal
    shown = model if len(model) <= LONGEST_NAME else model[:LONGEST_NAME] + "…"
    return msgspec.structs.replace(refusal, message=f"Model {shown!r}: {refusal.message}")
