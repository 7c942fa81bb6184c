"""Which classifiers the rules of a plan ask for labels, and what is done where one of them fails.

Rules on prompts and rules on replies alike. It asks nobody itself.
"""

from collections.abc import Iterable, Sequence

import msgspec

from narrows.config.globs import Glob
from narrows.model.plan import Action, ReplyRule, Rule
from narrows.ports.classifier import Classification

Given = dict[str, tuple[str, ...]]
"""The labels of texts."""


class Need(msgspec.Struct, frozen=True):
    """A classifier that rules of a plan ask. `strict`: a call is refused where it fails; else `policy` is noted."""

    classification: Classification
    strict: bool
    policy: str

    @property
    def rule(self) -> str:
        """What records name where it fails."""
        return f"classifier.{self.classification.name}"


def needs(classifications: Iterable[Classification], rules: Sequence[Rule | ReplyRule]) -> tuple[Need, ...]:
    """Those that give a label that one of the rules names."""
    found = []
    for classification in classifications:
        asking = [rule for rule in rules if covers(rule, classification.labels)]
        if asking:
            enforced = [rule for rule in asking if not rule.observe and rule.action is not Action.FLAG]
            strict = bool(enforced) and classification.required
            found.append(Need(classification, strict, (enforced or asking)[0].policy))
    return tuple(found)


def covers(rule: Rule | ReplyRule, labels: Iterable[str]) -> bool:
    """Whether a rule names one of these labels."""
    return any(Glob(named).matches(label) for label in labels for named in rule.labels)


def recalled(asked: Iterable[Need], texts: Iterable[str], given: Given) -> bool:
    """Whether it is known of all texts what all of them say; it is then in `given`."""
    for text in texts:
        labels: tuple[str, ...] = ()
        for need in asked:
            known = need.classification.recall(text)
            if known is None:
                return False
            labels += known
        given[text] = labels
    return True
