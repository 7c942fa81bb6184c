"""The one scan of a call's texts: what the plan's prompt rules find, and where. Judges nothing.

The texts, joined, are looked through for the few words that every match must hold (`needles`), and if one of them is
there, or the rules name none, passed once through an automaton of all rules together. Only if something matches is each
text passed by itself, which says *which* rules match, and only those are then searched for their place.

A model reads the parts of one content as one text, so they are scanned singly and joined: a prompt cut in two is still
that prompt.
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

NEEDLES: Final = 16
"""Words that are looked for one by one; more would take longer than the automaton."""

_PART: Final = "].text"
"""How the path of a content's text part ends."""


class Scanner:
    """The rules of one plan, ready to scan."""

    __slots__ = ("_apart", "_batches", "_needles")

    def __init__(self, rules: Sequence[Rule]) -> None:
        together = [(rule, rule.matcher) for rule in rules if isinstance(rule.matcher, Pattern)]
        self._apart = tuple(rule for rule in rules if not isinstance(rule.matcher, Pattern))
        self._batches = tuple(
            (tuple(rule for rule, _ in batch), PatternSet(tuple(pattern for _, pattern in batch)))
            for batch in (together[at : at + TOGETHER] for at in range(0, len(together), TOGETHER))
        )
        self._needles = None if self._apart else _needles([pattern for _, pattern in together])

    def scan(self, texts: Sequence[Text]) -> tuple[Finding, ...]:
        """The leftmost match of every rule in every text of its roles."""
        findings: list[Finding] = []
        texts = [*texts, *_contents(texts)]
        together = "\n".join([text.value for text in texts])
        if self._needles is not None and together.isascii():
            # Most calls end here.
            lowered = together.lower()
            for needle in self._needles:
                if needle in lowered:
                    break
            else:
                return ()
        joined: bytes | None = None
        for rules, patterns in self._batches:
            if patterns.joinable:
                # Where the texts joined hold no match, none of them does.
                if joined is None:
                    joined = encode(together)
                if not patterns.occurs(joined):
                    continue
            for text in texts:
                for index in patterns.hits(encode(text.value)):
                    self._look(rules[index], text, findings)
        for rule in self._apart:
            for text in texts:
                self._look(rule, text, findings)
        return tuple(findings)

    def _look(self, rule: Rule, text: Text, findings: list[Finding]) -> None:
        if rule.roles and text.role not in rule.roles:
            return
        span = rule.matcher.find(text.value)
        if span is not None:
            findings.append(Finding(rule.name, rule.policy, text.path, *span))


def _contents(texts: Sequence[Text]) -> list[Text]:
    """Contents of several text parts, each as one text; its path is that of the list."""
    found: list[Text] = []
    pieces = [text for text in texts if text.path.endswith(_PART)]
    if len(pieces) < 2:
        return found
    parts: list[str] = []
    place, role = "", None
    for text in pieces:
        here = text.path[: text.path.rindex("[")]
        if here != place or text.role is not role:
            if len(parts) > 1 and role is not None:
                found.append(Text(role, place, "".join(parts)))
            place, role, parts = here, text.role, []
        parts.append(text.value)
    if len(parts) > 1 and role is not None:
        found.append(Text(role, place, "".join(parts)))
    return found


def _needles(patterns: Sequence[Pattern]) -> tuple[str, ...] | None:
    """Words of which every match of any of the patterns holds one; None where one has none, or they are too many."""
    found: set[str] = set()
    for pattern in patterns:
        if pattern.needles is None:
            return None
        found |= pattern.needles
    return tuple(found) if len(found) <= NEEDLES else None


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
        return known[1].scan(texts)
