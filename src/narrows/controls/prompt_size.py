"""Refuses prompts that are estimated to be longer than `limits.prompt_tokens` of any policy that applies."""

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

RULE: Final = "limits.prompt_tokens"


class PromptSize:
    """The control for `limits.prompt_tokens`."""

    name: Final = "prompt_size"

    def under(self, plan: Plan) -> "_Within | None":
        """Only the tightest limit says whether there is something to do."""
        return _Within(min(limit.value for limit in plan.prompt_tokens)) if plan.prompt_tokens else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where the prompt is within every limit."""
        size = call.prompt_tokens
        for limit in call.plan.prompt_tokens:
            if size > limit.value:
                return _JUDGING
        return None


class _Within:
    """The control under one plan."""

    __slots__ = ("_least",)

    name: Final = PromptSize.name

    def __init__(self, least: int) -> None:
        self._least = least

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where the prompt is within every limit."""
        return _JUDGING if call.prompt_tokens > self._least else None


class _Judging:
    """Has no state."""

    __slots__ = ()

    def on_request(self, call: Call) -> Verdict:
        size = call.prompt_tokens
        passed = [limit for limit in call.plan.prompt_tokens if size > limit.value]
        enforced = [limit for limit in passed if not limit.observe]
        if enforced:
            limit = min(enforced, key=lambda limit: limit.value)
            message = (
                f"The prompt is estimated at {size} tokens; policy {limit.policy} permits {limit.value}. "
                "Shorten it, or send less of the conversation."
            )
            return Deny(Code.PROMPT_TOO_LONG, message, policy=limit.policy, rule=RULE)
        if not passed:
            return PROCEED
        notes = tuple(Note(Code.PROMPT_TOO_LONG, limit.policy, RULE) for limit in passed)
        return Proceed(msgspec.structs.replace(call, notes=call.notes + notes))

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not judged."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


_JUDGING: Final = _Judging()
