"""What is to be masked, and how: the part of masking that policies choose. Plans share one engine.

A plan is made of rules; each names entities, a threshold, values that are no findings, and a transform. Rules add up:
what any of them selects is masked, with the strictest transform of those that do. The module knows names of entities,
no patterns and no texts.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from narrows.masking.engine import Engine
from narrows.masking.folding import Folder
from narrows.masking.tokens import Tokens
from narrows.model.plan import ROW, Transform

NOBODY: Final = 2.0
"""A floor that no score reaches."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One `mask` entry of a policy."""

    entities: frozenset[str] | None
    """Names of entities; None: all, but for what only rules on replies look for."""

    transform: Transform = Transform.REDACT
    threshold: float = 0.0
    """The least score of a finding."""

    allow: frozenset[str] = frozenset()
    """Values that are no findings, whatever their case."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules that apply to one field of a call."""

    rules: tuple[Rule, ...]
    key: bytes = field(default=b"", repr=False)
    """For `hash`: 16 to 64 bytes."""

    def __post_init__(self) -> None:
        if any(rule.transform is Transform.HASH for rule in self.rules) and not 16 <= len(self.key) <= 64:
            raise ValueError("a plan that hashes needs a key of 16 to 64 bytes")


EVERYTHING: Final = Plan((Rule(None),))


class Chosen:
    """A plan applied to an engine: which sources it asks, and what becomes of their hits. Immutable."""

    __slots__ = ("_rules", "empty", "key", "selection", "simple", "tokenizes", "tokens")

    def __init__(self, engine: Engine, plan: Plan) -> None:
        """Raises ValueError for an entity that the engine does not know."""
        for rule in plan.rules:
            unknown = sorted((rule.entities or frozenset()) - engine.entities)
            if unknown:
                raise ValueError(f"no detector finds {', '.join(unknown)}")
        folded = [_Applied.of(rule, engine.folder) for rule in plan.rules]
        self._rules: Sequence[tuple[_Applied, ...]] = tuple(
            tuple(rule for rule in folded if rule.covers(source.entity)) for source in engine.sources
        )
        self.key = plan.key
        self.tokens: Tokens | None = None
        self.tokenizes = any(rule.transform is Transform.TOKEN for rule in plan.rules)
        self.selection = engine.select(
            floors=tuple(min((rule.threshold for rule in rules), default=NOBODY) for rules in self._rules),
            allowed=tuple(_shared(rules) for rules in self._rules),
        )
        self.empty = all(floor >= NOBODY for floor in self.selection.floors)
        self.simple = len(plan.rules) == 1
        """Whether a hit needs no look at its rules: there is one, and the engine has applied it."""

    def keyed(self, tokens: Tokens) -> "Chosen":
        """The same for one call, which makes tokens of its own."""
        keyed = copy.copy(self)
        keyed.tokens = tokens
        return keyed

    def transform(self, rank: int, score: float, value: str) -> Transform | None:
        """The strictest one that a rule wants for a hit; None if no rule wants it."""
        rules = self._rules[rank]
        if self.simple:
            return rules[0].transform
        key = value.casefold()
        return max(
            (rule.transform for rule in rules if score >= rule.threshold and key not in rule.allow), default=None
        )


@dataclass(frozen=True, slots=True)
class _Applied:
    """A rule with its values folded."""

    entities: frozenset[str] | None
    transform: Transform
    threshold: float
    allow: frozenset[str]

    @classmethod
    def of(cls, rule: Rule, folder: Folder) -> "_Applied":
        allow = frozenset(folder.plain(value).casefold() for value in rule.allow)
        return cls(rule.entities, rule.transform, rule.threshold, allow)

    def covers(self, entity: str) -> bool:
        return not entity.startswith(ROW) if self.entities is None else entity in self.entities


def _shared(rules: Iterable[_Applied]) -> frozenset[str]:
    """The values that every rule allows."""
    values: frozenset[str] | None = None
    for rule in rules:
        values = rule.allow if values is None else values & rule.allow
    return values or frozenset()
