"""The one scan of a call's texts, as a step of the chain: later controls read its findings."""

from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Proceed, Verdict
from narrows.ports.control import Guard
from narrows.ports.inspector import Inspector


class Scan:
    """A control without an opinion: it only looks."""

    name: Final = "scan"

    def __init__(self, inspector: Inspector) -> None:
        self._scanning = _Scanning(inspector)

    def under(self, plan: Plan) -> "Scan | None":
        """Nothing to do where no rule reads prompts."""
        return self if plan.rules else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no rule reads prompts, or there are none."""
        return self._scanning if call.plan.rules and call.asked.texts else None


class _Scanning:
    """Has no state of a call."""

    __slots__ = ("_inspector",)

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector

    def on_request(self, call: Call) -> Verdict:
        findings = self._inspector.inspect(call)
        return Proceed(msgspec.structs.replace(call, findings=findings)) if findings else PROCEED

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not scanned by this step."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""
