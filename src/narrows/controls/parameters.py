"""Refuses parameters that widen a call (`store`, `server_tools`, `n`, …) unless a policy permits them.

Which parameters a request uses is the dialect's reading of it.
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
from narrows.ports.control import Guard


class Parameters:
    """The control for `may.parameters`."""

    name: Final = "parameters"

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where the request widens nothing."""
        return _JUDGING if call.asked.parameters else None


class _Judging:
    """Has no state."""

    __slots__ = ()

    def on_request(self, call: Call) -> Verdict:
        plan, asked = call.plan, call.asked.parameters
        if plan.enforced and (refused := asked - plan.parameters):
            return _deny(refused, plan)
        if plan.observed_parameters is not None and (refused := asked - plan.observed_parameters):
            return Proceed(msgspec.structs.replace(call, notes=call.notes + _notes(refused, plan)))
        return PROCEED

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not judged."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


_JUDGING: Final = _Judging()


def _deny(refused: frozenset[str], plan: Plan) -> Deny:
    names = ", ".join(sorted(refused))
    permitted = ", ".join(sorted(plan.parameters)) or "none"
    return Deny(
        Code.PARAMETER_NOT_ALLOWED,
        f"The request uses {names}, which no policy permits; permitted: {permitted}.",
        policy=plan.policies[0] if len(plan.policies) == 1 else None,
        param=min(refused),
    )


def _notes(refused: frozenset[str], plan: Plan) -> tuple[Note, ...]:
    return tuple(
        Note(Code.PARAMETER_NOT_ALLOWED, policy, param=name) for policy in plan.observed for name in sorted(refused)
    )
