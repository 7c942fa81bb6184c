"""Has classifiers say of the texts of a request what prompt rules ask by `labels`.

Only of texts in which such a rule looks: of its roles, and what is new unless it looks at history. What they say goes
on with the call, by text; the scan takes it from there. A text that a classifier fails on refuses the call, unless only
rules ask that refuse nothing, or the classifier need not answer. It must not know processes or a wire format.
"""

import functools
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Plan, Rule
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.policy.labels import Given, Need, needs, recalled
from narrows.policy.recent import Recent
from narrows.ports.classifier import Classification
from narrows.ports.control import Guard, Wait
from narrows.ports.plugin import PluginFailed

PLANS: Final = 512
"""Plans of which it is known what they ask for."""

GRACE: Final = 5.0
"""Seconds over all timeouts of the classifiers after which an answer is not waited for, whatever they do."""

LONGEST: Final = 1_000_000
"""Characters of the longest text that is classified."""


class _Asked(msgspec.Struct, frozen=True):
    """What one plan asks for, and the rules that do."""

    plan: Plan
    needs: tuple[Need, ...]
    rules: tuple[Rule, ...]


class Classify:
    """The control for labels."""

    name: Final = "classify"

    def __init__(self, classifications: Sequence[Classification]) -> None:
        self._classifications = tuple(classifications)
        self._known: Recent[int, _Asked] = Recent(PLANS)

    def under(self, plan: Plan) -> "Classify | None":
        """Nothing to do where no rule names a label."""
        return self if plan.rules and self._of(plan).needs else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no rule names a label, and in calls that the gate makes to classify a text: they would
        never end."""
        if not call.plan.rules or not call.asked.texts or call.credential.kind == "gate":
            return None
        asked = self._of(call.plan)
        return _Classifying(asked) if asked.needs else None

    def _of(self, plan: Plan) -> _Asked:
        known = self._known.get(id(plan))
        if known is None or known.plan is not plan:
            rules = tuple(rule for rule in plan.rules if rule.labels)
            known = _Asked(plan, needs(self._classifications, rules), rules)
            self._known.put(id(plan), known)
        return known


class _Classifying:
    """One call."""

    __slots__ = ("_asked",)

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        for need in asked.needs:
            need.classification.enter()

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        texts = _texts(self._asked.rules, call)
        if not texts:
            return PROCEED
        if any(len(text) > LONGEST for text in texts):
            return Deny(
                Code.PROMPT_TOO_LONG,
                f"a text of the prompt has more than {LONGEST:,} characters, so it can't be classified",
            )
        given: Given = dict(call.labels)
        if recalled(self._asked.needs, texts, given):
            return Proceed(msgspec.structs.replace(call, labels=given))
        patience = sum(need.classification.timeout for need in self._asked.needs) + GRACE
        return Wait(functools.partial(self._request, call, texts), patience)

    async def _request(self, call: Call, texts: Sequence[str]) -> Verdict:
        given: Given = dict(call.labels)
        notes = list(call.notes)
        for need in self._asked.needs:
            try:
                answers = await need.classification.classify(texts)
            except PluginFailed as failed:
                if need.strict:
                    return _unavailable(need, failed)
                notes.append(Note(Code.CONTROL_FAILED, need.policy, need.rule))
                continue
            for text, labels in zip(texts, answers, strict=True):
                given[text] = given.get(text, ()) + labels
        return Proceed(msgspec.structs.replace(call, labels=given, notes=tuple(notes)))

    def on_event(self, event: Event) -> Deny | None:
        """Replies are classified by a control of their own."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:  # noqa: ARG002 - however it ended
        for need in self._asked.needs:
            need.classification.leave()


def _texts(rules: Sequence[Rule], call: Call) -> tuple[str, ...]:
    """The texts of a request in which a rule looks for labels, each once; without those that have them already."""
    known = call.known
    return tuple(
        dict.fromkeys(
            text.value
            for index, text in enumerate(call.asked.texts)
            if not text.number
            and text.value not in call.labels
            and text.value.strip()
            and any(
                (not rule.roles or text.role in rule.roles) and (rule.history or index not in known) for rule in rules
            )
        )
    )


def _unavailable(need: Need, failed: PluginFailed) -> Deny:
    message = f"prompts can't be judged: the classifier {need.classification.name!r} {failed}"
    return Deny(Code.CONTROL_FAILED, message, policy=need.policy, rule=need.rule)
