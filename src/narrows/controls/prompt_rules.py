"""Judges prompts by what the scan found of the rules under `prompts`.

The order: what an enforced `deny` rule finds refuses the call; then what no `allow` rule of a policy that has some
covers; what `flag` rules find is recorded, and so are texts that could not all be read, and what rules that
only observe would refuse. What `approve` rules find is for people to judge, and not for this step. It reads the call's
findings; what is found, and where, is the inspector's work.
"""

from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Action, Plan, Rule
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.text import Finding
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.policy.inspect import UNREAD
from narrows.ports.control import Guard

_CODES: Final = {
    Action.DENY: Code.PROMPT_DENIED,
    Action.FLAG: Code.PROMPT_DENIED,
    Action.ALLOW: Code.PROMPT_NOT_ALLOWED,
    Action.APPROVE: Code.APPROVAL_PENDING,
}


class PromptRules:
    """The control for `prompts`."""

    name: Final = "prompt_rules"

    def under(self, plan: Plan) -> "PromptRules | None":
        """Nothing to do where there are no rules."""
        return self if plan.rules else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where nothing was found."""
        return _JUDGING if call.findings and call.plan.rules else None


class _Judging:
    """Has no state."""

    __slots__ = ()

    def on_request(self, call: Call) -> Verdict:
        rules = {(rule.policy, rule.name): rule for rule in call.plan.rules}
        refused: dict[Action, Deny] = {}
        notes: dict[tuple[str, str], Note] = {}
        for finding in call.findings:
            rule = rules.get((finding.policy, finding.rule))
            if rule is None:
                if finding.rule == UNREAD:
                    note = Note(Code.PROMPT_DENIED, finding.policy, UNREAD, finding.path, flagged=True)
                    notes.setdefault((finding.policy, UNREAD), note)
                continue
            if rule.action is Action.APPROVE and not rule.observe:
                continue  # a person decides, at another step
            if rule.action is not Action.FLAG and not rule.observe:
                refused.setdefault(rule.action, _deny(rule, finding))
                continue
            flagged = rule.action is Action.FLAG
            note = Note(_CODES[rule.action], rule.policy, rule.name, finding.path, flagged)
            notes.setdefault((rule.policy, rule.name), note)
        deny = refused.get(Action.DENY) or refused.get(Action.ALLOW)
        if deny is not None:
            return deny
        if not notes:
            return PROCEED
        return Proceed(msgspec.structs.replace(call, notes=call.notes + tuple(notes.values())))

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not judged here."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


_JUDGING: Final = _Judging()


def _deny(rule: Rule, finding: Finding) -> Deny:
    hidden = f" It was found decoded from {finding.view}." if finding.view else ""
    return Deny(_CODES[rule.action], rule.message + hidden, policy=rule.policy, rule=rule.name, param=finding.path)
