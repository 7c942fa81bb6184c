"""The one scan of a call's texts: what the plan's prompt rules find, and where. Judges nothing.

Every text is passed once through an automaton of all rules together, which says *which* rules match; only those are
then searched for their place. Clean texts, the common case, cost that one pass.
"""

from collections.abc import Sequence
from typing import Final

from narrows.model.plan import Plan, Rule
from narrows.model.text import Finding, Text
from narrows.policy.patterns import Pattern, PatternSet, encode
from narrows.policy.recent import Recent

SCANNERS: Final = 1_024
TOGETHER: Final = 64
"""Rules in one automaton; more would make it large, and slow on new text."""


class Scanner:
    """The rules of one plan, ready to scan."""

    __slots__ = ("_apart", "_batches")

    def __init__(self, rules: Sequence[Rule]) -> None:
        together = [(rule, rule.matcher) for rule in rules if isinstance(rule.matcher, Pattern)]
        self._apart = tuple(rule for rule in rules if not isinstance(rule.matcher, Pattern))
        self._batches = tuple(
            (tuple(rule for rule, _ in batch), PatternSet(tuple(pattern for _, pattern in batch)))
            for batch in (together[at : at + TOGETHER] for at in range(0, len(together), TOGETHER))
        )

    def scan(self, text: Text, findings: list[Finding]) -> None:
        """Adds the leftmost match of every rule that reads texts of this role."""
        data = encode(text.value)
        for rules, patterns in self._batches:
            for index in patterns.hits(data):
                self._look(rules[index], text, findings)
        for rule in self._apart:
            self._look(rule, text, findings)

    def _look(self, rule: Rule, text: Text, findings: list[Finding]) -> None:
        if rule.roles and text.role not in rule.roles:
            return
        span = rule.matcher.find(text.value)
        if span is not None:
            findings.append(Finding(rule.name, rule.policy, text.path, *span))


class RuleInspector:
    """The `Inspector` for prompt rules. Keeps the scanners of recent plans."""

    __slots__ = ("_scanners",)

    def __init__(self) -> None:
        self._scanners: Recent[int, tuple[Plan, Scanner]] = Recent(SCANNERS)

    def inspect(self, texts: Sequence[Text], plan: Plan) -> tuple[Finding, ...]:
        """What the plan's rules find: at most one finding a rule and text."""
        if not plan.rules:
            return ()
        known = self._scanners.get(id(plan))
        if known is None or known[0] is not plan:
            known = (plan, Scanner(plan.rules))
            self._scanners.put(id(plan), known)
        scan = known[1].scan
        findings: list[Finding] = []
        for text in texts:
            scan(text, findings)
        return tuple(findings)
