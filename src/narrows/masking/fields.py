"""Fields that are masked because of where they stand, whatever they hold.

A rule is a JSON path (`$.customer.ssn`, `$.items[*].account_no`, `$['odd key'][0]`: the part of RFC 9535 without
filters, slices and `..`) or the name of a member, which holds in any letter case and at any depth (`password`; a name
with odd characters in it is put in quotes: `'user.email'`). What stands below a matching member belongs to it. The
module owns the rules, where one stands in a document, and what is put in a covered value's place.
"""

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from narrows.masking import standins
from narrows.masking.engine import Source
from narrows.masking.findings import HOLD, Finding, stand_in
from narrows.masking.tokens import Tokens
from narrows.model.path import Path, PathRefused, Step, parse, quoted
from narrows.model.plan import Transform

ENTITY: Final = "FIELD"
"""What a value is called that a rule has masked."""

_OWN: Final = frozenset({ENTITY})

LONGEST_NAME: Final = 256
"""Characters of a name in a rule."""

LONGEST_KEY: Final = 4 * LONGEST_NAME
"""Characters of a member's name that can matter: a longer one matches no rule, however its case is folded."""

_NO_BARE_NAME: Final = re.compile(r"[\x00-\x1f.*\[\]$'\"]|\A\s|\s\Z")


