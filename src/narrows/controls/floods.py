"""Notices prompts of one identity that are nearly the same, many within a time: one question in a thousand forms.

What is compared is what the turn says: the texts of users and tools since the model last spoke, if a user is among
them. So an agent that sends its whole history again, with the result of one more tool, asks nothing new.

Two steps. The sketch is made of the texts alone, wherever they are; counting needs what the identity has sent before,
so only the gate does that. What is refused for another reason was sent, too, so both stand before what refuses.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.inspection.enumeration import PerIdentity
from narrows.inspection.similarity import BINS, Window, sketch
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.text import Role, Text
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.policy import probing
from narrows.policy.probing import ProbingRules
from narrows.ports.control import Guard

MICROSECONDS: Final = 1_000_000

_MODEL: Final = frozenset({Role.ASSISTANT, Role.TOOL_CALL})


class _Still:
    """What neither step has to do."""

    __slots__ = ()

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not compared."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


class Sketch:
    """The step that makes a call's sketch."""

    name: Final = "sketch"

    def __init__(self, rules: ProbingRules) -> None:
        self._rules = rules

    def under(self, plan: Plan) -> "Sketch | None":
        """Nothing to do where nobody asks."""
        return self if self._rules.of(plan).floods else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where nobody asks, or there are no texts."""
        return _SKETCHING if call.asked.texts and self._rules.of(call.plan).floods else None


class _Sketching(_Still):
    __slots__ = ()

    def on_request(self, call: Call) -> Verdict:
        made = sketch(turn(call.asked.texts))
        return Proceed(msgspec.structs.replace(call, sketch=made.to_bytes(BINS, "little"))) if made else PROCEED


_SKETCHING: Final = _Sketching()


def turn(texts: Sequence[Text]) -> str:
    """What is said since the model last spoke; empty where no user is among those who say it."""
    said: list[Text] = []
    for text in reversed(texts):
        if text.role in _MODEL:
            break
        if text.role is Role.USER or text.role is Role.TOOL_RESULT:
            said.append(text)
    if not any(text.role is Role.USER for text in said):
        return ""
    return "\n".join(text.value for text in reversed(said))


class Floods:
    """The step that counts. `prompts` outlives it."""

    name: Final = "floods"

    def __init__(self, rules: ProbingRules, prompts: PerIdentity[str, Window]) -> None:
        self._rules = rules
        self._prompts = prompts

    def under(self, plan: Plan) -> "Floods | None":
        """Nothing to do where nobody asks."""
        return self if self._rules.of(plan).floods else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do for a call that asks nothing new."""
        rules = self._rules.of(call.plan).floods if call.sketch else ()
        return _Counting(rules, self._prompts) if rules else None


class _Counting(_Still):
    __slots__ = ("_prompts", "_rules")

    def __init__(self, rules: Sequence[probing.Floods], prompts: PerIdentity[str, Window]) -> None:
        self._rules = rules
        self._prompts = prompts

    def on_request(self, call: Call) -> Verdict:
        window, now = self._prompts.of(call.principal.key), call.at / MICROSECONDS
        made = int.from_bytes(call.sketch, "little")
        window.add(made, now)
        refusal: Deny | None = None
        notes: tuple[Note, ...] = ()
        for rule in self._rules:
            times = window.alike(made, now, rule.seconds, rule.similar)
            if len(times) < rule.calls:
                continue
            if rule.stops:
                refusal = refusal or _deny(rule, times, now)
            else:
                notes += (rule.note(Code.PROBING_SUSPECTED),)
        if refusal is not None:
            return refusal
        return Proceed(msgspec.structs.replace(call, notes=call.notes + notes)) if notes else PROCEED


def _deny(rule: probing.Floods, times: Sequence[float], now: float) -> Deny:
    message = (
        f"{len(times)} prompts of late were nearly the same; policy {rule.policy} permits fewer than {rule.calls} in "
        f"{rule.seconds:g} seconds."
    )
    wait = int(times[len(times) - rule.calls + 1] + rule.seconds - now) + 1
    return Deny(Code.PROBING_SUSPECTED, message, policy=rule.policy, rule=rule.rule, retry_after=max(1, wait))
