"""Refuses prompts in which the scan found what a `prompts: - deny:` rule names.

Reads the call's findings; what is found, and where, is the inspector's work.
"""

from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Rule
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.text import Finding
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.ports.control import Guard


class PromptRules:
    """The control for `prompts`."""

    name: Final = "prompt_rules"

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where nothing was found."""
        return _JUDGING if call.findings and call.plan.rules else None


class _Judging:
    """Has no state."""

    __slots__ = ()

    def on_request(self, call: Call) -> Verdict:
        rules = {(rule.policy, rule.name): rule for rule in call.plan.rules}
        notes: dict[tuple[str, str], Note] = {}
        for finding in call.findings:
            rule = rules.get((finding.policy, finding.rule))
            if rule is None:
                continue
            if not rule.observe:
                return _deny(rule, finding)
            note = Note(Code.PROMPT_DENIED, rule.policy, rule.name, finding.path)
            notes.setdefault((rule.policy, rule.name), note)
        if not notes:
            return PROCEED
        return Proceed(msgspec.structs.replace(call, notes=call.notes + tuple(notes.values())))

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not judged."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


_JUDGING: Final = _Judging()


def _deny(rule: Rule, finding: Finding) -> Deny:
    return Deny(Code.PROMPT_DENIED, rule.message, policy=rule.policy, rule=rule.name, param=finding.path)