class FieldRefused(ValueError):
    """A rule that can't be read. `offset` is the character of the rule at which it fails."""

    def __init__(self, rule: str, offset: int, reason: str) -> None:
        super().__init__(f"field {rule!r}: {reason} at character {offset + 1}")
        self.rule = rule
        self.offset = offset

    @classmethod
    def of(cls, refused: PathRefused) -> "FieldRefused":
        return cls(refused.text, refused.offset, refused.reason)


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One rule as it is written, and what becomes of the values."""

    field: str
    transform: Transform = Transform.REDACT


@dataclass(slots=True)
class _Node:
    """A place in the tree of all paths. Nothing is added once the rules are made."""

    steps: "dict[Step, _Node]" = field(default_factory=dict)
    rule: FieldRule | None = None


class FieldRules:
    """Compiled rules. Immutable."""

    __slots__ = ("_key", "_names", "_root", "_tokens", "tokenizes")

    def __init__(self, rules: Iterable[str | FieldRule], *, key: bytes = b"") -> None:
        """`key`, of 16 to 64 bytes, is needed where a rule hashes. Raises FieldRefused, ValueError for the key."""
        self._key = key
        self._tokens: Tokens | None = None
        self.tokenizes = False
        self._root = _Node()
        self._names: dict[str, FieldRule] = {}
        for given in rules:
            rule = FieldRule(given) if isinstance(given, str) else given
            self.tokenizes = self.tokenizes or rule.transform is Transform.TOKEN
            if rule.transform is Transform.HASH and not 16 <= len(key) <= 64:
                raise ValueError("fields that are hashed need a key of 16 to 64 bytes")
            if not rule.field.startswith("$"):
                name = _bare_name(rule.field).casefold()
                self._names[name] = _stricter(self._names.get(name), rule)
                continue
            node = self._root
            for step in _rule_path(rule.field):
                node = node.steps.setdefault(step, _Node())
            node.rule = _stricter(node.rule, rule)

    def keyed(self, tokens: Tokens) -> "FieldRules":
        """The same for one call, which makes tokens of its own. Else what would be a token is redacted."""
        keyed = copy.copy(self)
        keyed._tokens = tokens
        return keyed

    def __bool__(self) -> bool:
        return bool(self._names or self._root.steps)

    def place(self) -> "Place":
        """At the root of a document."""
        return Place(self._root, self._names)

    def rule(self, path: str) -> FieldRule | None:
        """The rule that covers a path without wildcards: the strictest where there are several. Raises PathRefused."""
        place = self.place()
        for step in parse(path):
            place.down(step)
        return place.rule

    def matches(self, path: str) -> bool:
        """Whether some rule covers the path. Raises PathRefused."""
        return self.rule(path) is not None

    def stream(self, rule: FieldRule) -> "FieldStream":
        """Masks one value that a rule covers."""
        return FieldStream(rule, self._key, self._tokens)


class Place:
    """Where one stands in a document that is walked through."""

    __slots__ = ("_above", "_names", "_nodes", "rule")

    rule: FieldRule | None
    """The rule that covers this place; the strictest where there are several."""

    def __init__(self, root: _Node, names: dict[str, FieldRule]) -> None:
        self._names = names
        self._nodes: tuple[_Node, ...] = (root,)
        self.rule = None
        self._above: list[tuple[tuple[_Node, ...], FieldRule | None]] = []

    def down(self, step: Step) -> None:
        """To a member or an element."""
        self._above.append((self._nodes, self.rule))
        found = [node.steps.get(way) for node in self._nodes for way in (step, None)]
        self._nodes = tuple(node for node in found if node is not None)
        for node in self._nodes:
            if node.rule is not None:
                self.rule = _stricter(self.rule, node.rule)
        if isinstance(step, str) and self._names and len(step) <= LONGEST_KEY:
            named = self._names.get(step.casefold())
            if named is not None:
                self.rule = _stricter(self.rule, named)

    def up(self) -> None:
        """Back to what holds it."""
        self._nodes, self.rule = self._above.pop()


class FieldStream:
    """One covered value, in the shape of a `MaskStream`: it is one finding. An empty one is none, nor is what the same
    rule has masked already."""

    __slots__ = ("_held", "_key", "_most", "_rule", "_size", "_tokens", "findings")

    def __init__(self, rule: FieldRule, key: bytes, tokens: Tokens | None = None) -> None:
        self._rule = rule
        self._key = key
        self._tokens = tokens
        self._held = ""
        self._size = 0
        whole = rule.transform in (Transform.PARTIAL, Transform.HASH, Transform.TOKEN)
        self._most = HOLD if whole else standins.LONGEST
        self.findings: list[Finding] = []

    def feed(self, delta: str) -> str:
        """Nothing, as a rule; the stand-in as soon as the value is too long for anything else."""
        self._size += len(delta)
        if self.findings:
            self._note(self.findings.pop().transform)
            return ""
        self._held += delta
        if self._size <= self._most:
            return ""
        self._held = ""
        return self._mask(max(self._rule.transform, Transform.REDACT))

    def finish(self, delta: str = "") -> str:
        masked = self.feed(delta)
        if self.findings or not self._held or self._is_masked():
            return masked + self._held
        return self._mask(self._rule.transform)

    def _mask(self, transform: Transform) -> str:
        self._note(transform)
        source = Source(self._rule.field, ENTITY)
        return stand_in(source, transform, self._held, self._key, self._held, self._tokens)

    def _note(self, transform: Transform) -> None:
        self.findings.append(Finding(0, self._size, ENTITY, self._rule.field, 1.0, transform))

    def _is_masked(self) -> bool:
        value, transform = self._held, self._rule.transform
        if standins.find(value, _OWN) != [(0, len(value))]:
            return False
        if value == standins.redacted(ENTITY) or standins.is_token(value):
            return True
        return transform is (Transform.PARTIAL if value.startswith(standins.STARS) else Transform.HASH)


def _rule_path(text: str) -> Path:
    try:
        steps = parse(text)
    except PathRefused as refused:
        raise FieldRefused.of(refused) from None
    if not steps:
        raise FieldRefused(text, len(text), "names the whole document; expected a member")
    if any(isinstance(step, str) and len(step) > LONGEST_NAME for step in steps):
        raise FieldRefused(text, 0, f"has a name of more than {LONGEST_NAME} characters")
    return steps


def _bare_name(text: str) -> str:
    try:
        given = quoted(text)
    except PathRefused as refused:
        raise FieldRefused.of(refused) from None
    name = text if given is None else given
    if not name:
        raise FieldRefused(text, 0, "expected a name or a path")
    if len(name) > LONGEST_NAME:
        raise FieldRefused(text, 0, f"has a name of more than {LONGEST_NAME} characters")
    odd = _NO_BARE_NAME.search(text) if given is None else None
    if odd is not None:
        hint = f"a path begins with $, and a name with {odd.group()!r} in it is put in quotes"
        raise FieldRefused(text, odd.start(), f"is neither a name nor a path ({hint})")
    return name


def _stricter(first: FieldRule | None, second: FieldRule) -> FieldRule:
    return second if first is None or second.transform > first.transform else first
